package columns

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/musterhq/muster/importers/text"
)

// maxRecord is the length in bytes of the longest row that is read, and maxColumns how many columns it may have. A quote that is
// never closed makes one row of the rest of a file, and that must not cost more memory than there is.
const (
	maxRecord  = 8 << 20
	maxColumns = 256 << 10
)

// What damages a row.
var (
	errBareQuote = errors.New("quote in a cell that does not begin with one")
	errQuote     = errors.New("quote inside of a cell in quotes")
	errUnclosed  = errors.New("quote not closed")
	errSwallowed = errors.New("quote not closed in its row")
	errTooLong   = fmt.Errorf("more than %d MiB or %d columns in a row: quote not closed?", maxRecord>>20, maxColumns)
)

// isDamage reports whether an error is about a row and not about the file.
func isDamage(err error) bool {
	return err == errBareQuote || err == errQuote || err == errUnclosed || err == errTooLong
}

// rows reads the rows of a table as encoding/csv does, where nothing is damaged. Behind the first line of a damaged row it goes on with
// the next line, which encoding/csv cannot do: there a quote that somebody forgot takes the rest of the file with it.
type rows struct {
	file  *text.File
	comma byte

	lines []byte // of the file: those of the row, and behind them those that are to be read again
	begin int    // of the row in lines
	first int    // the end of its first line
	end   int    // of its last line
	next  int    // where the next row begins
	ended bool   // the file has no more lines
	long  bool   // the rest of a line that is too long comes next

	line, nextLine int   // the number of the row's first line, and of the next one's
	passed         int64 // bytes before the row

	buffer []byte   // the cells behind one another
	ends   []int    // of the cells in buffer
	cells  []string // the same for all rows
	quoted bool     // the last cell is in quotes
}

func newRows(file *text.File, comma rune, line int) *rows {
	return &rows{file: file, comma: byte(comma), nextLine: line + 1}
}

// read returns the next row that is not an empty line, io.EOF behind the last one, or one of the errors above for a damaged row, behind
// which others may follow. The slice is the same for all rows.
func (r *rows) read() ([]string, error) {
	for {
		if r.start(); r.long {
			if err := r.passLong(); err != nil {
				return nil, err
			}
			continue
		}
		err := r.more()
		if err != nil && r.end == r.begin {
			return nil, err
		}
		r.first, r.next, r.nextLine = r.end, r.end, r.line+1
		if err != nil {
			return nil, err
		}
		if r.lines[r.begin] != '\n' {
			break
		}
	}
	if err := r.parse(); err != nil {
		return nil, err
	}
	r.next = r.end
	r.nextLine = r.line + max(1, bytes.Count(r.lines[r.begin:r.end], []byte("\n")))
	return r.texts(), nil
}

// reject makes a row of the first line alone: those behind it are read again.
func (r *rows) reject() { r.next, r.nextLine = r.first, r.line+1 }

// within yields the lines of the row behind the first that are rows by themselves, with so many cells or more.
func (r *rows) within(width int) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for line := range bytes.Lines(r.lines[r.first:r.end]) {
			if bytes.Count(line, []byte{r.comma}) < width-1 {
				continue
			}
			inner := csv.NewReader(bytes.NewReader(line))
			inner.Comma = rune(r.comma)
			if row, err := inner.Read(); err == nil && len(row) >= width && !yield(row) {
				return
			}
		}
	}
}

// firstLine returns the first line of the row as it is in the file.
func (r *rows) firstLine() string { return string(r.lines[r.begin:min(r.first, r.begin+1<<10)]) }

// unended reports whether the row is the last one and its line has no end: it may be cut off.
func (r *rows) unended() bool { return r.end > r.begin && r.lines[r.end-1] != '\n' }

// start begins a row. What is before it is forgotten, unless there is more behind it that would have to be moved.
func (r *rows) start() {
	r.passed += int64(r.next - r.begin)
	if kept := len(r.lines) - r.next; r.next >= kept {
		copy(r.lines, r.lines[r.next:])
		r.lines, r.next = r.lines[:kept], 0
	}
	r.begin, r.first, r.end, r.line = r.next, r.next, r.next, r.nextLine
}

// more takes one more line to the row: one that is to be read again, or else of the file.
func (r *rows) more() error {
	behind := bytes.IndexByte(r.lines[r.end:], '\n')
	for behind < 0 && !r.ended {
		if len(r.lines)-r.begin > maxRecord {
			return r.giveUp()
		}
		piece, err := r.fromFile()
		if err != nil {
			return err
		}
		if i := bytes.IndexByte(piece, '\n'); i >= 0 {
			behind = len(r.lines) - r.end + i
		}
		r.lines = append(r.lines, piece...)
	}
	switch {
	case behind >= 0:
		r.end += behind + 1
	case r.end == len(r.lines):
		return io.EOF
	default:
		r.end = len(r.lines)
	}
	if r.end-r.begin > maxRecord {
		return errTooLong
	}
	return nil
}

// fromFile reads the file to the end of a line, or as far as its buffer goes.
func (r *rows) fromFile() ([]byte, error) {
	r.file.Allow(maxRecord) // what is read of the file at a time
	piece, err := r.file.ReadSlice('\n')
	if r.ended = err == io.EOF; err == io.EOF || err == bufio.ErrBufferFull {
		err = nil
	}
	return piece, err
}

// giveUp ends a row that is too long in the midst of a line. If that is its first line, its rest is not kept.
func (r *rows) giveUp() error {
	if r.end == r.begin {
		r.lines, r.long = r.lines[:r.begin+1<<10], true // enough for firstLine
		r.first, r.next = len(r.lines), len(r.lines)
	}
	return errTooLong
}

// passLong reads on to the end of a line, or returns errTooLong if that is still far away.
func (r *rows) passLong() error {
	for n := 0; n < maxRecord; {
		piece, err := r.fromFile()
		if err != nil {
			return err
		}
		n += len(piece)
		r.passed += int64(len(piece))
		if bytes.HasSuffix(piece, []byte("\n")) || r.ended {
			r.long, r.nextLine = false, r.line+1
			return nil
		}
	}
	return errTooLong
}

// parse finds the cells of the row, and takes as many lines to it as the quotes demand.
func (r *rows) parse() error {
	r.buffer, r.ends = r.buffer[:0], r.ends[:0]
	for at, last := r.begin, false; !last; {
		var err error
		if r.quoted = r.lines[at] == '"'; r.quoted {
			at, last, err = r.inQuotes(at + 1)
		} else {
			at, last, err = r.plain(at)
		}
		if err != nil {
			return err
		}
		if r.ends = append(r.ends, len(r.buffer)); len(r.ends) > maxColumns {
			return errTooLong
		}
		if at == r.end && !last { // a comma ends the file
			r.quoted, last = false, true
			r.ends = append(r.ends, len(r.buffer))
		}
	}
	return nil
}

// plain reads a cell without quotes and returns where the next one begins, or that it is the last.
func (r *rows) plain(at int) (next int, last bool, err error) {
	cell := bytes.TrimSuffix(r.lines[at:r.end], []byte("\n"))
	if i := bytes.IndexByte(cell, r.comma); i >= 0 {
		cell = cell[:i]
	} else {
		last = true
	}
	if bytes.IndexByte(cell, '"') >= 0 {
		return 0, false, errBareQuote
	}
	r.buffer = append(r.buffer, cell...)
	return at + len(cell) + 1, last, nil
}

// inQuotes reads a cell from behind its first quote to its last one.
func (r *rows) inQuotes(at int) (next int, last bool, err error) {
	for {
		i := bytes.IndexByte(r.lines[at:r.end], '"')
		if i < 0 {
			r.buffer = append(r.buffer, r.lines[at:r.end]...)
			at = r.end
			if err := r.more(); err == io.EOF {
				return 0, false, errUnclosed
			} else if err != nil {
				return 0, false, err
			}
			continue
		}
		r.buffer = append(r.buffer, r.lines[at:at+i]...)
		at += i + 1
		switch {
		case at == r.end || r.lines[at] == '\n':
			return at + 1, true, nil
		case r.lines[at] == r.comma:
			return at + 1, false, nil
		case r.lines[at] != '"':
			return 0, false, errQuote
		}
		r.buffer = append(r.buffer, '"')
		at++
	}
}

// texts returns the cells as texts that share their memory.
func (r *rows) texts() []string {
	all, begin := string(r.buffer), 0
	r.cells = r.cells[:0]
	for _, end := range r.ends {
		r.cells = append(r.cells, all[begin:end])
		begin = end
	}
	return r.cells
}
