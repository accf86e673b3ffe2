// Package nexpose reads the reports of Nexpose and InsightVM.
package nexpose

import (
	"cmp"
	"strings"

	"github.com/musterhq/muster/plugins"
)

const importType = "NEXPOSE"

// Importer is the import type NEXPOSE.
var Importer = plugins.Importer{Type: importType, Extensions: []string{".xml", ".csv"}, Import: documents.Or(Report.Import)}

// names are the names of an asset: the first with a dot and the first without.
type names struct{ dns, asset string }

func (n *names) add(name string) {
	switch name = plugins.AssetName(name); {
	case strings.Contains(name, "."):
		n.dns = cmp.Or(n.dns, name)
	default:
		n.asset = cmp.Or(n.asset, name)
	}
}
