package columns

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/musterhq/muster/importers/hosts"
	"github.com/musterhq/muster/plugins"
)

// refusals are what is not read of a table, by kind.
type refusals struct {
	homeless hosts.Refused // rows that name no host
	narrow   hosts.Refused // rows with fewer cells than the header
	strange  hosts.Refused // cells in place of an address, of rows that name a host otherwise
	damages  hosts.Refused // rows in which a quote is wrong, or that are too long

	refused    string // what is in place of the address in this row
	lost       bool   // behind damage, until a row can be read
	passedOver int    // rows and lines that are pieces of something damaged
	unclosed   int    // the line of a quote that has not been closed since
	unended    string // the warning of a last line without an end
}

// refuse counts a row, with what is in place of its address or else with how it begins. Behind damage it is a piece of that.
func (t *table) refuse(as *hosts.Refused, row []string) {
	if t.lost {
		t.passedOver++
		return
	}
	as.Add(fmt.Sprintf("line %d", t.rows.line), cmp.Or(t.refused, beginning(row)))
}

// beginning returns the first cells of a row that say something.
func beginning(row []string) string {
	i := slices.IndexFunc(row, func(cell string) bool { return strings.TrimSpace(cell) != "" })
	if i < 0 {
		return ""
	}
	return strings.Join(row[i:min(len(row), i+8)], ",")
}

// damaged counts a row that is damaged. What is damaged behind it is a piece of it until a row can be read, and above the header there
// may be anything.
func (t *table) damaged(err error) {
	if t.headers == 0 {
		return
	}
	if err == errUnclosed {
		t.unclosed = t.rows.line
	}
	if t.lost {
		t.passedOver++
		return
	}
	t.lost = true
	t.damages.Add(fmt.Sprintf("line %d (%v)", t.rows.line, err), t.rows.firstLine())
}

// found ends the search for a row behind damage.
func (t *table) found() { t.lost, t.unclosed = false, 0 }

// lastRow returns the row at the end of the file, whose line has no end, without its last cell if that names the host: a part of
// an address may be the address of another host.
func (t *table) lastRow(row []string) []string {
	t.unended = fmt.Sprintf("line %d: the last line has no end, so the file may be cut off", t.rows.line)
	last := len(row) - 1
	if t.rows.quoted || plugins.Text(row[last]) == "" || !t.layout.namesHost(last) {
		return row
	}
	t.unended += fmt.Sprintf("; %s at its end is not read", plugins.Quote(row[last]))
	row = slices.Clone(row)
	row[last] = ""
	return row
}

// warn tells the user of what was refused.
func (t *table) warn(f plugins.File) {
	t.homeless.Warn(f, "rows that name no host")
	t.narrow.Warn(f, "rows with fewer cells than the header, which name no host")
	t.strange.Warn(f, "cells in place of an address that hold none")
	if t.damages.Count > 1 || t.damages.Count > 0 && t.unclosed == 0 { // of that one the error tells
		f.Warn(fmt.Sprintf("damaged rows: %s; lines passed over behind them: %d", &t.damages, t.passedOver))
	}
	if t.unended != "" {
		f.Warn(t.unended)
	}
}

// nothing returns the error of a table in which there are rows, but none with a host that could be imported.
func (t *table) nothing() error {
	for _, kind := range []struct {
		refused *hosts.Refused
		what    string
	}{
		{&t.strange, "cells in place of an address that hold none"},
		{&t.homeless, "rows that name no host"},
		{&t.narrow, "rows with fewer cells than the header"},
		{&t.damages, "damaged rows"},
	} {
		if kind.refused.Count > 0 {
			return fmt.Errorf("no host could be read; %s: %s", kind.what, kind.refused)
		}
	}
	return nil
}
