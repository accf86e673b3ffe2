// Package nessussc reads the lists of Tenable.sc, which was Tenable SecurityCenter. Every row names a host that the scanner
// was told to look at, so dead ones count as well.
package nessussc

import (
	"github.com/musterhq/muster/importers/columns"
	"github.com/musterhq/muster/importers/nessus"
	"github.com/musterhq/muster/plugins"
)

// Importer is the import type NESSUSSECCEN.
var Importer = plugins.Importer{Type: Report.Type, Extensions: []string{".csv"}, Import: Report.Import}

// Report is a vulnerability list or a detail list. No column has the operating system.
var Report = columns.Export{
	Type:        "NESSUSSECCEN",
	Number:      []string{"Plugin"},
	IPAddress:   []string{"IP Address", "IP Addresses"},
	AssetName:   []string{"NetBIOS Name", "NetBIOS Names"},
	DnsName:     []string{"DNS Name", "DNS Names"},
	MacAddress:  []string{"MAC Address", "MAC Addresses"},
	FactColumns: [][]string{{"Plugin"}, {"Plugin Output", "Plugin Text"}},
	Facts:       nessus.Facts,
}
