package columns

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"strings"

	"github.com/musterhq/muster/importers/text"
)

// start is where the first header of a file is.
type start struct {
	comma  rune
	offset int // in bytes
	line   int // how many lines are above it
}

// findStart looks for a header between commas, semicolons or tabs in the beginning of a file. Without one the beginning is
// of a preamble that is long: the header may still come.
func (v *vocabulary) findStart(head []byte) (best start, found bool) {
	best.comma = ','
	for _, comma := range ",;\t" {
		if offset, ok := v.findHeader(head, comma); ok && (!found || offset < best.offset) {
			best, found = start{comma, offset, bytes.Count(head[:offset], []byte("\n"))}, true
		}
	}
	return best, found
}

// findHeader returns the offset of the first record that is a header, be it one to refuse. It passes over some lines that
// are not CSV, but not over any number of them: each can cost a look at all that follows.
func (v *vocabulary) findHeader(head []byte, comma rune) (offset int, found bool) {
	first, inner := true, newUnwrapper(comma)
	for range 100 {
		r := csv.NewReader(bytes.NewReader(head[offset:]))
		r.Comma, r.FieldsPerRecord, r.ReuseRecord = comma, -1, true
		at := 0
		row, err := r.Read()
		for ; err == nil; row, err = r.Read() {
			if row = inner.unwrap(row); !blank(row) && !isHint(row) {
				if known, refused := v.isHeader(row, first); known || refused != nil {
					return offset + at, true
				}
				first = false
			}
			at = int(r.InputOffset())
		}
		if _, malformed := errors.AsType[*csv.ParseError](err); !malformed {
			return 0, false
		}
		rest := bytes.TrimLeft(head[offset+at:], "\n") // it made nothing of empty lines
		_, rest, _ = bytes.Cut(rest, []byte("\n"))
		offset, first = len(head)-len(rest), false
	}
	return 0, false
}

// isHint reports whether a row is the line "sep=;" that Excel wants above a table.
func isHint(row []string) bool { return len(row) <= 2 && strings.HasPrefix(row[0], "sep=") }

// unwrapper finds the row that is in the only cell of another one: some exporters put whole rows into quotes.
type unwrapper struct {
	comma  rune
	cell   strings.Reader
	buffer *bufio.Reader
}

func newUnwrapper(comma rune) *unwrapper {
	return &unwrapper{comma: comma, buffer: bufio.NewReaderSize(nil, text.BufferBytes)}
}

func (u *unwrapper) unwrap(row []string) []string {
	if len(row) != 1 || !strings.ContainsRune(row[0], u.comma) {
		return row
	}
	u.cell.Reset(row[0])
	u.buffer.Reset(&u.cell)
	r := csv.NewReader(u.buffer)
	r.Comma, r.FieldsPerRecord = u.comma, -1
	if inner, err := r.Read(); err == nil && int(r.InputOffset()) == len(row[0]) {
		return inner
	}
	return row
}
