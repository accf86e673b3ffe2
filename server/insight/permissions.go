package insight

import (
	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

var permissions = []api.Route{
	api.GET("Permissions", readsAccounts, "Returns a list of permissions.", listPermissions),
	api.GET("UserGroups/{userGroupID}/Permissions", readsAccounts, "Gets all permissions for the user group referenced by ID.", permissionsOfGroup),
	api.POST("UserGroups/{userGroupId}/Permissions", writesAccounts, "Sets permissions for the user group referenced by ID.", setPermissions).Answers(204).Named("setUserGroupPermissions"),
	api.DELETE("UserGroups/{userGroupId}/Permissions", writesAccounts, "Deletes all permissions for the user group referenced by ID.", clearPermissions),
}

type permission struct {
	PermissionID authz.Permission `example:"1"`                // ID of the permission.
	Name         string           `example:"Asset Management"` // Name of the permission, by which operations say what they require.
}

func listPermissions(*store.Tx, api.None) ([]permission, error) {
	var list []permission
	for _, p := range authz.Permissions() {
		list = append(list, permission{p, p.String()})
	}
	return list, nil
}

// grantedPermission is a permission of a user group.
type grantedPermission struct {
	PermissionID  authz.Permission `binding:"required" example:"1"` // ID of the permission.
	AccessLevelID authz.Level      `binding:"required" example:"3"` // Access level: 0 for None, 1 for Read, 3 for Read/Write.
}

func grants(granted []grantedPermission) []authz.Grant {
	all := make([]authz.Grant, len(granted))
	for i, g := range granted {
		all[i] = authz.Grant{Permission: g.PermissionID, Level: g.AccessLevelID}
	}
	return all
}

type inUserGroup struct {
	GroupID int `uri:"userGroupID"` // ID of the user group.
}

func permissionsOfGroup(tx *store.Tx, in inUserGroup) ([]grantedPermission, error) {
	granted, err := store.PermissionsOf(tx, in.GroupID)
	list := make([]grantedPermission, len(granted))
	for i, g := range granted {
		list[i] = grantedPermission{g.Permission, g.Level}
	}
	return list, err
}

type newPermissions struct {
	ofGroup
	Body []grantedPermission // The permissions to set; those that are left out stay as they are.
}

func setPermissions(tx *store.Tx, in newPermissions) (api.None, error) {
	if in.Body == nil {
		return api.None{}, store.Invalid("the body: a list of permissions is required")
	}
	return api.None{}, store.SetPermissions(tx, in.GroupID, grants(in.Body))
}

func clearPermissions(tx *store.Tx, in ofGroup) (api.None, error) {
	return api.None{}, store.ClearPermissions(tx, in.GroupID)
}
