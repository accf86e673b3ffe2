package insight

import (
	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

var permissions = []api.Route{
	api.GET("Permissions", readsAccounts, "Returns a list of permissions.", listPermissions),
}

type permission struct {
	PermissionID authz.Permission
	Name         string // The words by which rows and messages name the permission.
}

func listPermissions(*store.Tx, api.None) ([]permission, error) {
	var list []permission
	for _, p := range authz.Permissions() {
		list = append(list, permission{p, p.String()})
	}
	return list, nil
}
