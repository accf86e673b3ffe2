package jet

import (
	"fmt"
	"iter"
)

// maxMoves is how many pointers lead to a row. One is usual.
const maxMoves = 4

// scan is one way through the rows of a table.
type scan struct {
	*Table
	columns []int
	values  []any
	content page  // the data page; what its rows point to comes from the kept pages
	left    int64 // bytes that the remaining rows can have
}

// Rows yields the values of some columns, given by their places in t.Columns, of each row. The values are of the types
// that are listed with Type. The slice is the same for each row. After an error, which is wrapped with the table's name, it
// ends; so a table that is cut off yields what is left of it first.
func (t *Table) Rows(columns ...int) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		s := &scan{Table: t, columns: columns, values: make([]any, len(columns)), content: make(page, t.db.pages.size), left: t.db.pages.bytes}
		for number, err := range t.db.owned(t.usage) {
			if err == nil {
				var more bool
				if more, err = s.page(number, yield); err == nil && !more {
					return
				}
			}
			if err != nil {
				yield(nil, fmt.Errorf("table %.100q: %w", t.Name, err))
				return
			}
		}
	}
}

// page yields the rows on a page, if it is one of the table's data pages, and reports whether to go on.
func (s *scan) page(number uint32, yield func([]any, error) bool) (bool, error) {
	content := s.content
	if err := s.db.pages.load(number, content); err != nil {
		return false, err
	}
	if content[0] != dataPage || order.Uint32(content[4:]) != s.Table.page {
		return true, s.db.spend()
	}
	for i := range content.rows(s.db.layout) {
		if content.hidden(s.db.layout, i) {
			continue
		}
		data, flags, err := content.row(s.db.layout, i)
		if err == nil {
			data, flags, err = s.follow(data, flags)
		}
		if err == nil && flags&flagHidden == 0 {
			if err = s.read(data); err == nil && !yield(s.values, nil) {
				return false, nil
			}
		}
		if err != nil {
			return false, fmt.Errorf("%v: %w", pointer{number, i}, err)
		}
	}
	return true, nil
}

// follow returns the row that a row points to, or the row itself if it is none that points.
func (s *scan) follow(data []byte, flags int) ([]byte, int, error) {
	for range maxMoves {
		if flags&flagPointer == 0 || flags&flagHidden != 0 {
			return data, flags, nil
		}
		if len(data) < 4 {
			return nil, 0, fmt.Errorf("%w: a pointer of %d bytes", ErrDamaged, len(data))
		}
		var err error
		if data, flags, err = s.db.at(pointerAt(data)); err != nil {
			return nil, 0, err
		}
		if flags&flagPointer == 0 {
			flags &^= flagHidden // from the one who does not come by way of the pointer
		}
	}
	return nil, 0, fmt.Errorf("%w: a row that was moved more than %d times", ErrDamaged, maxMoves)
}

// spend counts bytes of the file that were read as part of a row. Each belongs to one row only, so that there cannot be
// more of them than the file has, unless links lead to the same place again and again.
func (s *scan) spend(n int) error {
	if s.left -= int64(n); s.left < 0 {
		return fmt.Errorf("%w: rows share their content with others", ErrDamaged)
	}
	return nil
}

// read sets s.values from a row.
func (s *scan) read(data []byte) error {
	if err := s.spend(len(data)); err != nil {
		return err
	}
	r, err := s.split(data)
	if err != nil {
		return err
	}
	for i, column := range s.columns {
		c := &s.Columns[column]
		if s.values[i], err = s.value(c, r); err != nil {
			return fmt.Errorf("column %.100q: %w", c.Name, err)
		}
	}
	return nil
}

// value returns the value of a column in a row.
func (s *scan) value(c *Column, r row) (any, error) {
	if c.Type == Boolean {
		return r.has(c), nil // that is where they are kept
	}
	if !r.has(c) {
		return nil, nil
	}
	b, err := r.bytes(c)
	if err != nil || b == nil {
		return nil, err
	}
	if c.Type == Memo || c.Type == OLE {
		if b, err = s.long(b); err != nil {
			return nil, err
		}
	}
	return s.db.value(c, b)
}
