package insight

import (
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// accessPolicies is not in the documents; clients look an access policy up by it.
var accessPolicies = []api.Route{
	api.GET("AccessPolicies", readsAccounts, "Returns a list of access policies.", listAccessPolicies),
}

func listAccessPolicies(tx *store.Tx, _ api.None) ([]*store.AccessPolicy, error) {
	return collect(store.AccessPolicies.All(tx))
}
