package columns

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/musterhq/muster/importers/hosts"
	"github.com/musterhq/muster/importers/text"
	"github.com/musterhq/muster/plugins"
)

// maxHeaders is how many different headers one behind the other a file may have.
const maxHeaders = 1000

// table turns the rows of a file into hosts.
type table struct {
	Export
	words         *vocabulary
	layout        layout   // by the last header
	headers       int      // how many there were
	begun         bool     // a row was not blank
	outside       bool     // between a table and the next
	cells         []string // for facts
	hosts         hosts.List
	homeless      int // rows that name no host
	firstHomeless int // the line of the first one
}

// add takes in a row, of which it keeps nothing, and which the end of the file may have cut off.
func (t *table) add(row []string, line int, last bool) error {
	ip, ok := t.addressOf(row)
	if t.Aside != nil && (!ok || len(row) < t.layout.width) && t.isAside(row) {
		t.leave(row)
		return nil
	}
	if !ok {
		if done, err := t.layOut(row, line); done || err != nil {
			return err
		}
	}
	if t.outside && len(row) < t.layout.width {
		return nil
	}
	if last && len(row) < t.layout.width {
		return fmt.Errorf("line %d: the file is cut off after %d of %d columns", line, len(row), t.layout.width)
	}
	host, err := t.hostOf(row, ip)
	if err != nil {
		return fmt.Errorf("line %d: %w", line, err)
	}
	if host == nil {
		t.leave(row)
		if t.homeless++; t.homeless == 1 {
			t.firstHomeless = line
		}
		return nil
	}
	t.fill(host, row)
	return nil
}

// layOut deals with a row without an address that is no finding but part of how the file is laid out.
func (t *table) layOut(row []string, line int) (done bool, err error) {
	if blank(row) || !t.begun && isHint(row) {
		return true, nil
	}
	known, err := t.words.isHeader(row, !t.begun)
	t.begun = true
	if err != nil && t.headers > 0 {
		err = fmt.Errorf("line %d: %w", line, err)
	}
	t.outside = t.outside && !known
	if known && !slices.EqualFunc(row, t.layout.names, isName) {
		if t.headers++; t.headers > maxHeaders {
			return true, fmt.Errorf("line %d: more than %d headers", line, maxHeaders)
		}
		t.layout = t.Export.layout(row)
		t.words.learn(t.layout.names)
	}
	return known || t.headers == 0, err
}

// leave notes the end of a table, if the format is known by more than the columns that any table of hosts can have: what is
// narrower and comes before the next header is of other tables in the report.
func (t *table) leave(row []string) {
	t.outside = t.Required != nil && len(row) < t.layout.width
}

// isAside looks at the place of the address, or at what is alone in the row.
func (t *table) isAside(row []string) bool {
	if (len(row) < t.layout.width || blank(row[1:])) && t.Aside.MatchString(row[0]) {
		return true
	}
	for _, i := range t.layout.address {
		if i < len(row) && t.Aside.MatchString(row[i]) {
			return true
		}
	}
	return false
}

// addressOf returns the first IPv4 address of a row, else its first IPv6 address.
func (t *table) addressOf(row []string) (first netip.Addr, ok bool) {
	for _, i := range t.layout.address {
		if i >= len(row) {
			continue
		}
		if ip, ok := plugins.Address(row[i]); ok && ip.Is4() {
			return ip, true
		} else if ok && !first.IsValid() {
			first = ip
		}
	}
	if first.IsValid() {
		return first, true
	}
	for _, place := range t.layout.host {
		if i := place[0]; i < len(row) {
			if ip, ok := plugins.Address(row[i]); ok {
				return ip, true
			}
		}
	}
	return first, false
}

// hostOf returns the host that a row is about, nil if it names none. A row that is short and has no address is not taken
// for one with a name: it belongs to the layout of some report.
func (t *table) hostOf(row []string, ip netip.Addr) (*plugins.Record, error) {
	if id := t.layout.id.pick(row, plugins.Text); id != "" {
		return t.hosts.Identified(id, ip)
	}
	if ip.IsValid() {
		return t.hosts.At(ip)
	}
	if len(row) < t.layout.width {
		return nil, nil
	}
	name := t.layout.host.pick(row, hostName)
	if name == "" {
		name = t.layout.dns.pick(row, firstName)
	}
	if name == "" {
		name = t.layout.name.pick(row, hostName)
	}
	if name == "" {
		return nil, nil
	}
	return t.hosts.Named(name)
}

// fill adds to a host what a row knows of it.
func (t *table) fill(host *plugins.Record, row []string) {
	l := &t.layout
	found := plugins.Record{
		AssetName:       l.name.missing(host.AssetName, row, notAddress),
		DnsName:         l.dns.missing(host.DnsName, row, firstName),
		DomainName:      l.domain.missing(host.DomainName, row, plugins.Text),
		MacAddress:      l.mac.missing(host.MacAddress, row, plugins.Text),
		AssetType:       l.kind.missing(host.AssetType, row, plugins.Text),
		OperatingSystem: l.system.missing(host.OperatingSystem, row, plugins.Text),
	}
	if found.DnsName == "" {
		found.DnsName = l.hostName.missing(host.DnsName, row, hostName)
	}
	if t.Facts != nil {
		for i, source := range l.facts {
			t.cells[i] = source.pick(row, plugins.Text)
		}
		facts := t.Facts(t.cells)
		found.AssetName = cmp.Or(found.AssetName, facts.AssetName)
		found.DnsName = cmp.Or(found.DnsName, facts.DnsName)
		found.DomainName = cmp.Or(found.DomainName, facts.DomainName)
		found.MacAddress = cmp.Or(found.MacAddress, facts.MacAddress)
		found.AssetType = cmp.Or(found.AssetType, facts.AssetType)
		found.OperatingSystem = cmp.Or(found.OperatingSystem, facts.OperatingSystem)
	}
	if found != (plugins.Record{}) {
		found = found.Normalized()
		found.Skip = "" // the address is not among what was found
		host.Fill(found)
	}
}

// end returns the error of a file without a header.
func (t *table) end() error {
	switch {
	case !t.begun:
		return text.ErrEmpty
	case t.headers == 0:
		return t.noHost()
	}
	return nil
}
