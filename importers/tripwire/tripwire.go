// Package tripwire reads the CSV exports of Tripwire IP360.
package tripwire

import (
	"github.com/musterhq/muster/importers/columns"
	"github.com/musterhq/muster/plugins"
)

// Importer is the import type TRIPWIRE.
var Importer = plugins.Importer{Type: Report.Type, Extensions: []string{".csv"}, Import: Report.Import}

// Report lists the columns of the exports that are known, then the names that attributes of a host have in IP360's API.
var Report = columns.Export{
	Type:            "TRIPWIRE",
	IPAddress:       []string{"IP", "IP Address", "IPs", "IP Addresses"},
	AssetName:       []string{"NetBIOS Name", "Host Name", "Name"},
	DnsName:         []string{"DNS Name", "FQDN", "DNS Names", "FQDNs"},
	DomainName:      []string{"NetBIOS Domain", "Domain Name", "Domain"},
	MacAddress:      []string{"MAC Address", "Iface MAC Address", "MAC", "MAC Addresses"},
	OperatingSystem: []string{"OS", "Operating System", "Operating Systems"},
}
