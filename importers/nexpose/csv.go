package nexpose

import (
	"regexp"
	"strings"

	"github.com/musterhq/muster/importers/columns"
	"github.com/musterhq/muster/plugins"
)

// Report is one of the CSV templates, a report made with SQL, or what an old exporter of the community writes, which has
// HostName, IP and Operating System.
var Report = columns.Export{
	Type:            importType,
	IPAddress:       []string{"Asset IP Address", "Asset IP Addresses", "Asset Alternate IPv4 Addresses", "Asset Alternate IPv6 Addresses", "IP Address", "IP"},
	Host:            []string{"HostName", "DNS Name"},
	MacAddress:      []string{"Asset MAC Addresses", "Asset MAC Address", "MAC Address"},
	OperatingSystem: []string{"Asset OS Name + Asset OS Version", "Asset OS Family + Asset OS Version", "Operating System"},
	Aside:           regexp.MustCompile(`(?i)^\s*(end|report\b.*)\s*$`),
	FactColumns:     [][]string{{"Asset Names"}},
	Facts:           facts,
}

// facts takes the names of an asset, which are all in one cell.
func facts(cells []string) plugins.Record {
	var n names
	for name := range strings.FieldsFuncSeq(cells[0], func(r rune) bool { return r == ',' || r == ';' || r == '\n' }) {
		n.add(name)
	}
	return plugins.Record{AssetName: n.asset, DnsName: n.dns}
}
