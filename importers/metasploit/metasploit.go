// Package metasploit reads the XML exports of Metasploit Framework, Express and Pro.
package metasploit

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/musterhq/muster/importers/elements"
	"github.com/musterhq/muster/plugins"
)

// Importer is the import type METASPLOIT.
var Importer = plugins.Importer{Type: "METASPLOIT", Extensions: []string{".xml"}, Import: export().Import}

func export() elements.Export {
	e := elements.Export{Hosts: map[string]func() elements.Host{}}
	for _, root := range []string{
		"MetasploitV4", "MetasploitV5", "MetasploitExpressV1", "MetasploitExpressV2", "MetasploitExpressV3", "MetasploitExpressV4",
	} {
		e.Hosts[root+"/hosts/host"] = func() elements.Host { return new(host) }
	}
	return e
}

// host is what is read of a <host>. Services, notes, credentials and what else it has are passed over: a note may be an object of
// Ruby, which is never to be made one, and credentials are nobody's business.
type host struct {
	Address string         `xml:"address"`
	MAC     string         `xml:"mac"`
	Name    string         `xml:"name"`
	State   elements.First `xml:"state"`
	System  string         `xml:"os-name"`
	Flavor  string         `xml:"os-flavor"`
	Pack    string         `xml:"os-sp"`
	Purpose string         `xml:"purpose"`
	Info    string         `xml:"info"`
}

// Record implements elements.Host.
func (h *host) Record() plugins.Record {
	name := ""
	for one := range strings.SplitSeq(text(h.Name), ",") {
		name = cmp.Or(name, plugins.AssetName(one))
	}
	r := plugins.Record{
		IPAddress: h.Address, AssetName: name, MacAddress: h.MAC, AssetType: text(h.Purpose), Description: text(h.Info),
		OperatingSystem: strings.Join([]string{text(h.System), text(h.Flavor), text(h.Pack)}, " "),
	}
	switch address := strings.TrimSpace(h.Address); {
	case strings.EqualFold(string(h.State), "dead"), strings.EqualFold(string(h.State), "down"):
		r.Skip = "the host is " + strings.ToLower(string(h.State))
	case address != "" && !strings.ContainsAny(address, ".:"):
		r.Skip = "the address is an object of Ruby"
	}
	return r
}

// escaped is how the export writes a byte that is not printable ASCII.
var escaped = regexp.MustCompile(`\\x[0-9A-Fa-f]{2}`)

// text returns a value as it was before the export, or nothing if it was nil, which is written NULL.
func text(value string) string {
	if value = plugins.Text(value); !strings.Contains(value, `\x`) {
		return value
	}
	value = escaped.ReplaceAllStringFunc(value, func(code string) string {
		b, _ := strconv.ParseUint(code[2:], 16, 8)
		return string([]byte{byte(b)})
	})
	if !utf8.ValidString(value) {
		value, _ = charmap.Windows1252.NewDecoder().String(value)
	}
	return value
}
