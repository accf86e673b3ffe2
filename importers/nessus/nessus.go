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
	Type:            "NESSUS",
	IPAddress:       []string{"IP Address", "asset.display_ipv4_address", "asset.display_ipv6_address"},
	Host:            []string{"Host"},
	AssetName:       []string{"NetBios", "asset.netbios_name", "asset.host_name", "asset.name"},
	DnsName:         []string{"FQDN", "asset.display_fqdn"},
	MacAddress:      []string{"MAC Address", "asset.display_mac_address"},
	AssetType:       []string{"System Type", "asset.system_type"},
	OperatingSystem: []string{"OS", "asset.operating_system"},
	FactColumns:     [][]string{{"Plugin ID", "definition.id"}, {"Plugin Output", "output"}},
	Facts:           Facts,
}

// In each expression the first group is the fact. They are applied to the beginning of an output only.
var (
	system   = later(`(?m)^\s*Remote operating system\s*:[ \t]*(\S.{0,300})`)
	computer = later(`(?m)^\s*(\S{1,64})\s*= Computer name`)
	domain   = later(`(?m)^\s*(\S{1,64})\s*= Workgroup / Domain name`)
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
	switch cells[0] {
	case "11936": // OS Identification
		r.OperatingSystem = find(system, output)
	case "35716": // Ethernet Card Manufacturer Detection
		r.MacAddress = find(mac, output)
	case "10150": // Windows NetBIOS / SMB Remote Host Information Disclosure
		r.AssetName, r.DomainName, r.MacAddress = find(computer, output), find(domain, output), find(mac, output)
	}
	return r
}

func find(fact func() *regexp.Regexp, output string) string {
	if match := fact().FindStringSubmatch(output); match != nil {
		return match[1]
	}
	return ""
}
