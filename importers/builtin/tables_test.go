package builtin_test

import (
	"bytes"
	"encoding/csv"
	"math/rand/v2"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// tables rewrites CSV: one to three reports in a file, each with addresses of its own, some of its columns in another
// order, perhaps a preamble and a footer, between other commas, with other line ends, in another encoding.
type tables struct {
	keep               []string // the columns that are not dropped
	id                 string   // the column with the scanner's ids, if there is one
	preambles, footers []string
}

func (c tables) rewrite(r *rand.Rand, content []byte) ([]byte, int) {
	header, rows := parse(content)
	times, comma, quote := 1+r.IntN(3), oneOf(r, ',', ';', '\t'), oneOf(r, minimal, always, wrapped)
	var file strings.Builder
	nets := r.Perm(100 * 256)
	for report := range times {
		if r.IntN(2) == 0 && len(c.preambles) > 0 {
			file.WriteString(strings.ReplaceAll(oneOf(r, c.preambles...), `","`, `"`+string(comma)+`"`))
		}
		columns := c.choose(r, header)
		file.WriteString(quote(pick(header, columns), comma))
		for _, i := range r.Perm(len(rows)) {
			row := slices.Clone(rows[i])
			if i := slices.Index(header, c.id); i >= 0 && row[i] != "" {
				row[i] += strings.Repeat("0", report)
			}
			for n, cell := range row {
				row[n] = renumbered(cell, nets[report])
			}
			file.WriteString(quote(pick(row, columns), comma))
		}
		if r.IntN(2) == 0 && len(c.footers) > 0 {
			file.WriteString(strings.ReplaceAll(oneOf(r, c.footers...), `","`, `"`+string(comma)+`"`))
		}
	}
	text := strings.ReplaceAll(file.String(), "\n", oneOf(r, "\n", "\r\n", "\r"))
	encoded, err := oneOf[encoding.Encoding](r, unicode.UTF8, unicode.UTF8BOM, charmap.Windows1252, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
		unicode.UTF16(unicode.BigEndian, unicode.UseBOM)).NewEncoder().String(text)
	if err != nil {
		panic(err) // a case has a character that Windows-1252 has not
	}
	return []byte(encoded), times
}

// parse finds the table of a report without damage.
func parse(content []byte) (header []string, rows [][]string) {
	r := csv.NewReader(bytes.NewReader(content))
	if r.FieldsPerRecord = -1; bytes.Count(content, []byte(";")) > bytes.Count(content, []byte(",")) {
		r.Comma = ';'
	}
	all, err := r.ReadAll()
	if err != nil {
		panic(err)
	}
	for _, row := range all {
		switch {
		case len(row) > len(header):
			header, rows = row, nil
		case len(row) == len(header):
			rows = append(rows, row)
		}
	}
	return header, rows
}

// choose returns columns in any order, those to keep and some of the others; of fewer than four nobody could tell where
// the table ends.
func (c tables) choose(r *rand.Rand, header []string) (columns []int) {
	share := r.Float64()
	for n, i := range r.Perm(len(header)) {
		if slices.Contains(c.keep, header[i]) || r.Float64() < share || n < 4 {
			columns = append(columns, i)
		}
	}
	return columns
}

func pick(row []string, columns []int) (cells []string) {
	for _, i := range columns {
		cells = append(cells, row[i])
	}
	return cells
}

// minimal, always and wrapped write a row: with quotes where they are needed, everywhere, and everywhere but around the
// first cell and then around the whole.
func minimal(row []string, comma rune) string {
	var line strings.Builder
	w := csv.NewWriter(&line)
	w.Comma = comma
	_ = w.Write(row)
	w.Flush()
	return line.String()
}

func always(row []string, comma rune) string {
	cells := make([]string, len(row))
	for i, cell := range row {
		cells[i] = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
	}
	return strings.Join(cells, string(comma)) + "\n"
}

func wrapped(row []string, comma rune) string {
	inner := strings.TrimSuffix(always(row, comma), "\n")
	return `"` + strings.ReplaceAll(inner, `"`, `""`) + "\"\n"
}
