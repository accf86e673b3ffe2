package jet

import (
	"fmt"
	"io"
)

// The kinds of pages that are read, as the first byte tells.
const (
	dataPage       = 1
	definitionPage = 2
	usagePage      = 5
)

// pages are the pages of a file. The ones read last are kept: rows point to long values that lie close together.
type pages struct {
	file  io.ReaderAt
	size  int
	bytes int64  // of the file
	count uint32 // a cut off page does not count
	cache [64]struct {
		number  uint32
		content page
	}
}

// page is the content of a page. That of a kept page does not change, and stays valid.
type page []byte

func newPages(file io.ReaderAt, size int64, pageSize int) pages {
	count := min(size/int64(pageSize), 1<<24) // pointers have three bytes for a page
	return pages{file: file, size: pageSize, bytes: size, count: uint32(max(0, count))}
}

// read returns a page of the kind wanted.
func (p *pages) read(number uint32, kind byte) (page, error) {
	content, err := p.any(number)
	if err == nil && content[0] != kind {
		return nil, fmt.Errorf("%w: page %d is of kind %d, not %d", ErrDamaged, number, content[0], kind)
	}
	return content, err
}

// any returns a page of any kind.
func (p *pages) any(number uint32) (page, error) {
	kept := &p.cache[number%uint32(len(p.cache))]
	if kept.content != nil && kept.number == number {
		return kept.content, nil
	}
	content := make(page, p.size)
	if err := p.load(number, content); err != nil {
		return nil, err
	}
	kept.number, kept.content = number, content
	return content, nil
}

// load reads a page into content. Nothing points to the first page.
func (p *pages) load(number uint32, content page) error {
	if number == 0 || number >= p.count {
		return fmt.Errorf("%w: no page %d, the file ends after %d pages", ErrDamaged, number, p.count)
	}
	if n, err := p.file.ReadAt(content, int64(number)*int64(p.size)); n < len(content) {
		return fmt.Errorf("page %d: %w", number, err)
	}
	return nil
}

// pointer is the place of a row.
type pointer struct {
	page uint32
	row  int
}

func pointerAt(b []byte) pointer {
	v := order.Uint32(b)
	return pointer{page: v >> 8, row: int(v & 0xff)}
}

func (p pointer) String() string { return fmt.Sprintf("page %d row %d", p.page, p.row) }

// What the upper bits of a row's offset say. A row that grew too long for its page leaves a pointer in its place: then
// the place has flagPointer alone and the row, wherever it is, flagHidden alone. A deleted row has both.
const (
	offsetMask  = 0x1fff
	flagPointer = 0x4000
	flagHidden  = 0x8000
)

// rows returns how many rows a data page has, deleted ones too.
func (p page) rows(l *layout) int {
	n := int(order.Uint16(p[l.rowCount:]))
	return min(n, (len(p)-l.rowOffsets)/2)
}

// hidden reports whether a row is deleted, or found by way of a pointer only. What else is said of it may be anything then.
func (p page) hidden(l *layout, i int) bool {
	return order.Uint16(p[l.rowOffsets+2*i:])&flagHidden != 0
}

// row returns a row of a data page and its flags. Rows lie from the end of the page to its beginning without gaps.
func (p page) row(l *layout, i int) (row []byte, flags int, err error) {
	if i >= p.rows(l) {
		return nil, 0, fmt.Errorf("%w: no row %d", ErrDamaged, i)
	}
	at := l.rowOffsets + 2*i
	start, end := int(order.Uint16(p[at:])), len(p)
	if i > 0 {
		end = int(order.Uint16(p[at-2:])) & offsetMask
	}
	flags, start = start&^offsetMask, start&offsetMask
	if start > end || end > len(p) || start < l.rowOffsets+2*p.rows(l) {
		return nil, 0, fmt.Errorf("%w: row %d from byte %d to %d", ErrDamaged, i, start, end)
	}
	return p[start:end], flags, nil
}

// at returns what a pointer leads to.
func (db *Database) at(p pointer) (row []byte, flags int, err error) {
	content, err := db.pages.read(p.page, dataPage)
	if err != nil {
		return nil, 0, err
	}
	if row, flags, err = content.row(db.layout, p.row); err != nil {
		err = fmt.Errorf("page %d: %w", p.page, err)
	}
	return row, flags, err
}

// loop finds out whether a chain of links comes back to itself, without a list of them: it compares each link with one
// that it remembers, and remembers another after twice as many steps as the last time.
type loop[T comparable] struct {
	steps, next int
	remembered  T
}

// closed reports whether the chain has come to a link for the second time, at the latest after three rounds.
func (l *loop[T]) closed(link T) bool {
	if l.steps > 0 && link == l.remembered {
		return true
	}
	if l.steps == l.next {
		l.remembered, l.next = link, 2*l.next+1
	}
	l.steps++
	return false
}
