package insight

import (
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

var operatingSystems = []api.Route{
	api.GET("OperatingSystems", readsAssets, "Returns a list of operating systems.", listOperatingSystems),
}

func listOperatingSystems(tx *store.Tx, _ api.None) ([]*store.OperatingSystem, error) {
	return record.Collect(store.OperatingSystems.All(tx))
}
