package jet

import "fmt"

// row is a row taken apart. It begins with the number of columns that it knows, then come the columns of fixed length, those of
// variable length, and from the end backwards a bit for each column that is not NULL, the number of columns of variable
// length, and where each of them begins; behind the last stands where it ends.
type row struct {
	layout  *layout
	columns int    // that the table had when the row was written
	present []byte // a bit for each column
	fixed   []byte // what follows the header; columns that the row lacks are not looked for in it

	data      []byte // the row up to the bits
	variables int
	jumps     []byte // Jet 3: backwards, the first column that begins behind the next 256 bytes
	offsets   int    // where in data the last byte of the first offset stands; they go backwards
	end       int    // of the columns
}

// split takes a row of the table apart.
func (t *Table) split(data []byte) (row, error) {
	l := t.db.layout
	r := row{layout: l, data: data, end: len(data)}
	if len(data) < l.rowHeader {
		return r, fmt.Errorf("%w: a row of %d bytes", ErrDamaged, len(data))
	}
	r.columns = l.number(data)
	mask := len(data) - (r.columns+7)/8
	if mask < l.rowHeader {
		return r, fmt.Errorf("%w: a row of %d bytes has no room for %d columns", ErrDamaged, len(data), r.columns)
	}
	r.data, r.present, r.end = data[:mask], data[mask:], mask
	if t.variables > 0 {
		if err := r.splitVariable(len(data)); err != nil {
			return r, err
		}
	}
	r.fixed = data[l.rowHeader:max(l.rowHeader, r.end)]
	return r, nil
}

// splitVariable finds the columns of variable length in a row of size bytes.
func (r *row) splitVariable(size int) error {
	width := r.layout.rowHeader
	at := len(r.data) - width // from here on backwards
	if at < width {
		return fmt.Errorf("%w: a row of %d bytes", ErrDamaged, size)
	}
	r.variables = r.layout.number(r.data[at:])
	if r.layout.pageSize == jet3.pageSize {
		jumps := min((size-1)/256, at)
		r.jumps, at = r.data[at-jumps:at], at-jumps
	}
	r.offsets = at - 1
	end := at - (r.variables+1)*width // where the last offset stands, and behind the columns
	if end < width {
		return fmt.Errorf("%w: a row of %d bytes has no room for %d columns of variable length", ErrDamaged, size, r.variables)
	}
	// The last of the jumps may be a dummy. There are as many as the columns have full 256 bytes.
	r.jumps = r.jumps[max(0, len(r.jumps)-end/256):]
	r.end = end
	return nil
}

// has reports whether a column is not NULL. A row that is older than the column has none.
func (r *row) has(c *Column) bool {
	return c.number < r.columns && r.present[c.number/8]>>(c.number%8)&1 != 0
}

// bytes returns the bytes of a column that is not NULL, or nil if the row is older than the column. A column of fixed length
// may be followed by others; its type says how much of the bytes is its own.
func (r *row) bytes(c *Column) ([]byte, error) {
	if c.fixed >= 0 {
		if c.fixed > len(r.fixed) {
			return nil, fmt.Errorf("%w: begins at byte %d of %d", ErrDamaged, c.fixed, len(r.fixed))
		}
		b := r.fixed[c.fixed:]
		if c.Type == Text || c.Type == Binary {
			b = b[:min(c.length, len(b))]
		}
		return b, nil
	}
	if c.variable >= r.variables {
		return nil, nil
	}
	start, end := r.offset(c.variable), r.offset(c.variable+1)
	if start < r.layout.rowHeader || start > end || end > r.end {
		return nil, fmt.Errorf("%w: from byte %d to %d of %d", ErrDamaged, start, end, r.end)
	}
	return r.data[start:end], nil
}

// offset returns where a column of variable length begins, and so where the one before it ends.
func (r *row) offset(variable int) int {
	if r.layout.rowHeader == 2 {
		return int(order.Uint16(r.data[r.offsets-2*variable-1:]))
	}
	start := int(r.data[r.offsets-variable])
	for i := len(r.jumps) - 1; i >= 0 && int(r.jumps[i]) <= variable; i-- {
		start += 256
	}
	return start
}

// number reads one of the numbers in a row.
func (l *layout) number(b []byte) int {
	if l.rowHeader == 1 {
		return int(b[0])
	}
	return int(order.Uint16(b))
}
