package jettest

import (
	"encoding/binary"
	"slices"

	"github.com/musterhq/muster/importers/retina/jet"
)

// row encodes the values of the first columns as a row.
func (d *database) row(columns []Column, values []any) []byte {
	columns = columns[:len(values)]
	var fixed, variable, present []byte
	present = make([]byte, (len(columns)+7)/8)
	var starts []int
	for i, c := range columns {
		if v, isBool := values[i].(bool); isBool && v || !isBool && values[i] != nil {
			present[i/8] |= 1 << (i % 8)
		}
		if size, isFixed := sizes[c.Type]; isFixed {
			value := make([]byte, size)
			if values[i] != nil && size > 0 {
				copy(value, d.fixedValue(c, values[i]))
			}
			fixed = append(fixed, value...)
			continue
		}
		starts = append(starts, len(variable))
		if values[i] != nil {
			variable = append(variable, d.variableValue(c, values[i])...)
		}
	}
	for i := range starts {
		starts[i] += d.width + len(fixed)
	}
	data := slices.Concat(d.number(len(columns)), fixed, variable)
	if len(starts) > 0 || d.hasVariable(columns) {
		data = append(data, d.offsets(starts, len(data), len(present))...)
	}
	return append(data, present...)
}

func (d *database) hasVariable(columns []Column) bool {
	return slices.ContainsFunc(columns, func(c Column) bool { _, fixed := sizes[c.Type]; return !fixed })
}

func (d *database) number(n int) []byte {
	return binary.LittleEndian.AppendUint16(nil, uint16(n))[:d.width]
}

// offsets returns what follows the columns of a row that end at a byte: that byte and, backwards, where each column begins,
// and their number. Jet 3 has one byte for each, and before the number, backwards, the first column behind each 256 bytes.
func (d *database) offsets(starts []int, end, mask int) []byte {
	all := append(slices.Clone(starts), end)
	var table []byte
	for _, offset := range slices.Backward(all) {
		table = append(table, d.number(offset)...)
	}
	if d.Version == jet.Jet3 {
		jumps := 0
		for size := -1; size != jumps; {
			size = jumps
			jumps = (end + len(table) + jumps + 1 + mask - 1) / 256
		}
		for jump := jumps; jump > 0; jump-- {
			first := slices.IndexFunc(all, func(offset int) bool { return offset >= 256*jump })
			table = append(table, byte(first)) // 255 if there is none
		}
	}
	return append(table, d.number(len(starts))...)
}
