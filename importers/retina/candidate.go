package retina

import (
	"cmp"
	"fmt"
	"iter"
	"net/netip"
	"slices"

	"github.com/musterhq/muster/plugins"
)

// table is a table of a database of either kind.
type table struct {
	name    string
	columns []string
	// rows yields the values of some columns: nil, bool, int64, float64, string, []byte or time.Time. The slice is the same
	// for each row.
	rows func(columns []int) iter.Seq2[[]any, error]
}

// candidate is a table that has hosts, it seems.
type candidate struct {
	table
	mapping
	addresses []int // the columns that are addresses or targets
	kinds     map[int]kind
	score     int
}

// kind is how a column writes addresses.
type kind struct {
	numbers     bool
	lowestFirst bool
	example     uint32
}

// sampled is how many rows decide about a table.
const sampled = 200

// examine returns the table as a candidate if there is a column that has addresses: one called so, unless there is nothing but
// other things in it, or one that can mean anything and has some.
func examine(t table) (*candidate, error) {
	c := &candidate{table: t, mapping: mapColumns(t.columns), kinds: map[int]kind{}}
	columns := slices.Concat(c.mapping[address], c.mapping[target])
	if len(columns) == 0 {
		return nil, nil
	}
	samples, rows := make([]sample, len(columns)), 0
	for row, err := range t.rows(columns) {
		if err != nil && rows == 0 {
			return nil, err
		}
		if err != nil || rows == sampled {
			break // with some rows the error comes again when they are read
		}
		rows++
		for i, value := range row {
			samples[i].add(value)
		}
	}
	found := 0
	for i, column := range columns {
		named := slices.Contains(c.mapping[address], column)
		if k, addresses, ok := samples[i].judge(named || rows == 0 && c.facts() > 0); ok {
			c.kinds[column] = k
			found += addresses
		}
	}
	if len(c.kinds) == 0 {
		return nil, nil
	}
	c.mapping[address] = slices.DeleteFunc(c.mapping[address], func(column int) bool { _, ok := c.kinds[column]; return !ok })
	c.addresses = slices.Concat(c.mapping[address], c.mapping[target])
	c.rate(found > 0)
	return c, nil
}

// rate sets the score, which orders candidates and means nothing else.
func (c *candidate) rate(hasAddresses bool) {
	if hasAddresses {
		c.score += 32
	}
	if len(c.mapping[address]) > 0 {
		c.score += 4
	}
	if holdsHosts(c.name) {
		c.score += 3
	}
	c.score += 2 * c.facts()
}

// sample is what was found in a column.
type sample struct {
	texts, addresses int // of the texts so many are addresses
	numbers          []uint32
}

func (s *sample) add(value any) {
	if n, ok := number(value); ok {
		s.numbers = append(s.numbers, n)
	} else if text := plugins.Text(plain(value)); text != "" && text != "0" {
		s.texts++
		if _, ok := plugins.Address(text); ok {
			s.addresses++
		}
	}
}

// judge tells whether the column has addresses, and how many of the sample. Without any it is a matter of trust in its name.
func (s *sample) judge(trusted bool) (k kind, addresses int, ok bool) {
	if len(s.numbers) <= s.texts {
		return kind{}, s.addresses, trusted || s.addresses > 0
	}
	lowestFirst, possible := byteOrder(s.numbers)
	return kind{true, lowestFirst, s.numbers[0]}, possible, 2*possible >= len(s.numbers)
}

// addressIn returns what a column says of the address, which may be no address.
func (k kind) addressIn(value any) string {
	if k.numbers {
		if n, ok := number(value); ok {
			return addressOf(n, k.lowestFirst).String()
		}
	}
	return plain(value)
}

// plain returns a value as text. Bytes of the right number are an address.
func plain(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case []byte:
		if a, ok := netip.AddrFromSlice(v); ok {
			return a.String()
		}
		return string(v)
	}
	return fmt.Sprint(value)
}

// byScore orders candidates, the best first; of equal ones the first in the file.
func byScore(a, b *candidate) int { return cmp.Compare(b.score, a.score) }
