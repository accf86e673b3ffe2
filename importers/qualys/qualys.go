// Package qualys reads the reports of Qualys.
package qualys

import (
	"regexp"

	"github.com/musterhq/muster/plugins"
)

const importType = "QUALYSGUARD"

// Importer is the import type QUALYSGUARD.
var Importer = plugins.Importer{Type: importType, Extensions: []string{".xml", ".csv"}, Import: documents.Or(Report.Import)}

// notAlive is the status of a host that did not answer: "down", "host not alive", "host not scanned, host not alive".
var notAlive = regexp.MustCompile(`(?i)^(down|dead)$|\bnot alive\b|\bnot scanned\b`)
