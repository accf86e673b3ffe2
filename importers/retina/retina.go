// Package retina reads the results of Retina, the import type RETINARTD: databases of Access and of SQLite, whose tables it
// maps by the names and the content of their columns, and the XML export of vulnerabilities. The content decides. No
// result file of Retina is public, so that the mapping could be tested with files of our own only.
package retina

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/musterhq/muster/importers/elements"
	"github.com/musterhq/muster/importers/text"
	"github.com/musterhq/muster/plugins"
)

// Importer is the import type RETINARTD.
var Importer = plugins.Importer{Type: "RETINARTD", Extensions: []string{".rtd"}, Import: read}

// maxDatabase is the largest database that is stored to be read: what Access allows.
const maxDatabase = 2 << 30

var errUnrecognised = errors.New("unrecognised RTD content")

// read finds out what the file is.
func read(ctx context.Context, f plugins.File, emit func(plugins.Record) error) error {
	in := bufio.NewReader(f.Reader)
	f.Reader = in
	head, err := in.Peek(in.Size())
	if err != nil && err != io.EOF {
		return err
	}
	kind := plugins.LooksLike(head)
	switch {
	case len(head) == 0:
		return text.ErrEmpty
	case hasAt(head, 4, "Standard Jet DB\x00"), hasAt(head, 4, "Standard ACE DB\x00"):
		return stored(f, func(s *plugins.Spooled) error { return readAccess(ctx, f, s, emit) })
	case hasAt(head, 0, "SQLite format 3\x00"):
		return stored(f, func(s *plugins.Spooled) error { return readSQLite(ctx, f, s, emit) })
	case elements.Begins(head):
		return export.Import(ctx, f, emit)
	case plugins.IsArchive(kind):
		return fmt.Errorf("the file looks like %s: unpack it and import the file in it", kind)
	case kind == "":
		kind = "text"
	}
	return fmt.Errorf("%w: it looks like %s", errUnrecognised, kind)
}

func hasAt(head []byte, at int, magic string) bool {
	return len(head) >= at && bytes.HasPrefix(head[at:], []byte(magic))
}

// stored stores the file while it is read. An error that says what is wrong with the file goes before one of removing it.
func stored(f plugins.File, read func(*plugins.Spooled) error) error {
	s, err := f.Spool(maxDatabase)
	if err != nil {
		return err
	}
	err = read(s)
	if closing := s.Close(); err == nil {
		err = closing
	}
	return err
}
