// Package reports makes the reports of subscriptions: tables of what the subscription's owner may see, as CSV, XLSX, PDF,
// DOCX or TIFF, and runs the subscriptions that are due.
package reports

import (
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/musterhq/muster/store"
)

// Table is what a file shows. Its rows are read once, while the file is written.
type Table struct {
	Title   string    // of the report
	Note    string    // below the title, where a format has room for it
	Made    time.Time // when
	Columns []Column
	Rows    iter.Seq2[[]string, error] // each as long as Columns
}

// Column is one column of a table.
type Column struct {
	Name  string
	Width float64 // in relation to the other columns, where a page has to be divided
}

// The rows that a file may have. Pages are laid out in memory, and nobody reads more of them; data is streamed. A page of
// a TIFF takes about 120 KiB.
const (
	maxRows     = 100_000
	maxPageRows = 10_000
	maxTIFFRows = 5_000
)

// Scratch is where a large XLSX lies until it is whole.
type Scratch struct {
	Folder string                // private; empty: the system's
	Room   func(bytes int) error // asked before so much is written there; nil: there is always room
}

// room asks for what a row of a sheet takes, its elements included.
func (s Scratch) room(row []string) error {
	if s.Room == nil {
		return nil
	}
	const elements = 64 // around each cell
	bytes := 0
	for _, cell := range row {
		bytes += elements + len(cell)
	}
	return s.Room(bytes)
}

// Write writes a table as a file of a format, which is one of store.Formats. It returns the error of scratch's Room.
func Write(w io.Writer, format string, t Table, scratch Scratch) error {
	write, limit := writeCSV, maxRows
	switch format {
	case store.FormatCSV:
	case store.FormatXLSX:
		write = func(w io.Writer, t Table) error { return writeXLSX(w, t, scratch) }
	case store.FormatPDF:
		write, limit = writePDF, maxPageRows
	case store.FormatDOCX:
		write, limit = writeDOCX, maxPageRows
	case store.FormatTIFF:
		write, limit = writeTIFF, maxTIFFRows
	default:
		return store.Invalid("invalid Format %q", format)
	}
	t.Title, t.Note = clean(t.Title), clean(t.Note)
	t.Rows = limited(t.Rows, limit)
	return write(w, t)
}

// limited cleans the rows and ends a table that has too many with one that says how many were left out.
func limited(rows iter.Seq2[[]string, error], limit int) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		n, columns := 0, 1
		for row, err := range rows {
			if n++; err == nil && n > limit {
				columns = len(row)
				continue
			}
			for i := range row {
				row[i] = clean(row[i])
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
		if n > limit {
			last := make([]string, columns)
			last[0] = fmt.Sprintf("… %d more rows are left out: a file of this format has at most %d.", n-limit, limit)
			yield(last, nil)
		}
	}
}

// clean brings a cell into what every format can hold: a line ends with \n, and what is no text or controls a terminal
// becomes U+FFFD. Tabs stay.
func clean(s string) string {
	if !strings.ContainsFunc(s, odd) {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case odd(r):
			return utf8.RuneError
		}
		return r
	}, s)
}

// odd reports whether no file should hold a character as it is: controls, and the two that XML has no place for. What is
// no UTF-8 is read as U+FFFD.
func odd(r rune) bool {
	return r != '\n' && r != '\t' && unicode.IsControl(r) || r == '\ufffe' || r == '\uffff' || r == utf8.RuneError
}

// cut shortens a text to so many characters and shows that it did.
func cut(s string, limit int) string {
	if len(s) <= limit || utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}

// stamp is how a moment reads in a report.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
