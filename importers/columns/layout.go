package columns

import "slices"

// layout is where the members of a host stand in a row.
type layout struct {
	names                  []string // folded
	address                []int
	host, hostName, id     source // hostName: unless such a column fills AssetName
	name, dns, domain, mac source
	kind, system           source
	facts                  []source
	status                 source
	numbers                []int
	width                  int // cells of a complete row
}

// layout finds the columns in a header.
func (e Export) layout(row []string) layout {
	header := make([]string, len(row))
	for i, name := range row {
		if len(name) <= maxName {
			header[i] = fold(name)
		}
	}
	fillsName := func(column string) bool { return slices.Contains(e.AssetName, column) }
	l := layout{
		names: header,
		host:  sourceOf(header, e.Host), hostName: sourceOf(header, slices.DeleteFunc(slices.Clone(e.Host), fillsName)),
		id:   sourceOf(header, e.AssetID),
		name: sourceOf(header, e.AssetName), dns: sourceOf(header, e.DnsName), domain: sourceOf(header, e.DomainName),
		mac: sourceOf(header, e.MacAddress), kind: sourceOf(header, e.AssetType), system: sourceOf(header, e.OperatingSystem),
		status: sourceOf(header, e.Status),
		width:  len(header),
	}
	for l.width > 0 && header[l.width-1] == "" {
		l.width--
	}
	for _, name := range e.IPAddress {
		l.address = append(l.address, indexes(header, name)...)
	}
	for _, name := range e.Number {
		l.numbers = append(l.numbers, indexes(header, name)...)
	}
	for _, names := range e.FactColumns {
		l.facts = append(l.facts, sourceOf(header, names))
	}
	return l
}

// namesHost reports whether the host of a row is known by the cell in a column.
func (l *layout) namesHost(column int) bool {
	isColumn := func(place []int) bool { return slices.Contains(place, column) }
	return slices.Contains(l.address, column) || slices.ContainsFunc(l.host, isColumn) || slices.ContainsFunc(l.id, isColumn)
}
