package jettest

import (
	"encoding/binary"

	"github.com/musterhq/muster/importers/retina/jet"
)

// sizes are the bytes that a column of fixed length takes in a row.
var sizes = map[jet.Type]int{
	jet.Boolean: 0, jet.Byte: 1, jet.Integer: 2, jet.Long: 4, jet.Money: 8, jet.Single: 4, jet.Double: 8, jet.Date: 8,
	jet.GUID: 16, jet.Numeric: 17, jet.BigInt: 8,
}

// writeDefinition writes the definition of a table, from a page on.
func (d *database) writeDefinition(number int, t Table, usage pointer) {
	content := make([]byte, d.header)
	binary.LittleEndian.PutUint32(content[d.rows:], uint32(len(t.Rows)))
	content[d.variables-3] = 'N'
	if t.System || number < FirstTable {
		content[d.variables-3] = 'S'
	}
	binary.LittleEndian.PutUint16(content[d.variables-2:], uint16(len(t.Columns)))
	binary.LittleEndian.PutUint16(content[d.columns:], uint16(len(t.Columns)))
	copy(content[d.usageMap:], usage.bytes())
	copy(content[d.usageMap+4:], usage.bytes())
	fixed, variable := 0, 0
	for i, c := range t.Columns {
		size, isFixed := sizes[c.Type]
		if isFixed {
			content = append(content, d.columnEntry(c, i, variable, fixed, size)...)
			fixed += size
		} else {
			content = append(content, d.columnEntry(c, i, variable, -1, 0)...)
			variable++
		}
	}
	binary.LittleEndian.PutUint16(content[d.variables:], uint16(variable))
	for _, c := range t.Columns {
		content = append(content, d.name(c.Name)...)
	}
	content = append(content, 0xff, 0xff)
	binary.LittleEndian.PutUint32(content[8:], uint32(len(content)))
	d.writeDefinitionPages(number, content)
}

// writeDefinitionPages spreads a definition over as many pages as it needs.
func (d *database) writeDefinitionPages(number int, content []byte) {
	copy(d.pages[number], content)
	for rest := content[min(d.pageSize, len(content)):]; ; {
		copy(d.pages[number], "\x02\x01VC")
		if len(rest) == 0 {
			return
		}
		next := d.newPage()
		binary.LittleEndian.PutUint32(d.pages[number][4:], uint32(next))
		number = next
		rest = rest[copy(d.pages[number][8:], rest):]
	}
}

// columnEntry describes the column of a number. Where it begins is -1 if its length varies.
func (d *database) columnEntry(c Column, number, variable, fixed, size int) []byte {
	flags := byte(2) // may be NULL
	if fixed >= 0 {
		flags |= 1
	}
	if c.Type == jet.Text || c.Type == jet.Binary {
		size = 255 * d.width
	}
	e := make([]byte, 25)
	at := struct{ number, variable, again, extra, flags, fixed, length int }{5, 7, 9, 11, 15, 21, 23}
	if d.Version == jet.Jet3 {
		e = e[:18]
		at.number, at.variable, at.again, at.extra, at.flags, at.fixed, at.length = 1, 3, 5, 9, 13, 14, 16
	}
	put := func(offset, value int) { binary.LittleEndian.PutUint16(e[offset:], uint16(value)) }
	put(at.number, number)
	put(at.again, number)
	put(at.variable, variable)
	put(at.fixed, max(fixed, 0))
	put(at.length, size)
	e[0], e[at.flags] = byte(c.Type), flags
	switch {
	case c.Type == jet.Numeric:
		e[at.extra], e[at.extra+1] = 28, byte(c.Scale)
	case d.Version == jet.Jet3 && (c.Type == jet.Text || c.Type == jet.Memo):
		put(at.extra, int(d.CodePage))
	case c.Type == jet.Text || c.Type == jet.Memo:
		put(at.extra, 0x409) // the order of texts
		e[at.flags+1] = 1    // may be compressed
	}
	return e
}

func (d *database) name(name string) []byte {
	if d.Version == jet.Jet3 {
		b := windowsBytes(name)
		return append([]byte{byte(len(b))}, b...)
	}
	b := utf16Bytes(name)
	return append(binary.LittleEndian.AppendUint16(nil, uint16(len(b))), b...)
}
