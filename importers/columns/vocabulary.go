package columns

import (
	"fmt"
	"slices"
	"strings"
)

// maxName is the length in bytes of the longest cell that may be the name of a column.
const maxName = 64

// maxNames is how many columns a header has at most.
const maxNames = 4096

// manyNames is how many familiar names make a header of a row.
const manyNames = 3

// vocabulary knows the names of columns, so that a header is recognised wherever it stands, at the price of a look at
// each cell of a row.
type vocabulary struct {
	export   Export
	lists    map[string]uint64 // the lists that have a name, a bit for each
	familiar uint64            // the names of the format and of the headers so far
	required uint64            // what a header has one of each of
	families []uint64          // the same for the families
	next     uint
}

func (e Export) vocabulary() *vocabulary {
	v := &vocabulary{export: e, lists: map[string]uint64{}}
	own := slices.Concat(e.Required, e.FactColumns, [][]string{e.IPAddress, e.Host, e.AssetID,
		e.AssetName, e.DnsName, e.DomainName, e.MacAddress, e.AssetType, e.OperatingSystem, e.Number, e.Status})
	v.familiar = v.list(slices.Concat(own...))
	for _, names := range e.required() {
		v.required |= v.list(names)
	}
	for _, f := range families {
		var all uint64
		for _, names := range f.columns {
			all |= v.list(names)
		}
		v.families = append(v.families, all)
	}
	return v
}

// list adds a list of names and returns its bit.
func (v *vocabulary) list(names []string) uint64 {
	bit := uint64(1) << v.next
	v.next++
	for _, name := range names {
		for part := range strings.SplitSeq(name, joins) {
			v.lists[fold(part)] |= bit
		}
	}
	return bit
}

// learn makes the folded names of a header familiar.
func (v *vocabulary) learn(header []string) {
	for _, name := range header {
		v.lists[name] |= v.familiar
	}
}

// isHeader reports whether a row is a header. The first of a file is one if it has the columns that are required. Further
// down a row of data might happen to have their names in it: there a header is one of the format's own family, or has
// many names that are familiar. The error is that the header is one of another format.
func (v *vocabulary) isHeader(row []string, first bool) (bool, error) {
	if len(row) > maxNames {
		return false, nil
	}
	var seen uint64
	filled, known := 0, 0
	for _, cell := range row {
		if cell == "" {
			continue
		}
		filled++
		if len(cell) <= maxName {
			var buffer [maxName]byte
			bits := v.lists[string(appendFolded(buffer[:0], cell))]
			if seen |= bits; bits&v.familiar != 0 {
				known++
			}
		}
	}
	own := false
	if i := slices.IndexFunc(v.families, func(all uint64) bool { return seen&all == all }); i >= 0 && v.export.Type != "" {
		f := families[i]
		if own = f.importType == v.export.Type; f.importType == "" {
			return false, fmt.Errorf("%w; the file looks like %s", v.export.noHost(), f.looksLike)
		} else if !own {
			return false, fmt.Errorf("the file looks like %s: import it as %s", f.looksLike, f.importType)
		}
	}
	return seen&v.required == v.required && (first || own || known >= min(manyNames, filled)), nil
}

// required returns the columns that a header has, one of each list.
func (e Export) required() [][]string {
	if e.Required == nil {
		return [][]string{slices.Concat(e.IPAddress, e.Host)}
	}
	return e.Required
}

// maxListed is how many names of a list an error has.
const maxListed = 8

// noHost says what was looked for.
func (e Export) noHost() error {
	var lists []string
	for _, names := range e.required() {
		var list []string
		for _, name := range names[:min(len(names), maxListed)] {
			list = append(list, fmt.Sprintf("%q", name))
		}
		if more := len(names) - len(list); more > 0 {
			list = append(list, fmt.Sprintf("one of %d others", more))
		}
		lists = append(lists, strings.Join(list, " or "))
	}
	if len(lists) > 1 {
		return fmt.Errorf("no host column in a header of this format: looked for %s", strings.Join(lists, ", and "))
	}
	return fmt.Errorf("no host column: looked for %s", lists[0])
}

// fold makes the spellings of a column's name equal: "Host_Name", "host name".
func fold(name string) string { return string(appendFolded(nil, name)) }

// isName reports whether a cell was folded to a name, which is empty for one that is too long.
func isName(cell, name string) bool {
	var buffer [maxName]byte
	if len(cell) > maxName {
		return name == ""
	}
	return string(appendFolded(buffer[:0], cell)) == name
}

func appendFolded(folded []byte, name string) []byte {
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == ' ' || c == '_' || c == '-' || c == '/' || c == '\t':
		case c == 0xc2 && strings.HasPrefix(name[i:], "\u00a0"):
			i++
		case 'A' <= c && c <= 'Z':
			folded = append(folded, c|0x20)
		default:
			folded = append(folded, c)
		}
	}
	return folded
}
