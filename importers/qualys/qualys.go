// Package qualys reads the reports of Qualys.
package qualys

import "github.com/musterhq/muster/plugins"

const importType = "QUALYSGUARD"

// Importer is the import type QUALYSGUARD.
var Importer = plugins.Importer{Type: importType, Extensions: []string{".xml", ".csv"}, Import: documents.Or(Report.Import)}
