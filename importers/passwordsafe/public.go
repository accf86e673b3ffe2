package passwordsafe

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/musterhq/muster/plugins"
)

// publicRoot is the root of a file for Password Safe that was published in 2016, the only one that is known. It has no attributes: all
// that it says is the text of elements.
const publicRoot = "import"

// The paths of its elements that have a meaning.
const (
	publicHost      = "hosts/host"
	publicAddress   = publicHost + "/addresses/address"
	publicAttribute = publicHost + "/attrs/attr"
	publicAccount   = publicHost + "/accounts/account"
)

var publicFormat = format{
	holders: map[string]func(*document, *xml.StartElement) error{
		"":                        nothing,
		"hosts":                   nothing,
		publicHost:                (*document).beginAsset,
		publicHost + "/addresses": nothing,
		publicAddress:             (*document).beginAddress,
		publicHost + "/attrs":     nothing,
		publicAttribute:           (*document).beginAttribute,
		publicHost + "/accounts":  nothing,
		publicAccount:             (*document).beginPublicAccount,
		publicAccount + "/attrs":  (*document).notStored,
		publicHost + "/owner":     (*document).notStored,
	},
	values: map[string]func(*document) any{
		publicHost + "/name":       func(d *document) any { return &d.record.AssetName },
		publicHost + "/dnsname":    func(d *document) any { return &d.record.DnsName },
		publicHost + "/domainname": func(d *document) any { return &d.record.DomainName },
		publicHost + "/kind":       func(d *document) any { return &d.record.AssetType },
		publicHost + "/os":         func(d *document) any { return &d.record.OperatingSystem },

		publicAddress + "/ip":  func(d *document) any { return &d.address.ip },
		publicAddress + "/mac": func(d *document) any { return &d.address.mac },

		publicAttribute + "/type":  func(d *document) any { return &d.attributeRead().Type },
		publicAttribute + "/name":  func(d *document) any { return &d.attributeRead().ShortName },
		publicAttribute + "/value": func(*document) any { return new(string) }, // the attribute that is found has its own

		publicAccount + "/name":        func(d *document) any { return &d.account.AccountName },
		publicAccount + "/description": func(d *document) any { return &d.account.Description },
	},
	within: "hosts",
	settle: (*document).settlePublic,
}

// address is one address of a host.
type address struct{ ip, mac string }

// beginAddress begins an address, and keeps the one before if it is the host's first.
func (d *document) beginAddress(*xml.StartElement) error {
	d.keepAddress()
	d.address = address{}
	return nil
}

// keepAddress lets a host have the address that was read, unless it has one.
func (d *document) keepAddress() {
	if d.record.IPAddress == "" && strings.TrimSpace(d.address.ip) != "" {
		d.record.IPAddress, d.record.MacAddress = d.address.ip, d.address.mac
	}
}

func (d *document) beginAttribute(*xml.StartElement) error {
	d.record.HostDetails.Attributes = another(d.record.HostDetails.Attributes, plugins.MaxAttributes, plugins.Attribute{})
	return nil
}

func (d *document) attributeRead() *plugins.Attribute {
	return &d.record.HostDetails.Attributes[len(d.record.HostDetails.Attributes)-1]
}

// beginPublicAccount begins an account on a managed system, which the file does not have: it is made of what is known of the host.
func (d *document) beginPublicAccount(start *xml.StartElement) error {
	if d.record.HostDetails.ManagedSystem == nil {
		d.record.HostDetails.ManagedSystem = new(plugins.ManagedSystem)
	}
	return d.beginAccount(start)
}

// notStored passes over what muster has no place for.
func (d *document) notStored(start *xml.StartElement) error {
	d.once(start.Name.Local, "<%s> in <%s> is not stored", start.Name.Local, d.reader.Path()[d.reader.Depth()-1])
	return d.reader.Skip()
}

// The platforms of a managed system of which only the operating system is known.
const (
	windows = 1
	linux   = 2
)

// settlePublic completes a host once all of it has been read.
func (d *document) settlePublic() {
	d.keepAddress()
	d.address = address{}
	b := d.record.HostDetails
	kept := b.Attributes[:0]
	for _, a := range b.Attributes {
		if a.Type, a.ShortName = plugins.Sentence(a.Type), plugins.Sentence(a.ShortName); a.Type == "" || a.ShortName == "" {
			d.say(fmt.Sprintf("line %d: an <attr> of the host has no type or no name", d.line))
			continue
		}
		kept = append(kept, a)
	}
	b.Attributes = kept
	if s := b.ManagedSystem; s != nil {
		s.PlatformID = linux
		if strings.Contains(strings.ToLower(d.record.OperatingSystem), "windows") {
			s.PlatformID = windows
		}
	}
}
