package insight

import (
	"strconv"
	"strings"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

var entitlements = []api.Route{
	api.GET("Entitlements", readsReports, "Returns user entitlements.", listEntitlements),
	api.GET("Entitlements?groupIDs", readsReports, "Returns user entitlements for the specified group IDs.", listEntitlementsOfGroups).
		Prints("GroupID Name SmartRuleId Title SmartRuleType AccessLevel RoleId RoleName DedicatedAccountPermissionOverride " +
			"DedicatedToAppUserID DedicatedToAppUserName IsAdministratorGroup UserID UserName ManagedAccountId AccountName " +
			"RationalizedSystemName ApplicationName AccessPolicyName"),
}

func listEntitlements(*store.Tx, api.None) (api.WholeList[store.Entitlement], error) {
	return api.Whole[store.Entitlement](store.Entitlements(nil, false)), nil
}

type entitlementsOf struct {
	GroupIDs groupIDs `form:"groupIDs" example:"1,2"` // Comma separated list of group IDs.
}

// groupIDs are ids between commas.
type groupIDs []int

// UnmarshalText takes ids, blanks around them or not.
func (g *groupIDs) UnmarshalText(b []byte) error {
	for part := range strings.SplitSeq(string(b), ",") {
		id, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil {
			return store.Invalid("ids between commas are expected")
		}
		*g = append(*g, id)
	}
	return nil
}

func listEntitlementsOfGroups(tx *store.Tx, in entitlementsOf) (page api.WholeList[store.RuleEntitlement], err error) {
	if in.GroupIDs == nil {
		return page, store.Invalid("groupIDs: ids between commas are expected")
	}
	for _, id := range in.GroupIDs {
		known, err := store.UserGroups.Has(tx, id)
		if err != nil {
			return page, err
		}
		if !known {
			return page, store.Invalid("groupIDs: there is no User Group %d", id)
		}
	}
	return api.Whole[store.RuleEntitlement](store.Entitlements(in.GroupIDs, true)), nil
}
