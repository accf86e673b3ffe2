package insight

import (
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

var operatingSystems = []api.Route{
	api.GET("OperatingSystems", readsAssets, "Returns a list of operating systems.", listOperatingSystems),
}

func listOperatingSystems(tx *store.Tx, _ api.None) ([]*store.OperatingSystem, error) {
	return collect(store.OperatingSystems.All(tx))
}
