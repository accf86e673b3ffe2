package columns

import (
	"fmt"
	"strings"

	"github.com/musterhq/muster/importers/hosts"
	"github.com/musterhq/muster/plugins"
)

// table turns the rows of a file into hosts.
type table struct {
	facts                  func(cells []string) plugins.Record
	address, host          []int
	name, dns, domain, mac []int
	kind, system           []int
	factColumns            [][]int
	cells                  []string // for facts
	hosts                  hosts.List
	homeless               int // rows that name no host
	firstHomeless          int // the line of the first one
}

func (e Export) newTable(header []string) *table {
	t := &table{
		facts:   e.Facts,
		address: indexes(header, e.IPAddress), host: indexes(header, e.Host),
		name: indexes(header, e.AssetName), dns: indexes(header, e.DnsName), domain: indexes(header, e.DomainName),
		mac: indexes(header, e.MacAddress), kind: indexes(header, e.AssetType), system: indexes(header, e.OperatingSystem),
		cells: make([]string, len(e.FactColumns)),
	}
	for _, names := range e.FactColumns {
		t.factColumns = append(t.factColumns, indexes(header, names))
	}
	return t
}

// add takes in a row. It keeps nothing of the row itself.
func (t *table) add(row []string, line int) error {
	host, err := t.hostOf(row)
	if err != nil {
		return fmt.Errorf("line %d: %w", line, err)
	}
	if host == nil {
		if !blank(row) {
			if t.homeless++; t.homeless == 1 {
				t.firstHomeless = line
			}
		}
		return nil
	}
	found := plugins.Record{
		AssetName:       missing(host.AssetName, row, t.name, notAddress),
		DnsName:         missing(host.DnsName, row, t.dns, firstName),
		DomainName:      missing(host.DomainName, row, t.domain, plugins.Text),
		MacAddress:      missing(host.MacAddress, row, t.mac, plugins.Text),
		AssetType:       missing(host.AssetType, row, t.kind, plugins.Text),
		OperatingSystem: missing(host.OperatingSystem, row, t.system, plugins.Text),
	}
	if found.DnsName == "" {
		found.DnsName = missing(host.DnsName, row, t.host, hostName)
	}
	if t.facts != nil {
		for i, columns := range t.factColumns {
			t.cells[i] = pick(row, columns, plugins.Text)
		}
		found.Fill(t.facts(t.cells))
	}
	if found != (plugins.Record{}) {
		found = found.Normalized()
		found.Skip = "" // the address is not among what was found
		host.Fill(found)
	}
	return nil
}

// hostOf returns the host that a row is about, nil if it names none.
func (t *table) hostOf(row []string) (*plugins.Record, error) {
	for _, columns := range [][]int{t.address, t.host} {
		for _, i := range columns {
			if i < len(row) {
				if ip, ok := plugins.Address(row[i]); ok {
					return t.hosts.At(ip)
				}
			}
		}
	}
	name := pick(row, t.host, hostName)
	if name == "" {
		name = pick(row, t.dns, firstName)
	}
	if name == "" {
		name = pick(row, t.name, hostName)
	}
	if name == "" {
		return nil, nil
	}
	return t.hosts.Named(name)
}

// missing is pick for a member that the host may have already.
func missing(have string, row []string, columns []int, clean func(string) string) string {
	if have != "" {
		return ""
	}
	return pick(row, columns, clean)
}

// pick returns the first cell of the columns that clean leaves something of.
func pick(row []string, columns []int, clean func(string) string) string {
	for _, i := range columns {
		if i < len(row) {
			if text := clean(row[i]); text != "" {
				return text
			}
		}
	}
	return ""
}

// hostName returns the cell if it can be the name of a host: a damaged row has prose in that place.
func hostName(cell string) string {
	cell = notAddress(cell)
	if len(cell) > 255 || strings.ContainsAny(cell, " \t\r\n,;:\"<>()") || !strings.ContainsFunc(cell, letterOrDigit) {
		return ""
	}
	return cell
}

func letterOrDigit(r rune) bool {
	return '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z' || r > 0x7f
}

// notAddress returns the cell unless it repeats an address where a name should be.
func notAddress(cell string) string {
	if _, ok := plugins.Address(cell); ok {
		return ""
	}
	return plugins.Text(cell)
}

// firstName returns the first of several names.
func firstName(cell string) string {
	cell = notAddress(cell)
	if i := strings.IndexAny(cell, " \t\r\n,;"); i >= 0 {
		return cell[:i]
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
