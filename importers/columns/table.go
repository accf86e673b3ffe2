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
	rows    *rows
	words   *vocabulary
	layout  layout   // by the last header
	headers int      // how many there were
	begun   bool     // a row was not blank
	outside bool     // between a table and the next
	texts   []string // for facts
	hosts   hosts.List
	refusals
}

// add takes in a row, of which it keeps nothing.
func (t *table) add(row []string) error {
	ip, ok := t.addressOf(row)
	narrow := len(row) < t.layout.width
	if t.swallows(narrow) {
		t.damaged(errSwallowed)
		t.rows.reject()
		return nil
	}
	if t.Aside != nil && (!ok || narrow) && t.isAside(row) {
		t.leave(row)
		return nil
	}
	if !ok {
		if done, err := t.layOut(row); done || err != nil {
			return err
		}
	}
	switch {
	case narrow:
		return t.addNarrow(row)
	case t.isShifted(row):
		t.refuse(&t.homeless, row)
		return nil
	case t.rows.unended():
		row = t.lastRow(row)
		ip, _ = t.addressOf(row)
	}
	return t.addHost(row, ip)
}

// addNarrow deals with a row that has fewer cells than the header. It names no host, whatever is in it: it is a piece of a row that
// a spreadsheet or a damaged quote has broken, or of another table in the report.
func (t *table) addNarrow(row []string) error {
	switch {
	case t.outside:
	case t.lost:
		t.passedOver++
	case t.rows.unended():
		return fmt.Errorf("line %d: the file is cut off after %d of %d columns", t.rows.line, len(row), t.layout.width)
	default:
		t.refused = "" // another cell is in its place
		t.leave(row)
		t.refuse(&t.narrow, row)
	}
	return nil
}

// swallows reports whether there seem to be other rows in the cells of a row, which are those between a quote that was not closed and the
// next one. Of a table with few columns, a text might have such lines.
func (t *table) swallows(narrow bool) bool {
	const many = 6
	if t.outside || t.layout.width < many && !narrow {
		return false
	}
	for row := range t.rows.within(t.layout.width) {
		if ip, _ := t.addressIn(row); ip.IsValid() {
			return true
		}
	}
	return false
}

// addHost adds what a row says to the host that it is about.
func (t *table) addHost(row []string, ip netip.Addr) error {
	before := t.hosts.Len()
	host, err := t.hostOf(row, ip)
	if err != nil {
		return fmt.Errorf("line %d: %w", t.rows.line, err)
	}
	if host == nil {
		t.leave(row)
		t.refuse(&t.homeless, row)
		return nil
	}
	t.found()
	if t.refused != "" {
		t.strange.Add(fmt.Sprintf("line %d", t.rows.line), t.refused)
	}
	dead := t.notAlive(row)
	switch known := t.hosts.Len() == before; {
	case dead == "" && host.Skip != "":
		hosts.Revive(host)
	case dead != "" && known && host.Skip == "":
		return nil
	}
	host.Skip = dead
	t.fill(host, row)
	return nil
}

// layOut deals with a row without an address that is no finding but part of how the file is laid out.
func (t *table) layOut(row []string) (done bool, err error) {
	if blank(row) || !t.begun && isHint(row) {
		return true, nil
	}
	known, err := t.words.isHeader(row, !t.begun)
	t.begun = true
	if err != nil && t.headers > 0 {
		err = fmt.Errorf("line %d: %w", t.rows.line, err)
	}
	t.outside = t.outside && !known
	if known && t.rows.unended() {
		return true, fmt.Errorf("line %d: the file is cut off inside of its header, or has nothing behind it, not even the end of the line", t.rows.line)
	}
	if known {
		t.found()
	}
	if known && !slices.EqualFunc(row, t.layout.names, isName) {
		if t.headers++; t.headers > maxHeaders {
			return true, fmt.Errorf("line %d: more than %d headers", t.rows.line, maxHeaders)
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

// isShifted reports whether there is something else in the place of a number that every finding has, so that all cells may be in the
// wrong place.
func (t *table) isShifted(row []string) bool {
	for _, i := range t.layout.numbers {
		if _, ok := plugins.Number(row[i]); !ok && plugins.Text(row[i]) != "" {
			return true
		}
	}
	return false
}

// fill adds to a host what a row knows of it.
func (t *table) fill(host *plugins.Record, row []string) {
	l := &t.layout
	found := plugins.Record{
		AssetName:       l.name.missing(host.AssetName, row, plugins.AssetName),
		DnsName:         l.dns.missing(host.DnsName, row, plugins.DNSName),
		DomainName:      l.domain.missing(host.DomainName, row, plugins.Text),
		MacAddress:      l.mac.missing(host.MacAddress, row, plugins.MAC),
		AssetType:       l.kind.missing(host.AssetType, row, plugins.Text),
		OperatingSystem: l.system.missing(host.OperatingSystem, row, plugins.Text),
	}
	if found.DnsName == "" {
		found.DnsName = l.hostName.missing(host.DnsName, row, hostName)
	}
	if t.Facts != nil {
		t.addFacts(host, &found, row)
	}
	if found != (plugins.Record{}) {
		found = found.Normalized()
		found.Skip = "" // the address is not among what was found
		host.Fill(found)
	}
}

// addFacts adds what the row says outside of the columns for the members. An address is one for a host that has none; what is said of
// another address is of another host.
func (t *table) addFacts(host, found *plugins.Record, row []string) {
	for i, source := range t.layout.facts {
		t.texts[i] = source.pick(row, plugins.Text)
	}
	facts := t.Facts(t.texts)
	if ip, ok := plugins.Address(facts.IPAddress); ok {
		if host.IPAddress == "" {
			t.hosts.Locate(host, ip)
		} else if host.IPAddress != ip.String() {
			return
		}
	}
	found.AssetName = cmp.Or(found.AssetName, facts.AssetName)
	found.DnsName = cmp.Or(found.DnsName, facts.DnsName)
	found.DomainName = cmp.Or(found.DomainName, facts.DomainName)
	found.MacAddress = cmp.Or(found.MacAddress, facts.MacAddress)
	found.AssetType = cmp.Or(found.AssetType, facts.AssetType)
	found.OperatingSystem = cmp.Or(found.OperatingSystem, facts.OperatingSystem)
}

// end returns the error of a file without a header, without the end of a quote, or without a row that could be read.
func (t *table) end() error {
	switch {
	case !t.begun:
		return text.ErrEmpty
	case t.headers == 0:
		return t.noHost()
	case t.unclosed > 0:
		return fmt.Errorf("line %d: %w", t.unclosed, errUnclosed)
	case !t.hosts.Reachable():
		return t.nothing()
	}
	return nil
}
