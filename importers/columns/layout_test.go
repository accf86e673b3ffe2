package columns_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/musterhq/muster/plugins"
)

// TestLayout shows what may stand around the rows of an export.
func TestLayout(t *testing.T) {
	t.Parallel()
	type record = plugins.Record
	a, b := record{IPAddress: "192.0.2.1", AssetName: "a"}, record{IPAddress: "192.0.2.2", AssetName: "b"}
	for name, test := range map[string]struct {
		content  string
		hosts    []record
		warnings []string
		failure  string
	}{
		"a preamble":                            {"Report, \"of\" Monday\n\nby ann;\nIP Address;Name\n192.0.2.1;a\n192.0.2.2;\"b\n", []record{a}, nil, "line 6: quote not closed"},
		"a preamble of several lines in quotes": {"\"Report\nof Monday\",\"by, ann\nIP Address,Name\nand bob\"\nIP Address,Name\n192.0.2.1,a\n", []record{a}, nil, ""},
		"a quote not closed in the preamble":    {"disks of \"3,5 inches\n\"\nIP Address,Name\n192.0.2.1,a\n", []record{a}, nil, ""},
		"a long preamble":                       {strings.Repeat("192.0.2.3,3,4\n", 10000) + "IP Address,Name\n192.0.2.1,a\n", []record{a}, nil, ""},
		"a preamble without end":                {strings.Repeat("192.0.2.3,3,4\n", 400000) + "IP Address,Name\n192.0.2.1,a\n", nil, nil, `no host column: looked for "IP Address" or "IPv6" or "Host"`},
		"a hint for Excel":                      {"sep=;\nIP Address;x;y;z\n192.0.2.1;;;\n", []record{{IPAddress: "192.0.2.1"}}, nil, ""},
		"a last row that is none":               {"IP Address,Name\n192.0.2.1,a\nend,\n", []record{a}, nil, ""},
		"the same without a line end":           {"IP Address,Name\n192.0.2.1,a\nend", []record{a}, nil, ""},
		"the same in another place":             {"Name,IP Address\na,192.0.2.1\n0,end\n", []record{a}, nil, ""},
		"a host of that name":                   {"IP Address,Name\n,end\n", []record{{AssetName: "end", Skip: "no address"}}, nil, "every host is skipped: 1, the first: end: skipped, no address"},
		"a trailing comma in the header alone":  {"IP Address,Name,\n192.0.2.1,a", []record{a}, []string{"line 2: the last line has no end, so the file may be cut off"}, ""},
		"two reports":                           {"IP Address,Name\n192.0.2.1,a\nIP Address,Name\n192.0.2.2,b\n", []record{a, b}, nil, ""},
		"two reports with marks":                {"\ufeff\"IP Address\",\"Name\"\n192.0.2.1,a\n\ufeff\"IP Address\",\"Name\"\n192.0.2.2,b\n", []record{a, b}, nil, ""},
		"other columns in the second":           {"IP Address,Name\n192.0.2.1,a\nName,OS,Port,Host\nb,,80,192.0.2.2\n", []record{a, b}, nil, ""},
		"a preamble above the second":           {"IP Address,Name,OS\n192.0.2.1,a,\nreport 2\nby,ann\n\nOS,Name,IP Address\n,b,192.0.2.2\n", []record{a, b}, []string{`rows with fewer cells than the header, which name no host: 1, in line 4: "by,ann"`}, ""},
		"a row with a name of a column in it":   {"Host,Name,OS,Port\n192.0.2.1,a,,\n,Host,Linux,80\n192.0.2.2,b,,\n", []record{a, {AssetName: "Host", OperatingSystem: "Linux", Skip: "no address"}, b}, nil, ""},
		"another format behind it":              {"IP Address,Name\n192.0.2.1,a\nPlugin ID,Host\n", []record{a}, nil, "line 3: the file looks like a Nessus export: import it as NESSUS"},
		"rows in quotes":                        {"\"IP Address,\"\"Name\"\"\"\n\"192.0.2.1,\"\"a\"\"\"\n\"192.0.2.2,\"\"b\n\"\"\"\n", []record{a, b}, nil, ""},
		"rows in quotes below a header":         {"IP Address;Name\n\"192.0.2.1;\"\"a\"\"\"\n", []record{a}, nil, ""},
		"joined columns":                        {"IP Address,OS Name,OS Release\n192.0.2.1,Linux,6.1\n192.0.2.2,Linux 6.1,6.1\n192.0.2.3,,6.1\n", []record{{IPAddress: "192.0.2.1", OperatingSystem: "Linux 6.1"}, {IPAddress: "192.0.2.2", OperatingSystem: "Linux 6.1"}, {IPAddress: "192.0.2.3"}}, nil, ""},
		"one of joined columns":                 {"IP Address,OS Name\n192.0.2.1,Linux\n", []record{{IPAddress: "192.0.2.1", OperatingSystem: "Linux"}}, nil, ""},
		"IPv4 before IPv6":                      {"IP Address,IPv6\n2001:db8::1,192.0.2.1\n", []record{{IPAddress: "192.0.2.1"}}, nil, ""},
		"an id with several addresses":          {"Asset,IP Address,Name\n7,2001:db8::1,\n7,192.0.2.1,a\n7,192.0.2.9,\n", []record{a}, nil, ""},
		"an id without an address":              {"Asset,IP Address,Name\n7,,a\n7,,\n", []record{{AssetName: "a", Skip: "no address"}}, nil, "every host is skipped: 1, the first: a: skipped, no address"},
		"two ids with one address":              {"Asset,IP Address,Name,OS\n7,192.0.2.1,a,\n8,192.0.2.1,b,Linux\n,192.0.2.1,c,\n", []record{{IPAddress: "192.0.2.1", AssetName: "a", OperatingSystem: "Linux"}}, nil, ""},
		"a third header":                        {"IP Address,Name\n192.0.2.1,a\nName,OS,IP Address\nb,,192.0.2.2\nOS,Name,IP Address\n,c,192.0.2.3\n", []record{a, b, {IPAddress: "192.0.2.3", AssetName: "c"}}, nil, ""},
		"the same header again":                 {strings.Repeat("IP Address,Name\n192.0.2.1,a\n", 2000), []record{a}, nil, ""},
		"as many headers as may be":             {strings.Repeat("IP Address,Name\nName,IP Address\n", 500) + "a,192.0.2.1\n", []record{a}, nil, ""},
		"too many headers":                      {strings.Repeat("IP Address,Name\nName,IP Address\n", 501), nil, nil, "line 1001: more than 1000 headers"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hosts, warnings, failure := read(t, inventory, strings.NewReader(test.content))
			if diff := cmp.Diff(test.hosts, hosts) + cmp.Diff(test.warnings, warnings); diff != "" || failure != test.failure {
				t.Errorf("error %q\n%s", failure, diff)
			}
		})
	}
}
