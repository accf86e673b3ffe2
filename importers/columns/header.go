package columns

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/musterhq/muster/importers/text"
)

var errNoHost = errors.New("no host column")

// header is the line with the names of the columns. The reader stands behind it.
type header struct {
	names []string // folded
	comma rune
	line  int
}

// findHeader looks for a line that names a column with a host, between commas, semicolons or tabs. It is the first that
// is not blank, or one of the next if the format has a preamble.
func (e Export) findHeader(file *bufio.Reader) (header, error) {
	head, err := file.Peek(text.BufferBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return header{}, err
	}
	hostColumns := slices.Concat(e.IPAddress, e.Host)
	for n, read, tried := 1, 0, 0; tried <= e.Preamble && read < len(head); n++ {
		line, _, _ := bytes.Cut(head[read:], []byte("\n"))
		read = min(read+len(line)+1, len(head))
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		tried++
		for _, comma := range ",;\t" {
			names := split(line, comma)
			if e.Foreign != nil {
				if err := e.Foreign(names); err != nil {
					return header{}, err
				}
			}
			if len(indexes(names, hostColumns)) > 0 {
				_, err := file.Discard(read)
				return header{names, comma, n}, err
			}
		}
	}
	if len(bytes.TrimSpace(head)) == 0 {
		return header{}, text.ErrEmpty
	}
	return header{}, fmt.Errorf("%w: looked for %s", errNoHost, quoted(hostColumns))
}

// split returns the folded cells of a line.
func split(line []byte, comma rune) []string {
	r := csv.NewReader(bytes.NewReader(line))
	r.Comma, r.LazyQuotes = comma, true
	cells, _ := r.Read() // no cells of an empty line
	for i, cell := range cells {
		cells[i] = fold(cell)
	}
	return cells
}

// fold makes the spellings of a column's name equal: "Host_Name", "host name".
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _-/\u00a0\t", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// indexes returns where the columns stand, in the order of names. A name may stand there more than once.
func indexes(header, names []string) []int {
	var all []int
	for _, name := range names {
		name = fold(name)
		for i, cell := range header {
			if cell == name {
				all = append(all, i)
			}
		}
	}
	return all
}

func quoted(names []string) string {
	var list []string
	for _, name := range names {
		list = append(list, fmt.Sprintf("%q", name))
	}
	return strings.Join(list, " or ")
}
