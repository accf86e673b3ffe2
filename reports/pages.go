package reports

import (
	"fmt"
	"strings"
)

// Pages are laid out once for the formats that draw them: A4, turned, in points from the upper left corner.
const (
	pageWidth  = 842.0
	pageHeight = 595.0
	margin     = 36.0
	textSize   = 7.0
	titleSize  = 14.0
	lineHeight = 9.0
	padding    = 2.0 // around a cell
	bottom     = pageHeight - margin - 2*lineHeight
)

// page is what is drawn on one page.
type page struct {
	texts []text
	rules []float64 // the heights of the lines between rows
}

// text is a line of text with its baseline.
type text struct {
	x, y, size float64
	bold       bool
	s          string
}

// layout lays out a table.
type layout struct {
	Table
	faces  [2]*typeface // regular, bold
	x      []float64    // where the columns begin, and the last one ends
	pages  []*page
	y      float64
	lacked bool // a character is not in the fonts
}

// lay returns the pages of a table, at least one.
func lay(t Table) ([]*page, error) {
	faces, err := typefaces()
	if err != nil {
		return nil, err
	}
	l := &layout{Table: t, faces: faces, x: []float64{margin}}
	for i, width := range divide(t.Columns, pageWidth-2*margin) {
		l.x = append(l.x, l.x[i]+width)
	}
	l.open()
	for row, err := range t.Rows {
		if err != nil {
			return nil, err
		}
		l.row(row, false)
	}
	if l.lacked {
		l.y += lineHeight
		l.line(fmt.Sprintf("%c stands for a character that the font of this page lacks; the report as XLSX or CSV shows it.", missing), textSize, false)
	}
	for i, p := range l.pages {
		p.texts = append(p.texts, text{margin, pageHeight - margin, textSize, false, fmt.Sprintf("Page %d of %d", i+1, len(l.pages))})
	}
	return l.pages, nil
}

// open begins a page with the title and the names of the columns.
func (l *layout) open() {
	l.pages = append(l.pages, &page{})
	l.y = margin
	if len(l.pages) == 1 {
		l.line(l.Title, titleSize, true)
		l.line(strings.TrimPrefix(l.Note+" · "+stamp(l.Made), " · "), textSize, false)
	} else {
		l.line(l.Title+" · "+stamp(l.Made), textSize, false)
	}
	l.y += padding
	names := make([]string, len(l.Columns))
	for i, c := range l.Columns {
		names[i] = c.Name
	}
	l.row(names, true)
}

func (l *layout) page() *page { return l.pages[len(l.pages)-1] }

// line writes one line as wide as the page; what is too long is cut.
func (l *layout) line(s string, size float64, bold bool) {
	face := l.face(bold)
	s, lacks := face.shown(s)
	l.lacked = l.lacked || lacks
	head, rest := face.fit(strings.ReplaceAll(s, "\n", " "), (pageWidth-2*margin)/size)
	if rest != "" {
		head = strings.TrimRight(head, " ") + "…"
	}
	l.y += size * lineHeight / textSize
	l.page().texts = append(l.page().texts, text{margin, l.y, size, bold, head})
}

func (l *layout) face(bold bool) *typeface {
	if bold {
		return l.faces[1]
	}
	return l.faces[0]
}

// row writes a row, on the next page if it does not fit this one.
func (l *layout) row(cells []string, head bool) {
	face, high := l.face(head), 1
	lines := make([][]string, len(cells))
	for i, cell := range cells {
		shown, lacks := face.shown(cell)
		l.lacked = l.lacked || lacks
		width := l.x[i+1] - l.x[i]
		if onlyFirst(cells) {
			width = pageWidth - 2*margin
		}
		lines[i] = face.wrap(shown, (width-2*padding)/textSize)
		high = max(high, len(lines[i]))
	}
	if l.y+float64(high)*lineHeight+padding > bottom && !head {
		l.open()
	}
	p := l.page()
	for i, cell := range lines {
		for n, line := range cell {
			if line != "" {
				p.texts = append(p.texts, text{l.x[i] + padding, l.y + float64(n+1)*lineHeight, textSize, head, line})
			}
		}
	}
	l.y += float64(high)*lineHeight + padding
	p.rules = append(p.rules, l.y)
}

// onlyFirst reports whether a row is one remark, which may run across the columns.
func onlyFirst(cells []string) bool {
	for _, cell := range cells[1:] {
		if cell != "" {
			return false
		}
	}
	return true
}
