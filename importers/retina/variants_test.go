package retina_test

import (
	"fmt"
	"html"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/musterhq/muster/importers/retina/jet"
	"github.com/musterhq/muster/importers/retina/jet/jettest"
	"github.com/musterhq/muster/plugins"
)

// spellings are names that a column can have, and what it is in the XML.
var spellings = []struct {
	element string
	columns []string
	value   func(r plugins.Record) string
}{
	{"ip", []string{"IP", "IPAddress", "ip_address", "Host IP", "host"}, func(r plugins.Record) string { return r.IPAddress }},
	{"netBIOSName", []string{"NetBIOSName", "nb-name", "HostName", "Computer Name"}, func(r plugins.Record) string { return r.AssetName }},
	{"netBIOSDomain", []string{"NetBIOSDomain", "Domain", "WORKGROUP"}, func(r plugins.Record) string { return r.DomainName }},
	{"dnsName", []string{"DNSName", "dns", "FQDN"}, func(r plugins.Record) string { return r.DnsName }},
	{"mac", []string{"MAC", "MacAddress", "mac address"}, func(r plugins.Record) string { return r.MacAddress }},
	{"os", []string{"OS", "OperatingSystem", "os_name"}, func(r plugins.Record) string { return r.OperatingSystem }},
}

// TestVariantsAgree writes the same hosts in each way that can be read: with columns in any order and spelling, other columns
// and tables between them, and rows of one host in two.
func TestVariantsAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		want := randomHosts(r)
		table := randomTable(r, want)
		other := jettest.Table{Name: "Jobs", Columns: columns(jet.Text, "Name", "Value"), Rows: rows([]any{"job", "Nightly"})}
		for name, content := range map[string][]byte{
			"XML":         document(want),
			"Access 97":   jettest.Write(jettest.Options{Version: jet.Jet3}, other, table),
			"Access 2000": jettest.Write(jettest.Options{Version: jet.Jet4}, table, other),
			"Access 2007": jettest.Write(jettest.Options{Version: jet.ACE}, other, table),
			"SQLite":      sqliteFile(t, "PRAGMA synchronous = OFF; BEGIN;"+script(other)+script(table)+"COMMIT;"),
		} {
			got, warnings, err := imported(t, content)
			if diff := cmp.Diff(want, got); diff != "" || err != nil || len(warnings) > 0 {
				r.Fatalf("%s: %v, %v\n%s", name, err, warnings, diff)
			}
		}
	})
}

func randomHosts(r *rapid.T) (all []plugins.Record) {
	optional := func(format string, n int) string {
		if rapid.Bool().Draw(r, "known") {
			return fmt.Sprintf(format, n)
		}
		return ""
	}
	for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(1, 250), 1, 20, rapid.ID).Draw(r, "hosts") {
		ip := fmt.Sprintf("192.0.2.%d", n)
		if rapid.IntRange(0, 5).Draw(r, "version") == 0 {
			ip = fmt.Sprintf("2001:db8::%x", n)
		}
		all = append(all, plugins.Record{
			IPAddress: ip, AssetName: optional("SRV%03d", n), DomainName: optional("CORP%d", n), DnsName: optional("srv%d.müster.example", n),
			MacAddress: optional("02:00:00:00:00:%02X", n), OperatingSystem: optional("Linux <%d> & \"more\"", n),
		})
	}
	return all
}

// randomTable has each host in one or two rows, which share what is known.
func randomTable(r *rapid.T, hosts []plugins.Record) jettest.Table {
	t := jettest.Table{Name: "Scan results"}
	order := rapid.Permutation([]int{0, 1, 2, 3, 4, 5, 6}).Draw(r, "order")
	for _, i := range order {
		name, typ := "Remarks", jet.Memo
		if i < len(spellings) {
			name = rapid.SampledFrom(spellings[i].columns).Draw(r, "spelling")
			typ = rapid.SampledFrom([]jet.Type{jet.Text, jet.Memo}).Draw(r, "type")
		}
		t.Columns = append(t.Columns, jettest.Column{Name: name, Type: typ})
	}
	for _, host := range hosts {
		split := rapid.IntRange(0, 6).Draw(r, "split")
		first, second := jettest.Row{Moved: rapid.Bool().Draw(r, "moved")}, jettest.Row{}
		for _, i := range order {
			text := "remark"
			if i < len(spellings) {
				text = spellings[i].value(host)
			}
			here, there := any(text), any("N/A")
			if i > 0 && i >= split {
				here, there = nil, any(text)
			}
			if i == 0 {
				there = here
			}
			first.Values, second.Values = append(first.Values, here), append(second.Values, there)
		}
		t.Rows = append(t.Rows, first, second)
	}
	return t
}

// script writes a table of texts as SQL.
func script(t jettest.Table) string {
	var columns, values []string
	for _, c := range t.Columns {
		columns = append(columns, `"`+c.Name+`"`)
	}
	for _, row := range t.Rows {
		var cells []string
		for _, value := range row.Values {
			if value == nil {
				cells = append(cells, "NULL")
			} else {
				cells = append(cells, "'"+value.(string)+"'")
			}
		}
		values = append(values, "("+strings.Join(cells, ", ")+")")
	}
	return fmt.Sprintf("CREATE TABLE %q (%s); INSERT INTO %q VALUES %s;", t.Name, strings.Join(columns, ", "), t.Name, strings.Join(values, ", "))
}

// document writes hosts as Retina's XML.
func document(hosts []plugins.Record) []byte {
	var text strings.Builder
	text.WriteString("<?xml version=\"1.0\"?>\n<scanJob><metrics/><hosts>\n")
	for _, host := range hosts {
		text.WriteString("<host>")
		for _, s := range spellings {
			value := s.value(host)
			if value == "" {
				value = "N/A"
			}
			fmt.Fprintf(&text, "<%s>%s</%[1]s>", s.element, html.EscapeString(value))
		}
		text.WriteString("<audit><name>Audit</name></audit></host>\n")
	}
	text.WriteString("</hosts></scanJob>\n")
	return []byte(text.String())
}

// TestNumbersOfEveryOrder writes addresses of a network as numbers, as every kind of column has them.
func TestNumbersOfEveryOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		network := rapid.SampledFrom([]string{"192.0.2", "198.51.100", "10.20.30", "172.16.5", "192.168.1"}).Draw(r, "network")
		lowestFirst := rapid.Bool().Draw(r, "lowest byte first")
		typ := rapid.SampledFrom([]jet.Type{jet.Long, jet.Double, jet.Text, jet.BigInt}).Draw(r, "type")
		var want []string
		numbers := jettest.Table{Name: "Hosts", Columns: columns(typ, "IP")}
		for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(1, 254), 3, 30, rapid.ID).Draw(r, "hosts") {
			ip := netip.MustParseAddr(fmt.Sprintf("%s.%d", network, n))
			want = append(want, ip.String())
			b := ip.As4()
			if lowestFirst {
				b[0], b[1], b[2], b[3] = b[3], b[2], b[1], b[0]
			}
			number := int64(b[0])<<24 | int64(b[1])<<16 | int64(b[2])<<8 | int64(b[3])
			value := map[jet.Type]any{jet.Long: int64(int32(number)), jet.Double: float64(number), jet.Text: fmt.Sprint(number), jet.BigInt: number}[typ]
			numbers.Rows = append(numbers.Rows, jettest.Row{Values: []any{value}})
		}
		hosts, _, err := imported(t, jettest.Write(jettest.Options{Version: jet.ACE}, numbers))
		var got []string
		for _, host := range hosts {
			got = append(got, host.IPAddress)
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			r.Fatalf("%v\n%s", err, diff)
		}
	})
}
