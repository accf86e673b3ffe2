package insight

import (
	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// platforms are not in the document; clients look up PlatformIDs here.
var platforms = []api.Route{
	api.GET("Platforms", authz.Anyone, "Returns a list of platforms.", listPlatforms),
	api.GET("Platforms/{id}", authz.Anyone, "Returns a platform by ID.", platformByID),
}

func listPlatforms(tx *store.Tx, _ api.None) ([]*store.Platform, error) {
	return record.Collect(store.Platforms.All(tx))
}

func platformByID(tx *store.Tx, in byID) (*store.Platform, error) {
	return store.Platforms.Get(tx, in.ID)
}
