package jet_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/musterhq/muster/importers/retina/jet"
	"github.com/musterhq/muster/importers/retina/jet/jettest"
)

// TestWhatIsWrittenIsRead writes random tables and reads them again.
func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SampledFrom(versions).Draw(t, "version")
		var tables []jettest.Table
		var want []table
		for i := range rapid.IntRange(1, 3).Draw(t, "tables") {
			random := randomTable(t, v, fmt.Sprintf("Table %d", i))
			tables = append(tables, random)
			held := table{Name: random.Name}
			for _, c := range random.Columns {
				held.Columns = append(held.Columns, c.Name)
			}
			for _, row := range random.Rows {
				if !row.Deleted {
					held.Rows = append(held.Rows, row.Values)
				}
			}
			want = append(want, held)
		}
		got, err := read(jettest.Write(jettest.Options{Version: v}, tables...))
		if err != nil || !reflect.DeepEqual(want, got) { // which is quicker than what shows the difference
			t.Fatalf("%v: %v\n%s", v, err, cmp.Diff(want, got))
		}
	})
}

func randomTable(t *rapid.T, v jet.Version, name string) jettest.Table {
	random := jettest.Table{Name: name, Indirect: rapid.Bool().Draw(t, "indirect")}
	types := rapid.SliceOfN(rapid.SampledFrom([]jet.Type{
		jet.Boolean, jet.Byte, jet.Integer, jet.Long, jet.Double, jet.Date, jet.Text, jet.Memo, jet.OLE,
	}), 1, 12).Draw(t, "types")
	for i, typ := range types {
		random.Columns = append(random.Columns, jettest.Column{Name: fmt.Sprintf("c%d", i), Type: typ})
	}
	for range rapid.IntRange(0, 10).Draw(t, "rows") {
		row := jettest.Row{Moved: rapid.Bool().Draw(t, "moved"), Deleted: rapid.Bool().Draw(t, "deleted")}
		for _, typ := range types {
			row.Values = append(row.Values, randomValue(t, v, typ))
		}
		random.Rows = append(random.Rows, row)
	}
	return random
}

// randomValue returns a value of a column, not too long for twelve of them to fit into a row.
func randomValue(t *rapid.T, v jet.Version, typ jet.Type) any {
	if typ == jet.Boolean {
		return rapid.Bool().Draw(t, "boolean")
	}
	if rapid.IntRange(0, 4).Draw(t, "null") == 0 {
		return nil
	}
	texts := []string{"", "a", "192.0.2.1", "Zürich", "ßé. ", strings.Repeat("x", 47)}
	if v != jet.Jet3 {
		texts = append(texts, "Ω", "aΩa", "Ā0", "語", "語x", "𝄞")
	}
	switch typ {
	case jet.Byte:
		return int64(rapid.Byte().Draw(t, "byte"))
	case jet.Integer:
		return int64(rapid.Int16().Draw(t, "integer"))
	case jet.Long:
		return int64(rapid.Int32().Draw(t, "long"))
	case jet.Double:
		return rapid.Float64().Draw(t, "double")
	case jet.Date:
		const year100, year10000 = -59011459200, 253402300800
		return time.Unix(rapid.Int64Range(year100, year10000-1).Draw(t, "date"), 0).UTC()
	case jet.Text:
		return rapid.SampledFrom(texts).Draw(t, "text") + rapid.SampledFrom(texts).Draw(t, "more text")
	case jet.Memo:
		return strings.Repeat(rapid.SampledFrom(texts).Draw(t, "memo"), rapid.IntRange(0, jet.MaxLong/47/2).Draw(t, "times"))
	default:
		return bytes.Repeat([]byte{rapid.Byte().Draw(t, "ole")}, rapid.IntRange(0, jet.MaxLong).Draw(t, "length"))
	}
}

// FuzzOpen reads what the fuzzer makes of databases. Any answer is a good one, so long as it comes.
func FuzzOpen(f *testing.F) {
	for _, v := range versions {
		small := jettest.Table{
			Name:    "Hosts",
			Columns: []jettest.Column{{Name: "ip", Type: jet.Text}, {Name: "id", Type: jet.Long}, {Name: "memo", Type: jet.Memo}},
			Rows: []jettest.Row{
				{Values: []any{"192.0.2.1", int64(1), string(bytes.Repeat([]byte("memo"), 1200))}},
				{Values: []any{"192.0.2.2", int64(2), "short"}, Moved: true},
				{Values: []any{"192.0.2.3", int64(3), nil}, Deleted: true},
			},
		}
		f.Add(jettest.Write(jettest.Options{Version: v}, small))
		small.Indirect = true
		f.Add(jettest.Write(jettest.Options{Version: v}, everyType, small))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		hang := time.AfterFunc(10*time.Second, func() { panic("the database is still being read") })
		defer hang.Stop()
		tables, err := read(content)
		if len(tables) > len(content)/2048 {
			t.Errorf("%d tables in %d bytes, %v", len(tables), len(content), err)
		}
	})
}
