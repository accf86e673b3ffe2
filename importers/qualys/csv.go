package qualys

import (
	"regexp"

	"github.com/musterhq/muster/importers/columns"
)

// Report is a scan report, scan results, a PCI report or a VMDR list. The blocks above a report have columns called IP too,
// and none called QID.
var Report = columns.Export{
	Type:            importType,
	Required:        [][]string{{"QID"}, {"IP", "IPs", "IP Addresses", "Asset IPV4", "Asset IPV6", "Asset Id"}},
	IPAddress:       []string{"IP", "IPs", "IP Addresses", "Asset IPV4", "Asset IPV6"},
	Number:          []string{"QID"},
	Status:          []string{"IP Status", "Host Status"},
	NotAlive:        notAlive,
	AssetID:         []string{"Asset Id"},
	AssetName:       []string{"NetBIOS", "Asset Name", "Asset Names"},
	DnsName:         []string{"DNS", "FQDN", "FQDNs", "HOSTNAME"},
	OperatingSystem: []string{"OS", "Operating System"},
	Aside:           regexp.MustCompile(`(?i)^(hosts not scanned|hosts? not alive|no (vulnerabilities|results) |total hosts)`),
}
