package insight

import (
	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// configuration is not in the documents; clients ask for the version before they begin.
var configuration = []api.Route{
	api.GET("Configuration/Version", authz.Anyone, "Returns the version of BeyondInsight that is stood in for.", version).Named("getVersion"),
}

// productVersion is of the vendor's form and, by its last number, nothing that the vendor released.
const productVersion = "24.3.0.0"

type versionAnswer struct {
	Version string `example:"24.3.0.0"` // The version, four numbers.
}

func version(*store.Tx, api.None) (versionAnswer, error) { return versionAnswer{productVersion}, nil }
