// Package mcafee reads CSV reports of McAfee Vulnerability Manager, which was Foundstone. No description of them is public:
// the names of columns are muster's own contract.
package mcafee

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/musterhq/muster/importers/columns"
	"github.com/musterhq/muster/plugins"
)

// Importer is the import type MCAFEEVM.
var Importer = plugins.Importer{Type: Report.Type, Extensions: []string{".csv"}, Import: read}

var (
	addresses = []string{"IP Address", "IP", "Host IP", "Asset IP", "IP Addresses", "IPs"}
	hosts     = []string{"System Name", "Host Name"} // an address where a host has no name
	names     = []string{"NetBIOS Name", "NBName", "Asset Name"}
	dns       = []string{"DNS Name", "FQDN", "DNS Names", "FQDNs"}
	domains   = []string{"Domain", "Domain/Workgroup", "Workgroup"}
	macs      = []string{"MAC", "MAC Address", "MAC Addresses"}
	systems   = []string{"OS", "OS Name", "Operating System", "OS Type + OS Version"}
	findings  = []string{"FaultlineID", "FaultlineID Title", "Vuln ID", "Vulnerability Name", "Risk", "Severity", "CVE"}
)

// Report is known by a column for the host and any other of the names above.
var Report = columns.Export{
	Type:            "MCAFEEVM",
	Required:        [][]string{slices.Concat(addresses, hosts), slices.Concat(findings, names, dns, domains, macs, systems)},
	IPAddress:       addresses,
	Host:            hosts,
	AssetName:       slices.Concat(hosts, names),
	DnsName:         dns,
	DomainName:      domains,
	MacAddress:      macs,
	OperatingSystem: systems,
}

// read tells what to do with the archive that a report comes in.
func read(ctx context.Context, f plugins.File, emit func(plugins.Record) error) error {
	err := Report.Import(ctx, f, emit)
	if other, ok := errors.AsType[columns.NotCSV](err); ok && plugins.IsArchive(other.LooksLike) {
		return fmt.Errorf("%w; a report of McAfee Vulnerability Manager has several CSV files, and those that list hosts are read", err)
	}
	return err
}
