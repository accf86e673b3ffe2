package retina

import (
	"iter"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestByteOrder(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		hosts    string
		possible int
	}{
		"one private address":             {"192.168.7.9", 1},
		"one other address":               {"198.51.100.7", 1},
		"a network":                       {"198.51.100.7 198.51.100.8 198.51.100.9", 3},
		"two networks":                    {"198.51.100.7 198.51.100.8 203.0.113.9 203.0.113.10", 4},
		"a network with a host .10":       {"198.51.100.9 198.51.100.10 198.51.100.11", 3},
		"routers of private networks":     {"10.0.1.1 10.0.2.1 192.168.5.1 172.16.0.1", 4},
		"hosts that no network begins as": {"93.184.216.250 93.1.2.240", 2},
		"none":                            {"", 0},
	} {
		for _, lowestFirst := range []bool{false, true} {
			var numbers []uint32
			for host := range strings.FieldsSeq(test.hosts) {
				b := netip.MustParseAddr(host).As4()
				if lowestFirst {
					slices.Reverse(b[:])
				}
				numbers = append(numbers, uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8|uint32(b[3]))
			}
			// Of a single address without a hint, and of none, the highest byte is first.
			want := lowestFirst && strings.Contains(test.hosts, " ") || lowestFirst && strings.HasPrefix(test.hosts, "192.168.")
			if got, possible := byteOrder(numbers); got != want || possible != test.possible {
				t.Errorf("%s, lowest byte first %v: %v, %d possible", name, lowestFirst, got, possible)
			}
		}
	}
	// The ids of other rows are no addresses in any order.
	if _, possible := byteOrder([]uint32{1, 2, 300, 70_000}); possible != 0 {
		t.Errorf("%d of four ids can be addresses", possible)
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	const address = 0xc0000201
	for _, value := range []any{int64(address), int64(address - 1<<32), float64(address), "3221225985", " -1073741311 ", "3221225985.0000"} {
		if n, ok := number(value); n != address || !ok {
			t.Errorf("%v (%T) is %#x, %v", value, value, n, ok)
		}
	}
	for _, value := range []any{nil, int64(0), int64(1) << 32, -1e300, 1.5, "", "192.0.2.1", "3221225985.5", "a", "12345678901234567890", true, []byte("1234")} {
		if n, ok := number(value); ok {
			t.Errorf("%v (%T) is %d", value, value, n)
		}
	}
}

// memory is a table in memory.
func memory(name string, columns []string, rows ...[]any) table {
	return table{name: name, columns: columns, rows: func(wanted []int) iter.Seq2[[]any, error] {
		return func(yield func([]any, error) bool) {
			for _, row := range rows {
				var values []any
				for _, column := range wanted {
					values = append(values, row[column])
				}
				if !yield(values, nil) {
					return
				}
			}
		}
	}}
}

func TestExamine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		table table
		want  bool
	}{
		"a column called so":                  {memory("t", []string{"IP_Address"}, []any{"192.0.2.1"}), true},
		"a column called so, nothing known":   {memory("t", []string{"ip"}, []any{"N/A"}, []any{nil}), true},
		"a column called so, no rows":         {memory("t", []string{"Host IP"}), true},
		"a column called so, of other tables": {memory("t", []string{"ip"}, []any{int64(1)}, []any{int64(2)}), false},
		"numbers":                             {memory("t", []string{"ip"}, []any{int64(0xc0000201)}, []any{int64(0)}), true},
		"a target":                            {memory("t", []string{"Host"}, []any{"srv01"}, []any{"192.0.2.1"}), true},
		"a target without address":            {memory("t", []string{"Host"}, []any{"srv01"}), false},
		"a target of another table":           {memory("t", []string{"Host", "OS"}, []any{int64(5), "Linux"}), false},
		"a target, no rows":                   {memory("t", []string{"Host"}), false},
		"a target, no rows but an OS":         {memory("t", []string{"Host", "OS"}), true},
		"the address of a house":              {memory("t", []string{"Address", "Name"}, []any{"1 Main Street", "x"}), false},
		"a name":                              {memory("hosts", []string{"hostname", "os"}, []any{"192.0.2.1", "Linux"}), false},
		"no columns":                          {memory("hosts", nil, nil), false},
	} {
		c, err := examine(test.table)
		if err != nil || (c != nil) != test.want {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
}

// TestEveryColumnIsMappedOnce maps columns of random names.
func TestEveryColumnIsMappedOnce(t *testing.T) {
	t.Parallel()
	var known []string
	for r, names := range aliases {
		for _, name := range names {
			if fold(name) != name || slices.Contains(known, name) {
				t.Errorf("alias %q of role %d is not folded, or is listed twice", name, r)
			}
			known = append(known, name)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.SliceOf(rapid.OneOf(rapid.SampledFrom(known), rapid.String())).Draw(t, "columns")
		m := mapColumns(columns)
		want := 0
		for _, column := range columns {
			if slices.Contains(known, fold(column)) {
				want++
			}
		}
		if got := len(slices.Concat(m[:]...)); got != want || len(m.all()) != want {
			t.Errorf("%d of %d columns are mapped, %d of them once", got, want, len(m.all()))
		}
	})
}
