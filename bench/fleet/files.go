package fleet

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// PasswordSafe writes some assets as the import file that may say all of them, attributes included.
func (f Fleet) PasswordSafe(indexes []int) string {
	var b strings.Builder
	b.WriteString("<PasswordSafeImport version=\"1\"><Assets>\n")
	for _, i := range indexes {
		a := f.Asset(i)
		b.WriteString("<Asset>")
		for _, m := range []struct{ name, value string }{
			{"IPAddress", a.IPAddress}, {"AssetName", a.AssetName}, {"DnsName", a.DnsName}, {"DomainName", a.DomainName},
			{"MacAddress", a.MacAddress}, {"AssetType", a.AssetType}, {"OperatingSystem", a.OperatingSystem}, {"Description", a.Description},
		} {
			fmt.Fprintf(&b, "<%s>", m.name)
			xml.EscapeText(&b, []byte(m.value))
			fmt.Fprintf(&b, "</%s>", m.name)
		}
		f.attributes(&b, i)
		b.WriteString("</Asset>\n")
	}
	b.WriteString("</Assets></PasswordSafeImport>\n")
	return b.String()
}

func (f Fleet) attributes(b *strings.Builder, i int) {
	opened := false
	for rule := range Rules {
		if !f.Carries(i, rule) {
			continue
		}
		if !opened {
			b.WriteString("<Attributes>")
			opened = true
		}
		fmt.Fprintf(b, `<Attribute type=%q>%s</Attribute>`, AttributeType, Attribute(rule))
	}
	if opened {
		b.WriteString("</Attributes>")
	}
}

// Scan writes hosts that are none of the fleet, from first on, as the CSV list of a Nessus scan in which each has a number
// of findings.
func Scan(first, hosts, rows int) string {
	var b strings.Builder
	b.WriteString("Plugin ID,CVE,CVSS,Risk,Host,Protocol,Port,Name,Synopsis,IP Address,FQDN,NetBios,OS,MAC Address,System Type\n")
	for i := first; i < first+hosts; i++ {
		a := Imported(i)
		for row := range rows {
			fmt.Fprintf(&b, "%d,CVE-2024-%d,5.0,Medium,%s,tcp,%d,Finding %d,\"The remote service answers, and tells more than it has to.\",%s,%s,%s,%s,%s,%s\n",
				10000+row, 1000+row, a.IPAddress, 1+row, row, a.IPAddress, a.DnsName, a.AssetName, a.OperatingSystem, a.MacAddress, a.AssetType)
		}
	}
	return b.String()
}
