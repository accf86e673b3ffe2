package insight

import (
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// roles are not in the documents; clients look a role up by its name, and give it.
var roles = []api.Route{
	api.GET("Roles", readsAccounts, "Returns a list of Password Safe roles.", listRoles),
	api.GET("UserGroups/{userGroupId}/SmartRules/{smartRuleId}/Roles", readsAccounts, "Returns a list of roles for the user group and Smart Rule referenced by ID.", rolesOnRule),
	api.DELETE("UserGroups/{userGroupId}/SmartRules/{smartRuleId}/Roles", writesAccounts, "Takes all Password Safe roles from the user group and Smart Rule referenced by ID.", takeRolesOnRule).Beyond(vendorPage),
	api.POST("UserGroups/{userGroupId}/SmartRules/{smartRuleId}/Roles", writesAccounts, "Sets Password Safe roles for the user group and Smart Rule referenced by ID, in place of those that it has.", setRolesOnRule).Answers(204).Named("setUserGroupSmartRuleRoles"),
}

func listRoles(tx *store.Tx, _ api.None) ([]store.Role, error) { return store.Roles(tx) }

type groupAndRule struct {
	ofGroup
	SmartRuleID int `uri:"smartRuleId"` // ID of the Smart Rule.
}

func rolesOnRule(tx *store.Tx, in groupAndRule) ([]store.Role, error) {
	return store.RolesOn(tx, in.GroupID, in.SmartRuleID)
}

func takeRolesOnRule(tx *store.Tx, in groupAndRule) (api.None, error) {
	return api.None{}, store.SetRoles(tx, in.GroupID, in.SmartRuleID, nil, 0)
}

type newRoles struct {
	groupAndRule
	Body rolesFields
}

type rolesFields struct {
	Roles          []roleID `binding:"required"`         // The roles. An empty list takes all away.
	AccessPolicyID int      `example:"5000" prefill:"-"` // ID of an access policy. It is required for a Requestor or Requestor/Approver.
}

type roleID struct {
	RoleID int `binding:"required" example:"5"` // ID of the role.
}

func setRolesOnRule(tx *store.Tx, in newRoles) (api.None, error) {
	var ids []int
	for _, r := range in.Body.Roles {
		ids = append(ids, r.RoleID)
	}
	return api.None{}, store.SetRoles(tx, in.GroupID, in.SmartRuleID, ids, in.Body.AccessPolicyID)
}
