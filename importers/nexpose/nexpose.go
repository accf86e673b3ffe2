// Package nexpose reads the reports of Nexpose and InsightVM.
package nexpose

import "github.com/musterhq/muster/plugins"

const importType = "NEXPOSE"

// Importer is the import type NEXPOSE.
var Importer = plugins.Importer{Type: importType, Extensions: []string{".xml", ".csv"}, Import: Report.Import}
