package columns

import (
	"strings"

	"github.com/musterhq/muster/plugins"
)

// joins stands in the name of a column that is several of the file, whose texts are joined by a blank: "OS Type + OS Version".
const joins = " + "

// source is where a member stands in a row: in the first place that says something. A place is a column, or several that
// are joined.
type source [][]int

// sourceOf finds the columns in a folded header, in the order of names. A name may stand there more than once.
func sourceOf(header, names []string) (s source) {
	for _, name := range names {
		first, others, _ := strings.Cut(name, joins)
		for _, i := range indexes(header, first) {
			place := []int{i}
			for other := range strings.SplitSeq(others, joins) {
				place = append(place, indexes(header, other)...)
			}
			s = append(s, place)
		}
	}
	return s
}

func indexes(header []string, name string) (all []int) {
	if name = fold(name); name == "" {
		return nil
	}
	for i, cell := range header {
		if cell == name {
			all = append(all, i)
		}
	}
	return all
}

// pick returns the first text of the source that clean leaves something of.
func (s source) pick(row []string, clean func(string) string) string {
	for _, place := range s {
		text := ""
		for n, i := range place {
			if i < len(row) {
				text = join(text, clean(row[i]))
			}
			if n == 0 && text == "" {
				break
			}
		}
		if text != "" {
			return text
		}
	}
	return ""
}

// missing is pick for a member that the host may have already.
func (s source) missing(have string, row []string, clean func(string) string) string {
	if have != "" {
		return ""
	}
	return s.pick(row, clean)
}

// join puts two texts together, unless one says what the other does.
func join(a, b string) string {
	switch {
	case a == "" || b == "":
		return a + b
	case strings.Contains(" "+a+" ", " "+b+" "):
		return a
	case strings.HasPrefix(b, a+" "):
		return b
	}
	return a + " " + b
}

// hostName returns the cell if it is the name of a host and nothing else: a damaged row has prose in that place.
func hostName(cell string) string {
	cell = plugins.Text(cell)
	if len(cell) > 255 || strings.ContainsAny(cell, " \t\r\n,;:\"<>()") || !strings.ContainsFunc(cell, letterOrDigit) {
		return ""
	}
	return plugins.AssetName(cell)
}

func letterOrDigit(r rune) bool {
	return '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z' || r > 0x7f
}

// identifier returns what a scanner calls a host. A number that a spreadsheet has rounded may be any of many hosts.
func identifier(cell string) string {
	if cell = plugins.Text(cell); plugins.IsRounded(cell) {
		return ""
	}
	return cell
}

func blank(row []string) bool {
	for _, cell := range row {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return true
}
