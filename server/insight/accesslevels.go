package insight

import (
	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

var accessLevels = []api.Route{
	api.GET("AccessLevels", readsAccounts, "Returns a list of access levels for permissions, for example, None, Read, and Read/Write.", listAccessLevels),
}

type accessLevel struct {
	AccessLevelID authz.Level `example:"3"`                                       // ID of the access level.
	Name          string      `example:"Read/Write" enums:"None,Read,Read/Write"` // Name of the access level: None, Read or Read/Write.
}

func listAccessLevels(*store.Tx, api.None) ([]accessLevel, error) {
	var list []accessLevel
	for _, l := range authz.Levels() {
		list = append(list, accessLevel{l, l.String()})
	}
	return list, nil
}
