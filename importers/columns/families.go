package columns

import (
	"fmt"
	"strings"

	"github.com/musterhq/muster/importers/elements"
	"github.com/musterhq/muster/plugins"
)

// families tell the exports of the scanners apart, which people post under each other's names, by columns that no other has
// together: one of each list. The first that fits is it. One without an import type has no hosts in it.
var families = []struct {
	importType, looksLike string
	columns               [][]string
}{
	{"", "a vulnerability summary of Tenable.sc (SecurityCenter), which counts hosts and names none: export a vulnerability list or a detail list",
		[][]string{{"Plugin"}, {"Host Total"}}},
	{"NESSUSSECCEN", "a list of Tenable.sc (SecurityCenter)", [][]string{{"Plugin"}, {"Plugin Name", "IP Address"}}},
	{"NESSUS", "a Nessus export", [][]string{{"Plugin ID", "definition.id"}, {"Host", "IP Address", "asset.display_ipv4_address", "asset.display_ipv6_address",
		"asset.ipv4_addresses", "asset.ipv6_addresses", "asset.ip_addresses"}}},
	{"QUALYSGUARD", "a Qualys report", [][]string{{"QID"}, {"IP", "IPs", "IP Addresses", "Asset IPV4", "Asset IPV6", "Asset Id"}}},
	{"MCAFEEVM", "an export of McAfee Vulnerability Manager", [][]string{{"FaultlineID", "FaultlineID Title"}}},
	{"NEXPOSE", "a Nexpose report", [][]string{{"Asset IP Address"}}},
	{"NEXPOSE", "a Nexpose report", [][]string{{"Vulnerable Status"}, {"Port Details"}}},
	{"TRIPWIRE", "an export of Tripwire IP360", [][]string{{"IP", "IP Address"}, {"Skill", "NetBIOS Domain"}}},
}

// NotCSV is the error for a file that is something else.
type NotCSV struct {
	LooksLike string // in the words of plugins.LooksLike
}

func (e NotCSV) Error() string {
	text := fmt.Sprintf("the file is not CSV: it looks like %s", e.LooksLike)
	if plugins.IsArchive(e.LooksLike) {
		return text + ": unpack it and import the files in it"
	}
	if root, ok := strings.CutPrefix(e.LooksLike, "XML with the root "); ok && elements.TypeOf(root) != "" {
		text += ": import it as " + elements.TypeOf(root)
	}
	return text
}
