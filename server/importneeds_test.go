package server_test

import (
	"testing"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server"
)

// TestImportsNeedWhatRowsNeed compares what the pieces of an import need with the rows that write them.
func TestImportsNeedWhatRowsNeed(t *testing.T) {
	t.Parallel()
	needs := map[string]authz.Need{
		"POST Imports": authz.QueuesImports, "POST Imports/QueueImportFile": authz.QueuesImports,
		"POST Assets/{assetID}/Attributes/{attributeID}": authz.WritesAssetAttributes,
		"POST Assets/{id}/Databases":                     authz.WritesDatabases,
		"PUT Databases/{id}":                             authz.WritesDatabases,
	}
	found := 0
	for _, r := range server.Dialects()[0].Routes {
		need, concerned := needs[r.Method+" "+r.Path]
		if !concerned {
			continue
		}
		if found++; r.Need.String() != need.String() {
			t.Errorf("%s %s needs %v, an import %v", r.Method, r.Path, r.Need, need)
		}
	}
	if found != len(needs) {
		t.Errorf("%d of %d rows were found", found, len(needs))
	}
}
