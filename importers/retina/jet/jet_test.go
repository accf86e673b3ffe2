package jet_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/musterhq/muster/importers/retina/jet"
	"github.com/musterhq/muster/importers/retina/jet/jettest"
)

var versions = []jet.Version{jet.Jet3, jet.Jet4, jet.ACE}

// table is a table with all of its rows.
type table struct {
	Name    string
	Columns []string
	Rows    [][]any
}

// read reads everything, and what came before an error.
func read(content []byte) (tables []table, err error) {
	db, err := jet.Open(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
	}
	for t, err := range db.Tables() {
		if err != nil {
			return tables, err
		}
		var columns []int
		got := table{Name: t.Name}
		for i, c := range t.Columns {
			columns = append(columns, i)
			got.Columns = append(got.Columns, c.Name)
		}
		for row, err := range t.Rows(columns...) {
			if err != nil {
				return append(tables, got), err
			}
			got.Rows = append(got.Rows, slices.Clone(row))
		}
		tables = append(tables, got)
	}
	return tables, nil
}

func rows(values ...[]any) (all []jettest.Row) {
	for _, v := range values {
		all = append(all, jettest.Row{Values: v})
	}
	return all
}

// everyType has a column of each type and rows of usual and of extreme values.
var everyType = jettest.Table{
	Name: "Every type",
	Columns: []jettest.Column{
		{Name: "yes", Type: jet.Boolean}, {Name: "byte", Type: jet.Byte}, {Name: "short", Type: jet.Integer},
		{Name: "text", Type: jet.Text}, {Name: "long", Type: jet.Long}, {Name: "money", Type: jet.Money},
		{Name: "single", Type: jet.Single}, {Name: "double", Type: jet.Double}, {Name: "memo", Type: jet.Memo},
		{Name: "day", Type: jet.Date}, {Name: "binary", Type: jet.Binary}, {Name: "ole", Type: jet.OLE},
		{Name: "guid", Type: jet.GUID}, {Name: "number", Type: jet.Numeric, Scale: 3}, {Name: "big", Type: jet.BigInt},
	},
	Rows: rows(
		[]any{true, int64(255), int64(-32768), "Zürich", int64(-1 << 31), "-922337203685477.5808", 0.5, -1e300, "a memo",
			time.Date(2026, 11, 21, 23, 59, 59, 0, time.UTC), []byte{0, 1, 255}, []byte("ole"),
			"{00112233-4455-6677-8899-AABBCCDDEEFF}", "-12345678901234567890123.456", int64(1) << 62},
		[]any{false, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil},
		[]any{true, int64(0), int64(1), "", int64(1), "0.0001", -2.0, 3.0, "", time.Date(1899, 12, 29, 6, 0, 0, 0, time.UTC),
			[]byte{}, []byte{}, "{00000000-0000-0000-0000-000000000000}", "0.001", int64(-1)},
	),
}

func TestEveryType(t *testing.T) {
	t.Parallel()
	for _, v := range versions {
		tables, err := read(jettest.Write(jettest.Options{Version: v}, everyType))
		if err != nil || len(tables) != 1 {
			t.Fatalf("%v: %d tables, %v", v, len(tables), err)
		}
		var want [][]any
		for _, row := range everyType.Rows {
			want = append(want, row.Values)
		}
		if diff := cmp.Diff(want, tables[0].Rows); diff != "" {
			t.Errorf("%v:\n%s", v, diff)
		}
	}
}

func TestRowsThatMovedOrAreGone(t *testing.T) {
	t.Parallel()
	hosts := jettest.Table{Name: "Hosts", Columns: []jettest.Column{{Name: "ip", Type: jet.Text}, {Name: "note", Type: jet.Text}}}
	for i := range 400 {
		hosts.Rows = append(hosts.Rows, jettest.Row{
			Values: []any{fmt.Sprintf("192.0.2.%d", i), strings.Repeat("x", i%200)}, Moved: i%3 == 0, Deleted: i%3 == 1,
		})
	}
	for _, v := range versions {
		for _, indirect := range []bool{false, true} {
			hosts.Indirect = indirect
			tables, err := read(jettest.Write(jettest.Options{Version: v}, jettest.Table{Name: "MSysOther", System: true}, hosts))
			if err != nil || len(tables) != 1 {
				t.Fatalf("%v: %v, %v", v, tables, err)
			}
			var want [][]any
			for _, row := range hosts.Rows {
				if !row.Deleted {
					want = append(want, row.Values)
				}
			}
			if diff := cmp.Diff(want, tables[0].Rows); diff != "" {
				t.Errorf("%v:\n%s", v, diff)
			}
		}
	}
}

// TestLongValues has memos in the row, on a page, and on several pages, and memos that are longer than what is read.
func TestLongValues(t *testing.T) {
	t.Parallel()
	memos := jettest.Table{Name: "Memos", Columns: []jettest.Column{{Name: "id", Type: jet.Long}, {Name: "memo", Type: jet.Memo}}}
	var want []string
	for i, length := range []int{1, 30, 64, 65, 500, 2000, 2030, 2036, 2037, 4000, 4076, 4080, 4081, 6000, 8100, 100_000} {
		text := strings.Repeat("memory ", length/7+1)[:length]
		want = append(want, text)
		memos.Rows = append(memos.Rows, jettest.Row{Values: []any{int64(i), text}})
	}
	for _, v := range versions {
		tables, err := read(jettest.Write(jettest.Options{Version: v}, memos))
		if err != nil || len(tables) != 1 || len(tables[0].Rows) != len(want) {
			t.Fatalf("%v: %v, %v", v, tables, err)
		}
		for i, row := range tables[0].Rows {
			cut := want[i][:min(len(want[i]), jet.MaxLong)]
			if v != jet.Jet3 && len(want[i]) > jet.MaxLong {
				cut = cut[:jet.MaxLong-2] // the text is compressed, behind two bytes that say so
			}
			if row[1] != cut {
				t.Errorf("%v: of %d characters %d came back", v, len(want[i]), len(row[1].(string)))
			}
		}
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	texts := []string{"plain", "ÄÖÜ €", "Ωmega", "mixed Ω and ascii text", "日本語テキスト", "𝄞 clef", "U+0100 Ā has a zero byte"}
	for _, v := range []jet.Version{jet.Jet4, jet.ACE} {
		notes := jettest.Table{Name: "Ж", Columns: []jettest.Column{{Name: "名", Type: jet.Text}}}
		for _, text := range texts {
			notes.Rows = append(notes.Rows, jettest.Row{Values: []any{text}})
		}
		tables, err := read(jettest.Write(jettest.Options{Version: v}, notes))
		if err != nil || len(tables) != 1 || tables[0].Name != "Ж" || tables[0].Columns[0] != "名" {
			t.Fatalf("%v: %v, %v", v, tables, err)
		}
		for i, row := range tables[0].Rows {
			if row[0] != texts[i] {
				t.Errorf("%v: %q became %q", v, texts[i], row[0])
			}
		}
	}
	// Jet 3 has bytes: what 1252 writes as äöü is дць in Cyrillic.
	russian := jettest.Table{Name: "T", Columns: []jettest.Column{{Name: "t", Type: jet.Text}}, Rows: rows([]any{"äöü"})}
	tables, err := read(jettest.Write(jettest.Options{Version: jet.Jet3, CodePage: 1251}, russian))
	if err != nil || tables[0].Rows[0][0] != "дць" {
		t.Errorf("%v, %v", tables, err)
	}
}

func TestRowsOlderThanAColumn(t *testing.T) {
	t.Parallel()
	hosts := jettest.Table{
		Name: "Hosts",
		Columns: []jettest.Column{
			{Name: "ip", Type: jet.Text}, {Name: "id", Type: jet.Long}, {Name: "os", Type: jet.Text}, {Name: "alive", Type: jet.Boolean},
			{Name: "port", Type: jet.Long},
		},
		Rows: rows([]any{"192.0.2.1", int64(7)}),
	}
	for _, v := range versions {
		tables, err := read(jettest.Write(jettest.Options{Version: v}, hosts))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([][]any{{"192.0.2.1", int64(7), nil, false, nil}}, tables[0].Rows); diff != "" {
			t.Errorf("%v:\n%s", v, diff)
		}
	}
}

func wideTable() jettest.Table {
	t, row := jettest.Table{Name: "Wide"}, jettest.Row{}
	for i := range 255 {
		t.Columns = append(t.Columns, jettest.Column{Name: fmt.Sprintf("column %d with a long name of up to 64 characters", i), Type: jet.Text})
		row.Values = append(row.Values, strings.Repeat("y", i%12))
	}
	t.Rows = []jettest.Row{row}
	return t
}

// TestManyColumns has a definition of several pages, and rows of Jet 3 whose offsets need more than a byte.
func TestManyColumns(t *testing.T) {
	t.Parallel()
	wide := wideTable()
	for _, v := range versions {
		tables, err := read(jettest.Write(jettest.Options{Version: v}, wide))
		if err != nil {
			t.Fatalf("%v: %v", v, err)
		}
		if diff := cmp.Diff([][]any{wide.Rows[0].Values}, tables[0].Rows); diff != "" || len(tables[0].Columns) != 255 {
			t.Errorf("%v: %d columns\n%s", v, len(tables[0].Columns), diff)
		}
	}
}

// TestSample reads a database that Access has written, where it is at hand.
func TestSample(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../../../shared/samples/retinartd/access_parser_test_NOT_RETINA.mdb")
	if err != nil {
		t.Skip("no samples here")
	}
	tables, err := read(content)
	want := []table{{
		Name: "ClarotyTable", Columns: []string{"ID", "Field1", "Field2", "Field3"},
		Rows: [][]any{{int64(1), "test", "Claroty", "ICS!"}, {int64(2), "test2", "Claroty", nil}},
	}}
	if diff := cmp.Diff(want, tables); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}
