// Package nessus reads the CSV exports of Nessus, Tenable.io and Tenable Vulnerability Management.
package nessus

import (
	"regexp"
	"sync"

	"github.com/musterhq/muster/importers/columns"
	"github.com/musterhq/muster/plugins"
)

// Importer is the import type NESSUS.
var Importer = plugins.Importer{Type: Report.Type, Extensions: []string{".csv"}, Import: Report.Import}

// Report is any export of Nessus, with whatever columns the user ticked.
var Report = columns.Export{
	Type:   "NESSUS",
	Number: []string{"Plugin ID", "definition.id"},
	IPAddress: []string{"IP Address", "IP Addresses", "asset.display_ipv4_address", "asset.ipv4_addresses", "asset.ip_addresses",
		"asset.display_ipv6_address", "asset.ipv6_addresses", "asset.ipv4", "asset.ipv6"},
	Host:            []string{"Host"},
	AssetName:       []string{"NetBios", "asset.netbios_name", "asset.netbios_names", "asset.host_name", "asset.host_names", "asset.hostname", "asset.name"},
	DnsName:         []string{"FQDN", "FQDNs", "asset.display_fqdn", "asset.fqdns", "asset.fqdn", "asset.dns_names"},
	MacAddress:      []string{"MAC Address", "MAC Addresses", "asset.display_mac_address", "asset.mac_addresses", "asset.mac_address"},
	AssetType:       []string{"System Type", "asset.system_type", "asset.system_types"},
	OperatingSystem: []string{"OS", "asset.operating_system", "asset.operating_systems"},
	FactColumns:     [][]string{{"Plugin ID", "definition.id"}, {"Plugin Output", "output"}},
	Facts:           Facts,
}

// In each expression the first group is the fact. They are applied to the beginning of an output only.
var (
	system   = later(`(?m)^\s*Remote operating system\s*:[ \t]*(\S.{0,300})`)
	computer = later(`(?m)^\s*(\S{1,64})\s*= Computer name`)
	domain   = later(`(?m)^\s*(\S{1,64})\s*= Workgroup / Domain name`)
	resolved = later(`(?m)^\s*(\S{2,64}) resolves as (\S{1,255})`)
	mac      = later(`\b((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})\b`)
)

// later compiles an expression when it is first asked for: large counts take a while, which every process of muster would wait for.
func later(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// Facts reads the output, the second cell, of the plugins that identify a host, the first one. Many exports say these things
// nowhere else.
func Facts(cells []string) (r plugins.Record) {
	output := cells[1][:min(len(cells[1]), 16<<10)]
	plugin, _ := plugins.Number(cells[0])
	switch plugin {
	case 11936: // OS Identification
		r.OperatingSystem = find(system, output)
	case 35716: // Ethernet Card Manufacturer Detection
		r.MacAddress = find(mac, output)
	case 10150: // Windows NetBIOS / SMB Remote Host Information Disclosure
		r.AssetName, r.DomainName, r.MacAddress = find(computer, output), find(domain, output), find(mac, output)
	case 12053: // Host Fully Qualified Domain Name (FQDN) Resolution
		if match := resolved().FindStringSubmatch(output); match != nil {
			r.IPAddress, r.DnsName = match[1], match[2]
		}
	}
	return r
}

func find(fact func() *regexp.Regexp, output string) string {
	if match := fact().FindStringSubmatch(output); match != nil {
		return match[1]
	}
	return ""
}
