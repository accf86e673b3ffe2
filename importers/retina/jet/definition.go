package jet

import (
	"fmt"
)

const (
	maxColumns         = 255 // what Access allows
	maxDefinitionPages = 64  // twice what 255 columns and 32 indexes with the longest names need
)

// Table is a table of a database.
type Table struct {
	Name    string
	Columns []Column

	db        *Database
	page      uint32 // of its definition; its data pages name it
	usage     pointer
	variables int // columns of variable length, dropped ones too
}

// Column is a column of a table.
type Column struct {
	Name string
	Type Type

	number   int // its bit in the null mask
	fixed    int // where it begins behind the row's header; -1 if its length varies
	variable int // its place among the columns of variable length
	length   int
	extra    uint16 // the code page of a text, the scale of a number in the upper byte
}

// flagFixed is set for a column of fixed length.
const flagFixed = 1

// definition reads the definition of a table that begins on a page.
func (db *Database) definition(number uint32) (*Table, error) {
	content, err := db.definitionPages(number)
	if err != nil {
		return nil, err
	}
	l, r := db.layout, reader{rest: content}
	header := r.take(l.indexEntries)
	if r.short {
		return nil, fmt.Errorf("%w: definition on page %d is cut off", ErrDamaged, number)
	}
	columns := int(order.Uint16(header[l.columnCount:]))
	if columns > maxColumns {
		return nil, fmt.Errorf("%w: definition on page %d of %d columns, at most %d are possible", ErrDamaged, number, columns, maxColumns)
	}
	t := &Table{
		db: db, page: number,
		usage:     pointerAt(header[l.usageMap:]),
		variables: int(order.Uint16(header[l.variableColumns:])),
	}
	r.skip(uint64(order.Uint32(header[l.indexCount:])) * uint64(l.indexEntry))
	for range columns {
		entry := r.take(l.columnEntry)
		if r.short {
			break
		}
		t.Columns = append(t.Columns, l.columnOf(entry))
	}
	for i := range t.Columns {
		t.Columns[i].Name = r.name(db)
	}
	if r.short {
		return nil, fmt.Errorf("%w: definition on page %d of %d columns is cut off", ErrDamaged, number, columns)
	}
	return t, nil
}

// definitionPages returns the pages of a definition as one, with the header of the first.
func (db *Database) definitionPages(first uint32) ([]byte, error) {
	var all []byte
	var links loop[uint32]
	for number, n := first, 0; number != 0; n++ {
		if links.closed(number) {
			return nil, fmt.Errorf("%w: definition on page %d comes back to page %d", ErrDamaged, first, number)
		}
		if n == maxDefinitionPages {
			return nil, fmt.Errorf("%w: definition on page %d has more than %d pages", ErrDamaged, first, maxDefinitionPages)
		}
		content, err := db.pages.read(number, definitionPage)
		if err == nil {
			err = db.spend()
		}
		if err != nil {
			return nil, fmt.Errorf("definition on page %d: %w", first, err)
		}
		number = order.Uint32(content[4:])
		if n > 0 {
			content = content[definitionHeader:]
		}
		all = append(all, content...)
	}
	return all, nil
}

func (l *layout) columnOf(entry []byte) Column {
	two := func(offset int) int { return int(order.Uint16(entry[offset:])) }
	c := Column{
		Type:   Type(entry[0]),
		number: two(l.column.number), fixed: -1, variable: two(l.column.variable),
		length: two(l.column.length), extra: uint16(two(l.column.extra)),
	}
	if entry[l.column.flags]&flagFixed != 0 {
		c.fixed = two(l.column.fixed)
	}
	return c
}

// reader takes a definition apart. After the end it returns nothing, and is short.
type reader struct {
	rest  []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.rest) {
		r.rest, r.short = nil, true
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) skip(n uint64) { r.take(int(min(n, uint64(len(r.rest))+1))) }

// name returns the name of a column.
func (r *reader) name(db *Database) string {
	if db.layout.wideNames {
		if length := r.take(2); length != nil {
			return decodeUTF16(r.take(int(order.Uint16(length))))
		}
	} else if length := r.take(1); length != nil {
		return decodeBytes(r.take(int(length[0])), db.codePage)
	}
	return ""
}
