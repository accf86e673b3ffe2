// Package nessus reads the CSV exports of Nessus, Tenable.io and Tenable Vulnerability Management.
package nessus

import (
	"errors"
	"regexp"

	"github.com/musterhq/muster/importers/columns"
	"github.com/musterhq/muster/plugins"
)

// Importer is the import type NESSUS.
var Importer = plugins.Importer{Type: "NESSUS", Extensions: []string{".csv"}, Import: columns.Export{
	IPAddress:       []string{"IP Address", "asset.display_ipv4_address", "asset.display_ipv6_address"},
	Host:            []string{"Host"},
	AssetName:       []string{"NetBios", "asset.netbios_name", "asset.host_name", "asset.name"},
	DnsName:         []string{"FQDN", "asset.display_fqdn"},
	MacAddress:      []string{"MAC Address", "asset.display_mac_address"},
	AssetType:       []string{"System Type", "asset.system_type"},
	OperatingSystem: []string{"OS", "asset.operating_system"},
	FactColumns:     [][]string{{"Plugin ID", "definition.id"}, {"Plugin Output", "output"}},
	Facts:           facts, Foreign: foreign,
}.Import}

// foreign tells the lists of Tenable.sc, which have an IP Address too, by their first column.
func foreign(header []string) error {
	if len(header) > 1 && header[0] == "plugin" {
		return errors.New("the file looks like a list of Tenable.sc (SecurityCenter): import it as NESSUSSECCEN")
	}
	return nil
}

// In each expression the first group is the fact. They are applied to the beginning of an output only.
var (
	system   = regexp.MustCompile(`(?m)^\s*Remote operating system\s*:[ \t]*(\S.{0,300})`)
	computer = regexp.MustCompile(`(?m)^\s*(\S{1,64})\s*= Computer name`)
	domain   = regexp.MustCompile(`(?m)^\s*(\S{1,64})\s*= Workgroup / Domain name`)
	mac      = regexp.MustCompile(`\b((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})\b`)
)

// facts reads the output of the plugins that identify a host. Plain exports say these things nowhere else.
func facts(cells []string) (r plugins.Record) {
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

func find(fact *regexp.Regexp, output string) string {
	if match := fact.FindStringSubmatch(output); match != nil {
		return match[1]
	}
	return ""
}
