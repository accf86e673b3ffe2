package nexpose

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/musterhq/muster/importers/columns"
	"github.com/musterhq/muster/plugins"
)

// Report is one of the CSV templates, a report made with SQL, or what an old exporter of the community writes, which has
// HostName, IP and Operating System.
var Report = columns.Export{
	Type:            importType,
	IPAddress:       []string{"Asset IP Address", "Asset Alternate IPv4 Addresses", "Asset Alternate IPv6 Addresses", "IP Address", "IP"},
	Host:            []string{"HostName", "DNS Name"},
	MacAddress:      []string{"Asset MAC Addresses", "MAC Address"},
	OperatingSystem: []string{"Asset OS Name + Asset OS Version", "Asset OS Family + Asset OS Version", "Operating System"},
	Aside:           regexp.MustCompile(`(?i)^\s*(end|report\b.*)\s*$`),
	FactColumns:     [][]string{{"Asset Names"}},
	Facts:           names,
}

// names tells short names from those with a domain: all that an asset has are in one cell.
func names(cells []string) (r plugins.Record) {
	for name := range strings.SplitSeq(cells[0], ",") {
		name = strings.TrimSpace(name)
		_, isAddress := plugins.Address(name)
		switch {
		case isAddress, strings.Contains(name, ":"): // localhost:5000
		case strings.Contains(name, "."):
			r.DnsName = cmp.Or(r.DnsName, name)
		default:
			r.AssetName = cmp.Or(r.AssetName, name)
		}
	}
	return r
}
