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
	if _, isAddress := plugins.Address(name); isAddress {
		return
	}
	name, _, _ = strings.Cut(plugins.Text(name), ":") // localhost:5000
	if strings.Contains(name, ".") {
		n.dns = cmp.Or(n.dns, name)
	} else {
		n.asset = cmp.Or(n.asset, name)
	}
}
