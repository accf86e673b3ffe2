// Package columns reads the CSV exports of scanners. In all of them a row is a finding, the columns may be any selection
// in any order, and a host is what the rows with one address say together. A format names its columns; everything else
// is the same for all of them and is here.
package columns

import (
	"context"
	"io"
	"regexp"

	"github.com/musterhq/muster/importers/text"
	"github.com/musterhq/muster/plugins"
)

// maxPreamble is how many bytes there may be above the header. Some reports list all hosts there.
const maxPreamble = 4 << 20

// Export describes a format by the names of its columns, in each list the best first. Names are compared without regard
// to case, blanks and the characters _ - /. A name with " + " in it is several columns whose texts are joined.
//
// The header may stand below other text, and further headers below it: several reports may be in one file, and each row is
// read by the header above it.
type Export struct {
	// Type is the import type. A file that is known to be of another one is refused with its name, unless Type is empty.
	Type string

	// Required are the columns that a header has, one of each list, where IPAddress would be found in other tables of the
	// report as well. Those are passed over. If it is nil, a header has one of IPAddress or Host.
	Required [][]string

	// Columns with the addresses of the host. It is the first IPv4 address in them that decides which host a row is about,
	// else the first IPv6 address.
	IPAddress []string
	// Columns that hold an address or the DNS name of the host.
	Host []string
	// Columns with the scanner's own id of the host. Rows with one id are one host, whatever their addresses.
	AssetID []string

	// Columns for the other members of a record. A member is what the first row says that knows it.
	AssetName, DnsName, DomainName, MacAddress, AssetType, OperatingSystem []string

	// Columns that hold a number in every row about a finding, unless they are empty. A row with something else there is shifted,
	// and names no host.
	Number []string

	// Columns with the status of the host, and what it is in rows about a host that is not alive. Such a host is skipped, unless
	// another row knows better.
	Status   []string
	NotAlive *regexp.Regexp

	// Aside matches what stands in place of an address, or first in a row, if the row belongs to the layout of the report,
	// such as its last one. Any other row without a host is a warning. May be nil.
	Aside *regexp.Regexp

	// Facts returns what a row says of the members above outside those columns. It gets one cell for each list in FactColumns, the
	// first of the list that is not empty, and must not keep them. Where both know a member, the columns of the row come first.
	FactColumns [][]string
	Facts       func(cells []string) plugins.Record
}

// Import has the signature of plugins.Importer.Import. It emits the hosts in the order in which the file names them,
// when the file has been read: memory grows with the hosts, not with the rows. A host that has only a name is emitted
// without an address. Of a file that is damaged or cut off, the hosts until then are emitted before the error is returned,
// which is a NotCSV if it is something else.
func (e Export) Import(ctx context.Context, f plugins.File, emit func(plugins.Record) error) error {
	file, err := text.Open(f)
	if err != nil {
		return err
	}
	head, err := file.Peek(text.BufferBytes)
	if err != nil && err != io.EOF {
		return err
	}
	t := &table{Export: e, words: e.vocabulary(), texts: make([]string, len(e.FactColumns))}
	begin, found := t.words.findStart(head)
	if kind := plugins.LooksLike(file.Head); kind != "" && (!found || plugins.IsArchive(kind)) {
		return NotCSV{kind}
	}
	failure := t.read(ctx, file, begin)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	t.warn(f)
	if err := t.hosts.Emit(emit); err != nil {
		return err
	}
	return failure
}

// read takes in all rows.
func (t *table) read(ctx context.Context, file *text.File, begin start) error {
	if _, err := file.Discard(begin.offset); err != nil {
		return err
	}
	t.rows = newRows(file, begin.comma, begin.line)
	inner := newUnwrapper(begin.comma)
	for n := 0; n%1024 > 0 || ctx.Err() == nil; n++ {
		row, err := t.rows.read()
		switch {
		case err == io.EOF:
			return t.end()
		case t.headers == 0 && t.rows.passed > maxPreamble:
			return t.noHost()
		case isDamage(err):
			t.damaged(err)
		case err != nil:
			return err
		default:
			if err := t.add(inner.unwrap(row)); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}
