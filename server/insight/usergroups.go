package insight

import (
	"context"
	"iter"
	"net/http"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// membershipMembers are the members of a user group that the headings print beside a user.
const membershipMembers = "GroupID Name DistinguishedName GroupType AccountAttribute MembershipAttribute IsActive"

func userGroups(s Services) []api.Route {
	return []api.Route{
		api.GET("UserGroups/{name}", readsAccounts, "Returns a user group by name.", userGroupByPathName).Deprecated().
			Prints(membershipMembers),
		api.DELETE("UserGroups/{name}", writesAccounts, "Deletes a user group by name.", deleteUserGroupByPathName).Deprecated(),
		api.GET("UserGroups", readsAccounts, "Returns a list of active and inactive user groups.", listUserGroups),
		api.GET("UserGroups/{id}", readsAccounts, "Returns a user group by ID.", userGroupByID).ManualList(),
		api.GET("UserGroups?name", readsAccounts, "Returns a user group by name.", userGroupByName).ManualList().
			Prints("GroupID Name DistinguishedName GroupType AccountAttribute ApplicationRegistrationIDs MembershipAttribute IsActive"),
		api.Do(http.MethodPost, "UserGroups", writesAccounts, "Creates a new user group with permissions, and, optionally, Smart Rule access and application registration IDs.", s.createUserGroup).
			Answers(http.StatusCreated).ManualList().
			Prints("GroupID Name DistinguishedName Description GroupType AccountAttribute MembershipAttribute IsActive"),
		api.DELETE("UserGroups/{id}", writesAccounts, "Deletes a user group by ID.", deleteUserGroup),
		api.DELETE("UserGroups?name", writesAccounts, "Deletes a user group by name.", deleteUserGroupByName),
	}
}

// userGroup is a user group as the document shows one.
type userGroup struct {
	GroupID                    int        `example:"2"`                                                                         // ID of the user group.
	Name                       string     `example:"Asset Operators"`                                                           // Name of the user group.
	DistinguishedName          store.Text `example:"cn=operators,ou=groups,dc=lab,dc=example"`                                  // Distinguished name of a group of a directory.
	Description                store.Text `example:"They keep the inventory of both companies"`                                 // Description of the user group.
	GroupType                  string     `example:"BeyondInsight" enums:"BeyondInsight,EntraId,ActiveDirectory,LdapDirectory"` // Type of the user group: BeyondInsight, EntraId, ActiveDirectory or LdapDirectory.
	AccountAttribute           store.Text `example:"uid"`                                                                       // Account naming attribute of a group of an LDAP directory.
	ApplicationRegistrationIDs string     `example:"1,3"`                                                                       // IDs of the API registrations that the group may use, between commas.
	MembershipAttribute        store.Text `example:"member"`                                                                    // Membership attribute of a group of an LDAP directory.
	IsActive                   bool       `example:"true"`                                                                      // Whether the group gives its members anything.
}

func showGroup(tx *store.Tx, g *store.UserGroup) (*userGroup, error) {
	registrations, err := store.RegistrationIDs(tx, g.GroupID)
	return &userGroup{
		GroupID: g.GroupID, Name: g.Name, DistinguishedName: g.DistinguishedName, Description: g.Description, GroupType: g.GroupType,
		AccountAttribute: g.AccountAttribute, ApplicationRegistrationIDs: registrations, MembershipAttribute: g.MembershipAttribute,
		IsActive: g.IsActive,
	}, err
}

// shownGroup is showGroup of a group that was looked for.
func shownGroup(tx *store.Tx, g *store.UserGroup, err error) (*userGroup, error) {
	if err != nil {
		return nil, err
	}
	return showGroup(tx, g)
}

type userGroupPathName struct {
	Name string `uri:"name"` // Name of the user group.
}

func userGroupByPathName(tx *store.Tx, in userGroupPathName) (*userGroup, error) {
	g, err := store.UserGroupByName(tx, in.Name)
	return shownGroup(tx, g, err)
}

func deleteUserGroupByPathName(tx *store.Tx, in userGroupPathName) (api.None, error) {
	return deleteGroupNamed(tx, in.Name)
}

func deleteGroupNamed(tx *store.Tx, name string) (api.None, error) {
	g, err := store.UserGroupByName(tx, name)
	if err != nil {
		return api.None{}, err
	}
	return api.None{}, store.DeleteUserGroup(tx, g.GroupID)
}

func listUserGroups(*store.Tx, api.None) (api.Page[userGroup], error) {
	return api.Of[userGroup](api.Paging{}, record.Filtered(func(tx *store.Tx) iter.Seq2[*userGroup, error] {
		return func(yield func(*userGroup, error) bool) {
			for g, err := range store.UserGroups.All(tx) {
				shown, err := shownGroup(tx, g, err)
				if !yield(shown, err) || err != nil {
					return
				}
			}
		}
	}))
}

func userGroupByID(tx *store.Tx, in byID) (*userGroup, error) {
	g, err := store.UserGroups.Get(tx, in.ID)
	return shownGroup(tx, g, err)
}

type userGroupQueryName struct {
	Name string `form:"name" example:"Administrators"` // Name of the user group.
}

func userGroupByName(tx *store.Tx, in userGroupQueryName) (*userGroup, error) {
	g, err := store.UserGroupByName(tx, in.Name)
	return shownGroup(tx, g, err)
}

type newUserGroup struct{ Body userGroupFields }

type userGroupFields struct {
	// Type of the user group: BeyondInsight (default), EntraId, ActiveDirectory or LdapDirectory.
	GroupType string `json:"groupType" kinds:"BeyondInsight,EntraId,ActiveDirectory,LdapDirectory" example:"BeyondInsight" default:"BeyondInsight"`
	// Name of the user group. Max string length is 200.
	GroupName string `json:"groupName" binding:"required,max=200" example:"Example group"`
	// Description of the user group. Max string length is 255. For all but LdapDirectory: required.
	Description store.Text `json:"description" BeyondInsight:"required,max=255" EntraId:"required,max=255" ActiveDirectory:"required,max=255" example:"Made in Swagger UI"`
	// Distinguished name of the LDAP group. Max string length is 500. For LdapDirectory: required.
	GroupDistinguishedName string `json:"groupDistinguishedName" LdapDirectory:"required,max=500" example:"cn=admins,ou=groups,dc=lab,dc=example"`
	// The directory server host name or IP. Max string length is 50. For LdapDirectory: required.
	HostName string `json:"hostName" LdapDirectory:"required,max=50" example:"ldap.lab.example"`
	groupDirectoryFields
	// Directory group membership attribute. Max string length is 255. For LdapDirectory: required.
	MembershipAttribute string `json:"membershipAttribute" LdapDirectory:"required,max=255" example:"member"`
	// Directory account naming attribute. Max string length is 255. For LdapDirectory: required.
	AccountAttribute string `json:"accountAttribute" LdapDirectory:"required,max=255" example:"uid"`
	// Whether the group uses the global group synchronization settings (default: false). For ActiveDirectory.
	ExcludedFromGlobalSync bool `ActiveDirectory:"" example:"false" default:"false"`
	// Whether the group overrides the global group synchronization settings (default: false). For ActiveDirectory.
	OverrideGlobalSyncSettings bool `ActiveDirectory:"" example:"false" default:"false"`
	// True if the group should be created as active (default), otherwise false.
	IsActive *bool `json:"isActive" example:"true" default:"true"`
	// One or more permissions and access levels to set for the new user group.
	Permissions []grantedPermission
	// One or more Smart Rules and access levels to set for the new user group, at most 200.
	SmartRuleAccess []ruleAccess
	// Zero or more IDs representing the API application registrations to grant the new user group, at most 200. If any is given, the group may use the API.
	ApplicationRegistrationIDs []int `example:"1"`
}

type ruleAccess struct {
	SmartRuleID   int         `binding:"required" example:"1"` // ID of the Smart Rule.
	AccessLevelID authz.Level `binding:"required" example:"1"` // Access level: 0 for None, 1 for Read, 3 for Read/Write.
}

// Prepare checks what the tags cannot say.
func (b *userGroupFields) Prepare(context.Context, api.Caller) error {
	if b.GroupType == store.LdapDirectoryType && b.BindUser != "" && b.Port == nil {
		return store.Invalid("port is required when bindUser is given")
	}
	return b.directory().check(b.GroupType)
}

func (b *userGroupFields) endowment() store.GroupGrants {
	e := store.GroupGrants{Permissions: grants(b.Permissions), Registrations: b.ApplicationRegistrationIDs}
	for _, r := range b.SmartRuleAccess {
		e.Rules = append(e.Rules, store.RuleAccess{SmartRuleID: r.SmartRuleID, Level: r.AccessLevelID})
	}
	return e
}

// group is the user group that the body describes.
func (b *userGroupFields) group() *store.UserGroup {
	return &store.UserGroup{
		Name: b.GroupName, Description: b.Description, GroupType: b.GroupType, IsActive: b.IsActive == nil || *b.IsActive,
		AccountAttribute: store.Text(b.AccountAttribute), MembershipAttribute: store.Text(b.MembershipAttribute),
		ExcludedFromGlobalSync: b.ExcludedFromGlobalSync, OverrideGlobalSyncSettings: b.OverrideGlobalSyncSettings,
	}
}

func (s Services) createUserGroup(ctx context.Context, c api.Caller, in newUserGroup) (*userGroup, error) {
	b := in.Body
	if b.GroupType != store.BeyondInsightType {
		return s.createDirectoryGroup(ctx, c, b)
	}
	return api.Update(ctx, c, func(tx *store.Tx) (*userGroup, error) {
		g := b.group()
		err := store.CreateUserGroup(tx, g, b.endowment())
		return shownGroup(tx, g, err)
	})
}

func deleteUserGroup(tx *store.Tx, in byID) (api.None, error) {
	return api.None{}, store.DeleteUserGroup(tx, in.ID)
}

func deleteUserGroupByName(tx *store.Tx, in userGroupQueryName) (api.None, error) {
	return deleteGroupNamed(tx, in.Name)
}
