package nexpose

import (
	"cmp"
	"encoding/xml"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/importers/elements"
	"github.com/musterhq/muster/plugins"
)

// documents are the XML exports: raw, 2.0 and simple.
var documents = elements.Export{Hosts: map[string]func() elements.Host{
	"NexposeReport/nodes/node":        func() elements.Host { return new(node) },
	"NeXposeSimpleXML/devices/device": func() elements.Host { return new(device) },
}}

// node is what is read of a <node>. What else is in it, such as the proofs of tests, may be megabytes and is passed over.
type node struct {
	Address      string `xml:"address,attr"`
	Status       string `xml:"status,attr"`
	MAC          string `xml:"hardware-address,attr"`
	Names        names  `xml:"names>name"`
	Fingerprints best   `xml:"fingerprints>os"`
}

// Record implements elements.Host.
func (n *node) Record() plugins.Record {
	r := plugins.Record{
		IPAddress: n.Address, AssetName: n.Names.asset, DnsName: n.Names.dns, MacAddress: n.MAC,
		OperatingSystem: n.Fingerprints.system, AssetType: n.Fingerprints.class,
	}
	if !strings.EqualFold(n.Status, "alive") {
		r.Skip = "the host is not alive"
	}
	return r
}

// device is a host of the simple export, which lists only those that were found.
type device struct {
	Address      string `xml:"address,attr"`
	Fingerprints best   `xml:"fingerprint"`
}

// Record implements elements.Host.
func (d *device) Record() plugins.Record {
	return plugins.Record{
		IPAddress: d.Address, OperatingSystem: d.Fingerprints.system, AssetType: d.Fingerprints.class,
	}
}

// UnmarshalXML takes one more <name>.
func (n *names) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	var text string
	err := d.DecodeElement(&text, &start)
	n.add(text)
	return err
}

// fingerprint is a system as it was recognised. The parts are attributes, or elements in the simple export.
type fingerprint struct {
	Certainty string `xml:"certainty,attr"`

	ClassAttr   string `xml:"device-class,attr"`
	VendorAttr  string `xml:"vendor,attr"`
	FamilyAttr  string `xml:"family,attr"`
	ProductAttr string `xml:"product,attr"`
	VersionAttr string `xml:"version,attr"`

	Class       string `xml:"device-class"`
	Vendor      string `xml:"vendor"`
	Family      string `xml:"family"`
	Product     string `xml:"product"`
	Version     string `xml:"version"`
	Description string `xml:"description"`
}

// best is the most certain fingerprint of several, the first of those.
type best struct {
	certainty float64
	class     string
	system    string
}

// UnmarshalXML takes one more fingerprint.
func (b *best) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	var f fingerprint
	if err := d.DecodeElement(&f, &start); err != nil {
		return err
	}
	certainty, _ := strconv.ParseFloat(f.Certainty, 64) // not given: 0
	system := cmp.Or(
		system(f.VendorAttr, f.FamilyAttr, f.ProductAttr, f.VersionAttr),
		system(f.Vendor, f.Family, f.Product, f.Version),
		f.Description,
	)
	if system != "" && (b.system == "" || certainty > b.certainty) {
		*b = best{certainty: certainty, class: cmp.Or(f.ClassAttr, f.Class), system: system}
	}
	return nil
}

// system makes one text of the parts of a fingerprint, each word of which often repeats in the next: Microsoft, Windows,
// Windows Server 2019.
func system(parts ...string) string {
	var text []string
	for i, part := range parts {
		part = plugins.Text(part)
		repeated := slices.ContainsFunc(parts[i+1:], func(next string) bool { return within(part, next) }) ||
			within(part, strings.Join(text, " "))
		if part != "" && !repeated {
			text = append(text, part)
		}
	}
	return strings.Join(text, " ")
}

// within reports whether the words of part are among those of text.
func within(part, text string) bool {
	return strings.Contains(" "+strings.ToLower(text)+" ", " "+strings.ToLower(part)+" ")
}
