package columns_test

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/musterhq/muster/plugins"
)

// TestRefusals reads tables of which not all can be read: what can be is imported, and the rest is counted and quoted.
func TestRefusals(t *testing.T) {
	t.Parallel()
	type record = plugins.Record
	e := inventory
	e.Number, e.Status, e.NotAlive = []string{"Check No"}, []string{"Status"}, regexp.MustCompile("(?i)down")
	a, b := record{IPAddress: "192.0.2.1", AssetName: "a"}, record{IPAddress: "192.0.2.2", AssetName: "b"}
	const long = "a very long text with much more in it than anybody would like to read in a warning"
	for name, test := range map[string]struct {
		content  string
		hosts    []record
		warnings []string
		failure  string
	}{
		"other things in place of an address": {
			"Name,IP Address\na,192.0.2.1\nx,192.0.2.0/24\ny,srv (192.0.2.9)\ny,connected to 192.0.2.9\n,192.0.2.8 - 192.0.2.9\n,192.0.2.0/24\n",
			[]record{a, {AssetName: "x", Skip: "no address"}, {AssetName: "y", Skip: "no address"}},
			[]string{
				`rows that name no host: 2, in line 6: "192.0.2.8 - 192.0.2.9", line 7: "192.0.2.0/24"`,
				`cells in place of an address that hold none: 3, in line 3: "192.0.2.0/24", line 4: "srv (192.0.2.9)", line 5: "connected to 192.0.2.9"`,
			}, "",
		},
		"prose in place of a host":            {"Host,OS\n192.0.2.1,\n" + strings.Repeat(long+",\n", 5), []record{{IPAddress: "192.0.2.1"}}, []string{`rows that name no host: 5, in line 3: "` + long[:60] + `…" and others`}, ""},
		"the same in another column":          {"IP Address,Host,Name\nsee host,192.0.2.1,a\n", []record{a}, []string{`cells in place of an address that hold none: 1, in line 2: "see host"`}, ""},
		"narrow rows":                         {"IP Address,Name,OS\n192.0.2.1,a,\n192.0.2.9,x\n  Path,192.0.2.9\n192.0.2.2,b,\n", []record{a, b}, []string{`rows with fewer cells than the header, which name no host: 2, in line 3: "192.0.2.9,x", line 4: "Path,192.0.2.9"`}, ""},
		"narrow rows only":                    {"IP Address,Name\n192.0.2.9\n", nil, []string{`rows with fewer cells than the header, which name no host: 1, in line 2: "192.0.2.9"`}, `no host could be read; rows with fewer cells than the header: 1, in line 2: "192.0.2.9"`},
		"shifted rows":                        {"Check No,IP Address,Name\n7,192.0.2.1,a\n\"7.0\",192.0.2.2,b\n, 192.0.2.2,b\nFixed version :,192.0.2.9,x\n", []record{a, b}, []string{`rows that name no host: 1, in line 5: "Fixed version :,192.0.2.9,x"`}, ""},
		"every row is refused":                {"IP Address,OS\nsrv (192.0.2.1),\nn/a,Linux\n", nil, []string{`rows that name no host: 2, in line 2: "srv (192.0.2.1)", line 3: "n/a,Linux"`}, `no host could be read; rows that name no host: 2, in line 2: "srv (192.0.2.1)", line 3: "n/a,Linux"`},
		"every address is refused":            {"IP Address,Name\n192.0.2.0/24,a\n", []record{{AssetName: "a", Skip: "no address"}}, []string{`cells in place of an address that hold none: 1, in line 2: "192.0.2.0/24"`}, `no host could be read; cells in place of an address that hold none: 1, in line 2: "192.0.2.0/24"`},
		"hosts that are not alive":            {"IP Address,Name,Status\n192.0.2.1,old,Down\n192.0.2.1,a,up\n192.0.2.2,b,\n192.0.2.2,old,Down\n192.0.2.3,c,Down\n192.0.2.3,d,Down\n", []record{a, b, {IPAddress: "192.0.2.3", AssetName: "c", Skip: "its status is down"}}, nil, ""},
		"an id that a spreadsheet rounded":    {"Asset,IP Address,Name\n1.23457E+11,192.0.2.1,a\n1.23457E+11,192.0.2.2,b\n", []record{a, b}, nil, ""},
		"a quote that is not closed":          {"IP Address,Name,OS\n192.0.2.1,a,\n192.0.2.9,\"x,\n192.0.2.2,\"b\",\n", []record{a, b}, []string{`damaged rows: 1, in line 3 (quote inside of a cell in quotes): "192.0.2.9,'x,"; lines passed over behind them: 0`}, ""},
		"one that is never closed":            {"IP Address,Name,OS\n192.0.2.1,a,\n192.0.2.9,\"x,\n192.0.2.2,b,\n", []record{a, b}, []string{`damaged rows: 1, in line 3 (quote not closed): "192.0.2.9,'x,"; lines passed over behind them: 0`}, ""},
		"one that ends in another row":        {"IP Address,Name,OS,1,2,3\n192.0.2.1,a,,,,\n192.0.2.9,\"x,,,,\n192.0.2.2,b,,,,\n192.0.2.9,x\",,,,\n", []record{a, b}, []string{`damaged rows: 2, in line 3 (quote not closed in its row): "192.0.2.9,'x,,,,", line 5 (quote in a cell that does not begin with one): "192.0.2.9,x',,,,"; lines passed over behind them: 0`}, ""},
		"quotes in a cell of several lines":   {"IP Address,Name,OS\n192.0.2.1,a,\n192.0.2.9,x,\"He said \"hello\",\nand 192.0.2.8\nmore,\"\n192.0.2.2,b,\n", []record{a, b}, []string{`damaged rows: 1, in line 3 (quote inside of a cell in quotes): "192.0.2.9,x,'He said 'hello',"; lines passed over behind them: 2`}, ""},
		"quotes in two places":                {"IP Address,Name\n192.0.2.1,a\n192.0.2.8,3\" disk\n192.0.2.2,b\n192.0.2.9,\"x\" y\n", []record{a, b}, []string{`damaged rows: 2, in line 3 (quote in a cell that does not begin with one): "192.0.2.8,3' disk", line 5 (quote inside of a cell in quotes): "192.0.2.9,'x' y"; lines passed over behind them: 0`}, ""},
		"a header behind damage":              {"IP Address,Name\n192.0.2.1,a\n\"x\n\" y\nName,IP Address\nb,192.0.2.2\n", []record{a, b}, []string{`damaged rows: 1, in line 3 (quote inside of a cell in quotes): "'x"; lines passed over behind them: 1`}, ""},
		"cut off in a cell of several lines":  {"IP Address,Name,OS\n192.0.2.1,a,\n192.0.2.2,b,\"x\ny", []record{a}, nil, "line 3: quote not closed"},
		"cut off in a quoted row":             {"IP Address,Name,OS\n192.0.2.1,a,\n192.0.2.2,\"b\"", []record{a}, nil, "line 3: the file is cut off after 2 of 3 columns"},
		"no end of the last line":             {"IP Address,Name\n192.0.2.1,a\n192.0.2.2,b", []record{a, b}, []string{"line 3: the last line has no end, so the file may be cut off"}, ""},
		"an address that may be cut off":      {"OS,IP Address\n,192.0.2.1\n,192.0.2.2", []record{{IPAddress: "192.0.2.1"}}, []string{`rows that name no host: 1, in line 3`, `line 3: the last line has no end, so the file may be cut off; "192.0.2.2" at its end is not read`}, ""},
		"an id that may be cut off":           {"IP Address,Asset\n192.0.2.1,17\n192.0.2.2,1", []record{{IPAddress: "192.0.2.1"}, {IPAddress: "192.0.2.2"}}, []string{`line 3: the last line has no end, so the file may be cut off; "1" at its end is not read`}, ""},
		"a header that may be cut off, below": {"IP Address,Name\n192.0.2.1,a\nName,IP Address", []record{a}, nil, "line 3: the file is cut off inside of its header, or has nothing behind it, not even the end of the line"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hosts, warnings, failure := read(t, e, strings.NewReader(test.content))
			if diff := cmp.Diff(test.hosts, hosts) + cmp.Diff(test.warnings, warnings); diff != "" || failure != test.failure {
				t.Errorf("error %q\n%s", failure, diff)
			}
		})
	}
}

// TestTooLongRows loses the row with a cell that is too long, and no other.
func TestTooLongRows(t *testing.T) {
	t.Parallel()
	const limit = 8 << 20
	want := []plugins.Record{{IPAddress: "192.0.2.1"}, {IPAddress: "192.0.2.3"}}
	lines := strings.Repeat("line, of a text\n", limit/16)
	for name, row := range map[string]string{
		"in one line":           "192.0.2.2," + strings.Repeat("x", limit) + "\n",
		"in quotes":             "192.0.2.2,\"" + strings.Repeat("x", limit) + "\"\n",
		"in many lines":         "192.0.2.2,\"" + lines + "end\"\n",
		"three times as much":   "192.0.2.2,\"" + strings.Repeat(lines, 3) + "end\"\n",
		"columns":               "192.0.2.2" + strings.Repeat(",", 256<<10) + "\n",
		"a long line behind it": "192.0.2.2,\"" + lines[:limit/2] + strings.Repeat("x", limit) + "\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hosts, warnings, failure := read(t, inventory, strings.NewReader("IP Address,Output\n192.0.2.1,\n"+row+"192.0.2.3,\n"))
			if diff := cmp.Diff(want, hosts); diff != "" || failure != "" || len(warnings) != 1 || !strings.HasPrefix(warnings[0], "damaged rows: 1, in line 3 (more than 8 MiB or 262144 columns") {
				t.Errorf("error %q, %v\n%s", failure, warnings, diff)
			}
		})
	}
	for name, cell := range map[string]string{
		"bytes":   strings.Repeat("x", limit-len("192.0.2.2,\n")),
		"lines":   `"` + strings.Repeat("x\n", (limit-len("192.0.2.2,\"\"\n"))/2) + `"`,
		"columns": strings.Repeat(",", 256<<10-2),
	} {
		content := "IP Address,Output\n192.0.2.2," + cell + "\n"
		if hosts, warnings, failure := read(t, inventory, strings.NewReader(content)); len(hosts) != 1 || warnings != nil || failure != "" {
			t.Errorf("as many %s as there may be: %v, %v, %q", name, hosts, warnings, failure)
		}
	}
}

// TestDamageCostsLittle reads files in which each line could make a row of all that follow it.
func TestDamageCostsLittle(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"a quote in each line":     "192.0.2.9,\"x\n",
		"an odd number of quotes":  "192.0.2.9,\"\"\"\n",
		"a quote in some of them":  "192.0.2.9,\"x\n" + strings.Repeat("a line with \"\"nothing\"\" in it\n", 1000),
		"closed in the next lines": "192.0.2.9,\"x\n192.0.2.9,x\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content := strings.Repeat(line, 8<<20/len(line)) + "192.0.2.1,a\n"
			hosts, warnings, failure := read(t, inventory, io.MultiReader(strings.NewReader("IP Address,Name\n"), strings.NewReader(content)))
			if len(hosts) == 0 || failure != "" {
				t.Errorf("%d hosts, %v, %q", len(hosts), warnings, failure)
			}
			t.Logf("%.300v", warnings)
		})
	}
}
