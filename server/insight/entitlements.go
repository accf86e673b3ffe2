package insight

import (
	"iter"
	"strconv"
	"strings"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

var entitlements = []api.Route{
	api.GET("Entitlements", readsReports, "Returns user entitlements.", listEntitlements),
	api.GET("Entitlements?groupIDs", readsReports, "Returns user entitlements for the specified group IDs.", listEntitlementsOfGroups),
}

func listEntitlements(*store.Tx, api.None) (api.WholeList[store.Entitlement], error) {
	return api.Whole[store.Entitlement](store.Filtered(func(tx *store.Tx) iter.Seq2[*store.Entitlement, error] {
		return func(yield func(*store.Entitlement, error) bool) {
			for e, err := range store.Entitlements(tx, nil) {
				if err != nil {
					yield(nil, err)
					return
				}
				if !yield(&e.Entitlement, nil) {
					return
				}
			}
		}
	})), nil
}

type entitlementsOf struct {
	GroupIDs groupIDs `form:"groupIDs"` // Comma separated list of group IDs.
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
	return api.Whole[store.RuleEntitlement](store.Filtered(func(tx *store.Tx) iter.Seq2[*store.RuleEntitlement, error] {
		return store.Entitlements(tx, in.GroupIDs)
	})), nil
}
