package columns_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/musterhq/muster/importers/columns"
	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/importertest"
)

// inventory is a format as an author would describe it.
var inventory = columns.Export{
	Type: "INVENTORY", Aside: regexp.MustCompile(`^(end|report .*)$`), AssetID: []string{"Asset"},
	IPAddress: []string{"IP Address", "IPv6"}, Host: []string{"Host"},
	AssetName: []string{"NetBIOS", "Name"}, DnsName: []string{"DNS"}, DomainName: []string{"Domain"}, MacAddress: []string{"MAC"},
	AssetType: []string{"Type"}, OperatingSystem: []string{"OS", "OS Name + OS Release"},
	FactColumns: [][]string{{"Check"}, {"Output"}},
	Facts: func(cells []string) (r plugins.Record) {
		if cells[0] == "os" {
			r.OperatingSystem = cells[1]
		}
		return r
	},
}

// read imports a text and returns the hosts, the warnings and the error's text.
func read(t *testing.T, e columns.Export, content io.Reader) (hosts []plugins.Record, warnings []string, failure string) {
	t.Helper()
	i := plugins.Importer{Type: "INVENTORY", Import: e.Import}
	f := plugins.NewFile("", content, func(text string) { warnings = append(warnings, text) })
	err := plugins.Run(t.Context(), i, f, func(r plugins.Record) error {
		hosts = append(hosts, r)
		return nil
	})
	if err != nil {
		failure = err.Error()
	}
	return hosts, warnings, failure
}

func TestColumns(t *testing.T) {
	t.Parallel()
	type record = plugins.Record
	for name, test := range map[string]struct {
		content string
		hosts   []record
		failure string
	}{
		"every column": {
			"IP Address,NetBIOS,DNS,Domain,MAC,Type,OS\n192.0.2.1,SRV01,srv01.corp.example,CORP,001a2b3c4d5e,Server,Linux\n",
			[]record{{IPAddress: "192.0.2.1", AssetName: "SRV01", DnsName: "srv01.corp.example", DomainName: "CORP", MacAddress: "00:1A:2B:3C:4D:5E", AssetType: "Server", OperatingSystem: "Linux"}}, "",
		},
		"names in other spellings":               {"ip_ADDRESS, net bios \n192.0.2.1,SRV01\n", []record{{IPAddress: "192.0.2.1", AssetName: "SRV01"}}, ""},
		"the first address column that has one":  {"IPv6,Host,IP Address\n2001:db8::1,192.0.2.9,n/a\n2001:db8::2,,192.0.2.2\n,192.0.2.3,\n", []record{{IPAddress: "2001:db8::1"}, {IPAddress: "192.0.2.2"}, {IPAddress: "192.0.2.3"}}, ""},
		"a name beside an address":               {"IP Address,Host\n192.0.2.1,srv01.example\n", []record{{IPAddress: "192.0.2.1", DnsName: "srv01.example"}}, ""},
		"a DNS name before the host's":           {"Host,DNS,IP Address\nsrv01,srv01.example,192.0.2.1\n", []record{{IPAddress: "192.0.2.1", DnsName: "srv01.example"}}, ""},
		"several DNS names":                      {"IP Address,DNS\n192.0.2.1,\"a.example,b.example\"\n", []record{{IPAddress: "192.0.2.1", DnsName: "a.example"}}, ""},
		"an address for a name":                  {"IP Address,Name,DNS\n192.0.2.1,192.0.2.1,2001:db8::1\n", []record{{IPAddress: "192.0.2.1"}}, ""},
		"the second name column":                 {"IP Address,NetBIOS,Name\n192.0.2.1,-,srv01\n", []record{{IPAddress: "192.0.2.1", AssetName: "srv01"}}, ""},
		"a name column twice":                    {"IP Address,Name,Name\n192.0.2.1,,srv01\n", []record{{IPAddress: "192.0.2.1", AssetName: "srv01"}}, ""},
		"later rows fill holes":                  {"IP Address,Name,OS\n192.0.2.1,a,\n192.0.2.1,b,Linux\n192.0.2.1,c,BSD\n", []record{{IPAddress: "192.0.2.1", AssetName: "a", OperatingSystem: "Linux"}}, ""},
		"facts fill holes":                       {"IP Address,OS,Check,Output\n192.0.2.1,,os,Linux\n192.0.2.2,BSD,os,Linux\n", []record{{IPAddress: "192.0.2.1", OperatingSystem: "Linux"}, {IPAddress: "192.0.2.2", OperatingSystem: "BSD"}}, ""},
		"an address and the same in other words": {"IP Address\n2001:db8::1\n2001:DB8:0::1\n", []record{{IPAddress: "2001:db8::1"}}, ""},
		"a host with a name only":                {"Host,OS\nsrv01,\nSRV01,Linux\n", []record{{DnsName: "srv01", OperatingSystem: "Linux", Skip: "no address"}}, "every host is skipped: 1, the first: srv01: skipped, no address"},
		"short and long rows":                    {"Name,IP Address,OS\na,192.0.2.1\nb,192.0.2.2,Linux,more,and more\nc,,\nd\n", []record{{IPAddress: "192.0.2.2", AssetName: "b", OperatingSystem: "Linux"}, {AssetName: "c", Skip: "no address"}}, ""},
		"blank lines first":                      {"\n\r\n \nIP Address\n192.0.2.1\n", []record{{IPAddress: "192.0.2.1"}}, ""},
		"a semicolon in a header with commas":    {"Name;Alias,IP Address\nx,192.0.2.1\n", []record{{IPAddress: "192.0.2.1"}}, ""},
		"a quoted header between semicolons":     {"\"Name, if any\";\"IP Address\"\n\"a, b\";192.0.2.1\n", []record{{IPAddress: "192.0.2.1"}}, ""},
		"a header and nothing else":              {"IP Address\n", nil, ""},
		"no header anywhere":                     {"Report of Monday\nby ann\n192.0.2.1\n", nil, `no host column: looked for "IP Address" or "IPv6" or "Host"`},
		"a Nessus export":                        {"Plugin ID,Host\n", nil, "the file looks like a Nessus export: import it as NESSUS"},
		"a Nessus export below a preamble":       {"Report of Monday\nPlugin ID,Host\n", nil, "the file looks like a Nessus export: import it as NESSUS"},
		"only a byte order mark":                 {"\ufeff", nil, "the file is empty"},
		"a quote not closed":                     {"IP Address,Name\n192.0.2.1,\"a\nb\"\n192.0.2.2,\"c\n192.0.2.3,d\n", []record{{IPAddress: "192.0.2.1", AssetName: "a b"}, {IPAddress: "192.0.2.3", AssetName: "d"}}, ""},
		"a quote not closed, at the end":         {"IP Address,Name\n192.0.2.1,a\n192.0.2.2,\"c\nd\n", []record{{IPAddress: "192.0.2.1", AssetName: "a"}}, "line 3: quote not closed"},
		"a quote inside quotes":                  {"IP Address,Name\n192.0.2.1,\"a\" b\"\n", nil, `no host could be read; damaged rows: 1, in line 2 (quote inside of a cell in quotes): "192.0.2.1,'a' b'"`},
		"a quote inside a cell":                  {"\nIP Address,Name\n192.0.2.1,a\n192.0.2.2,3\" disk\n", []record{{IPAddress: "192.0.2.1", AssetName: "a"}}, ""},
		"cut off":                                {"Name,IP Address,OS\na,192.0.2.1,\nb,192.0.2", []record{{IPAddress: "192.0.2.1", AssetName: "a"}}, "line 3: the file is cut off after 2 of 3 columns"},
		"no line end after the last row":         {"IP Address,Name\n192.0.2.1,a", []record{{IPAddress: "192.0.2.1", AssetName: "a"}}, ""},
		"an address that may be cut off":         {"Name,IP Address\na,192.0.2.1", []record{{AssetName: "a", Skip: "no address"}}, "every host is skipped: 1, the first: a: skipped, no address"},
		"an address in quotes at the end":        {"Name,IP Address\na,\"192.0.2.1\"", []record{{IPAddress: "192.0.2.1", AssetName: "a"}}, ""},
		"a comma at the end":                     {"IP Address,Name\n192.0.2.1,", []record{{IPAddress: "192.0.2.1"}}, ""},
		"a header that may be cut off":           {"Name,IP Address", nil, "line 1: the file is cut off inside of its header, or has nothing behind it, not even the end of the line"},
		"blanks after the last row":              {"Name,IP Address\na,192.0.2.1\n ", []record{{IPAddress: "192.0.2.1", AssetName: "a"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// One byte at a time: nothing may depend on how the file arrives.
			for way, content := range map[string]io.Reader{"at once": strings.NewReader(test.content), "in bytes": iotest.OneByteReader(strings.NewReader(test.content))} {
				hosts, _, failure := read(t, inventory, content)
				if diff := cmp.Diff(test.hosts, hosts); diff != "" || failure != test.failure {
					t.Errorf("%s: error %q\n%s", way, failure, diff)
				}
			}
		})
	}
}

func TestRowsWithoutHost(t *testing.T) {
	t.Parallel()
	hosts, warnings, failure := read(t, inventory, strings.NewReader("Host,OS\n,Linux\n,\n192.0.2.1,\n\"a text, with blanks\",\n"))
	if diff := cmp.Diff([]string{`rows that name no host: 2, in line 2: "Linux", line 5: "a text, with blanks"`}, warnings); diff != "" || len(hosts) != 1 || failure != "" {
		t.Errorf("%v, %q\n%s", hosts, failure, diff)
	}
}

func TestMemoryGrowsWithHostsOnly(t *testing.T) { // not parallel: it measures memory
	big := strings.Repeat("x", 1<<20)
	var rows []io.Reader
	rows = append(rows, strings.NewReader("IP Address,OS,Output\n"))
	for i := range 60 {
		rows = append(rows, strings.NewReader(fmt.Sprintf("10.0.0.%d,Linux,", i)), strings.NewReader(big), strings.NewReader("\n"))
	}
	var hosts []plugins.Record
	err := inventory.Import(t.Context(), plugins.NewFile("", io.MultiReader(rows...), nil), func(r plugins.Record) error {
		if len(hosts) == 0 {
			var m runtime.MemStats
			runtime.GC()
			if runtime.ReadMemStats(&m); m.HeapAlloc > 30<<20 {
				t.Errorf("%d MiB are held for 60 hosts", m.HeapAlloc>>20)
			}
		}
		hosts = append(hosts, r)
		return nil
	})
	if err != nil || len(hosts) != 60 {
		t.Errorf("%d hosts, %v", len(hosts), err)
	}
}

func TestImportStops(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	file := func(tail io.Reader) plugins.File {
		return plugins.NewFile("", io.MultiReader(strings.NewReader("Host\n192.0.2.1\n192.0.2.2\n"), tail), nil)
	}
	count := 0
	err := inventory.Import(t.Context(), file(strings.NewReader("")), func(plugins.Record) error { count++; return full })
	if err != full || count != 1 {
		t.Errorf("%v after %d hosts", err, count)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := inventory.Import(ctx, file(&filler{"192.0.2.3\n"}), nil); err != context.Canceled {
		t.Errorf("canceled: %v", err)
	}
	count = 0
	broken := errors.New("bad sector")
	err = inventory.Import(t.Context(), file(iotest.ErrReader(broken)), func(plugins.Record) error { count++; return nil })
	if !errors.Is(err, broken) {
		t.Errorf("%v after %d hosts", err, count)
	}
}

// TestImportIsAFold compares the importer with the simplest account of what it does, for any table however it is written.
func TestImportIsAFold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		header := rapid.Permutation([]string{"IP Address", "NetBIOS", "OS", "Port", ""}).Draw(r, "header")
		addresses := rapid.SampledFrom([]string{"10.0.0.1", "10.0.0.2", "2001:db8::1", " 10.0.0.3 "})
		words := rapid.SampledFrom([]string{"", "-", "N/A", "alpha", "beta \"b\"", "gamma, c;\td", "line\nend", "  blank ", "Größe"})
		var rows [][]string
		var want []plugins.Record
		for range rapid.IntRange(0, 20).Draw(r, "rows") {
			row, given := make([]string, len(header)), plugins.Record{}
			for i, name := range header {
				row[i] = words.Draw(r, "cell")
				switch name {
				case "IP Address":
					row[i] = addresses.Draw(r, "address")
					given.IPAddress = row[i]
				case "NetBIOS":
					given.AssetName = row[i]
				case "OS":
					given.OperatingSystem = row[i]
				}
			}
			rows = append(rows, row)
			want = merge(want, given.Normalized())
		}
		var content bytes.Buffer
		w := csv.NewWriter(&content)
		w.Comma = rapid.SampledFrom([]rune(",;\t")).Draw(r, "comma")
		w.UseCRLF = rapid.Bool().Draw(r, "CRLF")
		if err := w.WriteAll(append([][]string{header}, rows...)); err != nil {
			r.Fatal(err)
		}
		encoded := content.String()
		if rapid.Bool().Draw(r, "UTF-16") {
			encoded = inUTF16(binary.LittleEndian, "\ufeff"+encoded)
		}
		hosts, warnings, failure := read(t, inventory, iotest.HalfReader(strings.NewReader(encoded)))
		if diff := cmp.Diff(want, hosts); diff != "" || failure != "" || warnings != nil {
			r.Errorf("error %q, warnings %v\n%s", failure, warnings, diff)
		}
	})
}

func merge(hosts []plugins.Record, row plugins.Record) []plugins.Record {
	for i := range hosts {
		if hosts[i].IPAddress == row.IPAddress {
			hosts[i].Fill(row)
			return hosts
		}
	}
	return append(hosts, row)
}

func FuzzColumns(f *testing.F) {
	importertest.Fuzz(f, plugins.Importer{Type: "INVENTORY", Import: inventory.Import}, "../../testdata/importers/nessus")
}

// BenchmarkImport reads rows of the size and shape that Nessus writes, 50 for each host.
func BenchmarkImport(b *testing.B) {
	const rows = 100_000
	var content bytes.Buffer
	content.WriteString("Plugin ID,CVE,CVSS,Risk,Host,Protocol,Port,Name,Synopsis,Description,Solution,See Also,Output\n")
	text := strings.Repeat("The remote service does something that an administrator should look at.\n", 5)
	for i := range rows {
		fmt.Fprintf(&content, "%d,CVE-2024-%d,5.0,Medium,10.0.%d.%d,tcp,443,\"Name of a check\",\"%s\",\"%s\",\"Apply the patch.\",,\"%s\"\n",
			i, i, i/50/250, i/50%250, text[:70], text, text[:200])
	}
	b.SetBytes(int64(content.Len()))
	b.ReportAllocs()
	for b.Loop() {
		hosts := 0
		err := inventory.Import(b.Context(), plugins.NewFile("", bytes.NewReader(content.Bytes()), nil), func(plugins.Record) error { hosts++; return nil })
		if err != nil || hosts != rows/50 {
			b.Fatal(hosts, err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
