// Package builtin lists the import formats that muster brings along. They run as any other does, each in a process of its
// own: the hidden command "muster importer TYPE" serves one.
package builtin

import (
	"github.com/musterhq/muster/importers/mcafee"
	"github.com/musterhq/muster/importers/metasploit"
	"github.com/musterhq/muster/importers/nessus"
	"github.com/musterhq/muster/importers/nessussc"
	"github.com/musterhq/muster/importers/nexpose"
	"github.com/musterhq/muster/importers/passwordsafe"
	"github.com/musterhq/muster/importers/qualys"
	"github.com/musterhq/muster/importers/retina"
	"github.com/musterhq/muster/importers/tripwire"
	"github.com/musterhq/muster/plugins"
)

// Importers returns the built-in formats in alphabetical order of their types.
func Importers() []plugins.Importer {
	return []plugins.Importer{
		mcafee.Importer,
		metasploit.Importer,
		nessus.Importer,
		nessussc.Importer,
		nexpose.Importer,
		passwordsafe.Importer,
		qualys.Importer,
		retina.Importer,
		tripwire.Importer,
	}
}
