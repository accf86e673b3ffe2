// Package jettest writes Jet and ACE databases for tests: small ones, without indexes, as Access would hardly write them
// but as it can read them. mdbtools agrees with package jet on what they hold.
package jettest

import (
	"crypto/rc4"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/musterhq/muster/importers/retina/jet"
)

// FirstTable is the page with the definition of the first table, for tests that damage it. The data pages of a table have
// the number of this page in their bytes 4 to 7, those of long values the text LVAL, those of usage maps 0.
const FirstTable = 3

// Table is a table to be written.
type Table struct {
	Name     string
	Columns  []Column
	Rows     []Row
	System   bool // one of Access itself
	Indirect bool // the usage map is one of pages; else only if the table is large
}

// Column is a column of any of the types that package jet names.
type Column struct {
	Name  string
	Type  jet.Type
	Scale int // of a Numeric
}

// Row is a row. The values are of the types that Rows of package jet returns, and may be fewer than the columns: then
// the row is older than the last of them.
type Row struct {
	Values  []any
	Moved   bool // to another page, with a pointer in its place
	Deleted bool
}

// Options are what the first page says.
type Options struct {
	Version  jet.Version
	Password string // without encryption
	Key      uint32 // claims encryption
	CodePage uint16 // 0 means 1252; the texts are written in 1252 all the same
}

// Each database was created on this day, at six o'clock. Jet 4 masks the password with the day.
const createdDay = 44017

// database is a database in the making.
type database struct {
	Options
	*layout
	pages [][]byte
	maps  *dataPages
	long  *dataPages // long values
}

type layout struct {
	pageSize, rowOffsets, inlineMap, width     int
	rows, variables, columns, usageMap, header int // in a definition
}

// Write returns a database with some tables. It panics if that cannot be, since tests say what is written.
func Write(o Options, tables ...Table) []byte {
	d := &database{Options: o, layout: &layout{
		pageSize: 4096, rowOffsets: 14, inlineMap: 64, width: 2, rows: 16, variables: 43, columns: 45, usageMap: 55, header: 63,
	}}
	if o.Version == jet.Jet3 {
		d.layout = &layout{
			pageSize: 2048, rowOffsets: 10, inlineMap: 128, width: 1, rows: 12, variables: 23, columns: 25, usageMap: 35, header: 43,
		}
	}
	for range FirstTable + len(tables) {
		d.newPage()
	}
	d.maps, d.long = &dataPages{database: d}, &dataPages{database: d, owner: binary.LittleEndian.Uint32([]byte("LVAL"))}
	d.writeHeader()
	catalog := Table{Name: "MSysObjects", Columns: []Column{
		{Name: "Id", Type: jet.Long}, {Name: "ParentId", Type: jet.Long}, {Name: "Name", Type: jet.Text}, {Name: "Type", Type: jet.Integer},
		{Name: "DateCreate", Type: jet.Date}, {Name: "Flags", Type: jet.Long}, {Name: "LvProp", Type: jet.OLE},
	}}
	for i, t := range tables {
		d.writeTable(FirstTable+i, t)
		flags := int64(0)
		if t.System {
			flags = math.MinInt32
		}
		catalog.Rows = append(catalog.Rows, Row{Values: []any{int64(FirstTable + i), int64(0x0f000001), t.Name, int64(1), nil, flags, nil}})
	}
	d.writeTable(2, catalog)
	var content []byte
	for _, page := range d.pages {
		content = append(content, page...)
	}
	return content
}

func (d *database) newPage() int {
	d.pages = append(d.pages, make([]byte, d.pageSize))
	return len(d.pages) - 1
}

func (d *database) writeHeader() {
	p := d.pages[0]
	signature, number := "Standard Jet DB\x00", byte(d.Version-jet.Jet3)
	if d.Version == jet.ACE {
		signature = "Standard ACE DB\x00"
	}
	copy(p, "\x00\x01\x00\x00"+signature)
	p[0x14] = number
	codePage := d.CodePage
	if codePage == 0 {
		codePage = 1252
	}
	binary.LittleEndian.PutUint16(p[0x3c:], codePage)
	binary.LittleEndian.PutUint32(p[0x3e:], d.Key)
	masked := p[0x18 : 0x18+128]
	if d.Version == jet.Jet3 {
		masked = masked[:126]
		copy(p[0x42:0x42+20], d.Password)
	} else {
		binary.LittleEndian.PutUint64(p[0x72:], math.Float64bits(createdDay+0.25))
		copy(p[0x42:0x42+40], utf16Bytes(d.Password))
		mask := binary.LittleEndian.AppendUint32(nil, createdDay)
		for i := range 40 {
			p[0x42+i] ^= mask[i%4]
		}
	}
	cipher, err := rc4.NewCipher([]byte{0xc7, 0xda, 0x39, 0x6b})
	must(err)
	cipher.XORKeyStream(masked, masked)
}

// writeTable writes the rows of a table, and then its definition on a page.
func (d *database) writeTable(page int, t Table) {
	rows := &dataPages{database: d, owner: uint32(page)}
	moved := &dataPages{database: d, owner: uint32(page)}
	for _, row := range t.Rows {
		d.writeRow(rows, moved, t.Columns, row)
	}
	usage := d.writeMap(append(rows.numbers, moved.numbers...), t.Indirect)
	d.writeDefinition(page, t, usage)
}

func (d *database) writeRow(rows, moved *dataPages, columns []Column, row Row) {
	content := d.row(columns, row.Values)
	switch {
	case row.Deleted:
		rows.add(content, 0xc000)
	case row.Moved:
		rows.add(moved.add(content, 0x8000).bytes(), 0x4000)
	default:
		rows.add(content, 0)
	}
}

// writeMap writes a usage map and returns where it is.
func (d *database) writeMap(pages []int, indirect bool) pointer {
	first, last := 0, 0
	if len(pages) > 0 {
		first, last = pages[0], pages[0]
	}
	for _, page := range pages {
		first, last = min(first, page), max(last, page)
	}
	if indirect || last-first >= d.inlineMap*8 {
		return d.writeIndirectMap(pages)
	}
	row := make([]byte, 5+d.inlineMap)
	binary.LittleEndian.PutUint32(row[1:], uint32(first))
	for _, page := range pages {
		row[5+(page-first)/8] |= 1 << ((page - first) % 8)
	}
	return d.maps.add(row, 0)
}

func (d *database) writeIndirectMap(pages []int) pointer {
	row := make([]byte, 1+d.inlineMap+4)
	row[0] = 1
	perPage := (d.pageSize - 4) * 8
	for _, page := range pages {
		entry := row[1+4*(page/perPage):]
		if binary.LittleEndian.Uint32(entry) == 0 {
			number := d.newPage()
			binary.LittleEndian.PutUint32(entry, uint32(number))
			copy(d.pages[number], "\x05\x01")
		}
		bits := d.pages[binary.LittleEndian.Uint32(entry)][4:]
		bits[page%perPage/8] |= 1 << (page % 8)
	}
	return d.maps.add(row, 0)
}

// pointer is the place of a row.
type pointer struct{ page, row int }

func (p pointer) bytes() []byte {
	return binary.LittleEndian.AppendUint32(nil, uint32(p.page<<8|p.row))
}

// dataPages are pages that rows are added to.
type dataPages struct {
	*database
	owner   uint32
	numbers []int
	rows    int // on the last page
	end     int // of the free space on it
}

// add adds a row behind the others, on a new page if the last one is full.
func (d *dataPages) add(row []byte, flags int) pointer {
	if len(d.numbers) == 0 || d.rows == 255 || d.rowOffsets+2*(d.rows+1)+len(row) > d.end {
		number := d.newPage()
		d.numbers, d.rows, d.end = append(d.numbers, number), 0, d.pageSize
		copy(d.pages[number], "\x01\x01")
		binary.LittleEndian.PutUint32(d.pages[number][4:], d.owner)
	}
	number := d.numbers[len(d.numbers)-1]
	page := d.pages[number]
	d.end -= len(row)
	if d.end < d.rowOffsets+2*(d.rows+1) {
		panic(fmt.Sprintf("a row of %d bytes is too long for a page", len(row)))
	}
	copy(page[d.end:], row)
	binary.LittleEndian.PutUint16(page[d.rowOffsets+2*d.rows:], uint16(d.end|flags))
	d.rows++
	binary.LittleEndian.PutUint16(page[d.rowOffsets-2:], uint16(d.rows))
	free := d.end - d.rowOffsets - 2*d.rows
	binary.LittleEndian.PutUint16(page[2:], uint16(free))
	return pointer{number, d.rows - 1}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
