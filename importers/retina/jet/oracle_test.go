package jet_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/musterhq/muster/importers/retina/jet"
	"github.com/musterhq/muster/importers/retina/jet/jettest"
)

// TestOracle asks mdbtools, where it is installed, what it finds in databases of jettest.
func TestOracle(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("mdb-export"); err != nil {
		t.Skip("no mdbtools here")
	}
	hosts := jettest.Table{Name: "Hosts", Columns: []jettest.Column{{Name: "ip", Type: jet.Text}, {Name: "notes", Type: jet.Memo}, {Name: "id", Type: jet.Long}}}
	for i := range 300 {
		hosts.Rows = append(hosts.Rows, jettest.Row{
			Values: []any{fmt.Sprintf("192.0.2.%d", i), strings.Repeat("n", i*25), int64(i)}, Moved: i%5 == 1, Deleted: i%7 == 2,
		})
	}
	for _, v := range versions {
		for _, indirect := range []bool{false, true} {
			hosts.Indirect = indirect
			content := jettest.Write(jettest.Options{Version: v}, everyType, hosts, wideTable())
			file := filepath.Join(t.TempDir(), "test.mdb")
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
			tables, err := read(content)
			if err != nil {
				t.Fatal(err)
			}
			for i, name := range []string{"Hosts", "Wide"} {
				want, got := export(t, file, name), lines(tables[i+1])
				slices.Sort(want) // mdbtools finds a row that moved where it is now
				slices.Sort(got)
				if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
					t.Errorf("%v, indirect %v: %d rows; mdbtools (-) differs:\n%s", v, indirect, len(got), diff)
				}
			}
			want := []string{"1|255|-32768|Zürich|-2147483648|-922337203685477.5808|0.5|-1e+300|a memo|2026-11-21 23:59:59||6F6C65|" +
				fmt.Sprintf("%X", "{00112233-4455-6677-8899AABBCCDDEEFF}") + // it has one hyphen less
				"|-12345678901234567890123.456|"}
			if diff := cmp.Diff(want, export(t, file, everyType.Name)[:1]); diff != "" {
				t.Errorf("%v: mdbtools (+) on what was written:\n%s", v, diff)
			}
		}
	}
}

// export returns the rows of a table as mdbtools prints them.
func export(t *testing.T, file, table string) (all []string) {
	t.Helper()
	arguments := []string{"-H", "-Q", "-d", "|", "-b", "hex", "-T", "%Y-%m-%d %H:%M:%S", file, table}
	out, err := exec.CommandContext(t.Context(), "mdb-export", arguments...).Output()
	if err != nil {
		t.Fatalf("mdb-export of %s: %v", table, err)
	}
	for line := range strings.Lines(string(out)) {
		all = append(all, strings.TrimSuffix(line, "\n"))
	}
	return all
}

// lines are the rows of a table as mdbtools prints them, if they have texts and numbers only.
func lines(of table) (all []string) {
	for _, row := range of.Rows {
		var cells []string
		for _, value := range row {
			cells = append(cells, fmt.Sprint(value))
		}
		all = append(all, strings.Join(cells, "|"))
	}
	return all
}
