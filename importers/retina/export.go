package retina

import (
	"github.com/musterhq/muster/importers/elements"
	"github.com/musterhq/muster/plugins"
)

var export = elements.Export{Hosts: map[string]func() elements.Host{
	"scanJob/hosts/host": func() elements.Host { return new(host) },
}}

// host is what is read of a <host>. Its audits, ports and the rest are passed over.
type host struct {
	Address elements.First `xml:"ip"`
	NetBIOS elements.First `xml:"netBIOSName"`
	Domain  elements.First `xml:"netBIOSDomain"`
	DNS     elements.First `xml:"dnsName"` // several names, apart by blanks
	MAC     elements.First `xml:"mac"`     // "00:0C:29:01:02:03 (VMware, Inc.)"
	System  elements.First `xml:"os"`
}

// Record implements elements.Host.
func (h *host) Record() plugins.Record {
	return plugins.Record{
		IPAddress: string(h.Address), AssetName: string(h.NetBIOS), DomainName: string(h.Domain), DnsName: string(h.DNS),
		MacAddress: string(h.MAC), OperatingSystem: string(h.System),
	}
}
