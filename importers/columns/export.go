// Package columns reads the CSV exports of scanners. In all of them a row is a finding, the columns may be any selection
// in any order, and a host is what the rows with one address say together. A format names its columns; everything else
// is the same for all of them and is here.
package columns

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"

	"github.com/musterhq/muster/importers/text"
	"github.com/musterhq/muster/plugins"
)

// maxRecord is the length in bytes of the longest row that is read. A quote that is never closed makes one row of the rest
// of a file, and that must not cost more memory than there is.
const maxRecord = 16 << 20

// Export describes a format by the names of its columns, in each list the best first. Names are compared without regard
// to case, blanks and the characters _ - /.
type Export struct {
	// Columns with the address of the host. The first that holds one decides which host a row is about. A file without
	// any column of IPAddress or Host is refused.
	IPAddress []string
	// Columns that hold an address or the DNS name of the host.
	Host []string

	// Columns for the other members of a record. A member is what the first row says that knows it.
	AssetName, DnsName, DomainName, MacAddress, AssetType, OperatingSystem []string

	// Preamble is how many lines an export may have above its header.
	Preamble int

	// Facts returns what a row says of its host outside those columns. It gets one cell for each list in FactColumns, the
	// first of the list that is not empty, and must not keep them. Where both know a member, the columns of the row come first.
	FactColumns [][]string
	Facts       func(cells []string) plugins.Record

	// Foreign returns an error if the header, in lower case without blanks and _ - /, is that of another format that has
	// the same columns. The error tells the user so. May be nil.
	Foreign func(header []string) error
}

// Import has the signature of plugins.Importer.Import. It emits the hosts in the order in which the file names them,
// when the file has been read: memory grows with the hosts, not with the rows. A host that has only a name is emitted
// without an address. Of a file that is damaged or cut off, the hosts until then are emitted before the error is returned.
func (e Export) Import(ctx context.Context, f plugins.File, emit func(plugins.Record) error) error {
	file, err := text.Open(f)
	if err != nil {
		return err
	}
	h, err := e.findHeader(file.Reader)
	if kind := plugins.LooksLike(file.Head); errors.Is(err, errNoHost) && kind != "" {
		return fmt.Errorf("the file is not CSV: it looks like %s", kind)
	}
	if err != nil {
		return err
	}
	t := e.newTable(h.names)
	failure := t.read(ctx, file, h)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if t.homeless > 0 {
		f.Warn(fmt.Sprintf("rows that name no host: %d, the first in line %d", t.homeless, t.firstHomeless))
	}
	if err := t.hosts.Emit(emit); err != nil {
		return err
	}
	return failure
}

// read takes in all rows.
func (t *table) read(ctx context.Context, file *text.File, h header) error {
	rows := csv.NewReader(file.Reader)
	rows.Comma, rows.FieldsPerRecord, rows.ReuseRecord = h.comma, -1, true
	line := h.line
	for n := 0; n%1024 > 0 || ctx.Err() == nil; n++ {
		file.Allow(maxRecord)
		row, err := rows.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return damage(err, h.line, line)
		}
		line, _ = rows.FieldPos(0)
		line += h.line
		if len(row) < len(h.names) && file.CutOff() && !blank(row) {
			return fmt.Errorf("line %d: the file is cut off after %d of %d columns", line, len(row), len(h.names))
		}
		if err := t.add(row, line); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// damage says where the file is damaged. encoding/csv counts lines from the header, and last is the line of the last row
// that was read.
func damage(err error, header, last int) error {
	if malformed, ok := errors.AsType[*csv.ParseError](err); ok {
		if malformed.Err == csv.ErrBareQuote {
			return fmt.Errorf("line %d: quote in a cell that does not begin with one", malformed.Line+header)
		}
		return fmt.Errorf("line %d: quote not closed", malformed.StartLine+header)
	}
	if errors.Is(err, text.ErrTooLong) {
		return fmt.Errorf("the row behind line %d is longer than %d MiB: quote not closed?", last, maxRecord>>20)
	}
	return err
}
