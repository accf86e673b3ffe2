package qualys

import (
	"strings"

	"github.com/musterhq/muster/importers/elements"
	"github.com/musterhq/muster/plugins"
)

const unsupported = "unsupported Qualys report; scan results (SCAN) and asset data reports (ASSET_DATA_REPORT) are read"

// documents are the XML reports that name hosts: scan results and asset data.
var documents = elements.Export{
	Hosts: map[string]func() elements.Host{
		"SCAN/IP":                          func() elements.Host { return new(scanned) },
		"ASSET_DATA_REPORT/HOST_LIST/HOST": func() elements.Host { return new(tracked) },
	},
	Unsupported: map[string]string{
		"WAS_SCAN_REPORT": unsupported, "SCAN_LIST_OUTPUT": unsupported,
		"HOST_LIST_VM_DETECTION_OUTPUT": unsupported, "HOST_LIST_OUTPUT": unsupported,
	},
}

// scanned is an <IP> of scan results. Its findings are passed over.
type scanned struct {
	Address string         `xml:"value,attr"`
	Name    string         `xml:"name,attr"`
	Status  string         `xml:"status,attr"`
	System  string         `xml:"OS"`
	NetBIOS elements.First `xml:"NETBIOS_HOSTNAME"`
}

// Record implements elements.Host.
func (s *scanned) Record() plugins.Record {
	r := plugins.Record{IPAddress: s.Address, AssetName: string(s.NetBIOS), DnsName: s.Name, OperatingSystem: s.System}
	if notAlive.MatchString(s.Status) {
		r.Skip = "its status is " + strings.ToLower(s.Status)
	}
	return r
}

// tracked is a <HOST> of an asset data report. Its findings are passed over.
type tracked struct {
	Address string         `xml:"IP"`
	DNS     elements.First `xml:"DNS"`
	NetBIOS elements.First `xml:"NETBIOS"`
	System  string         `xml:"OPERATING_SYSTEM"`
}

// Record implements elements.Host.
func (t *tracked) Record() plugins.Record {
	return plugins.Record{IPAddress: t.Address, AssetName: string(t.NetBIOS), DnsName: string(t.DNS), OperatingSystem: t.System}
}
