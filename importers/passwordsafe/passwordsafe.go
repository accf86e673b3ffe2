// Package passwordsafe reads the import files of Password Safe: assets with their attributes, databases, managed systems and
// managed accounts, and functional accounts, in XML. The vendor has published no description of such files, so the format
// is muster's own; docs/passwordsafe-import.xsd is its schema. A file that was published in 2016 has another form, which is read too.
package passwordsafe

import (
	"context"
	"errors"
	"strings"

	"github.com/musterhq/muster/importers/elements"
	"github.com/musterhq/muster/plugins"
)

// Importer is the import type PASSWORDSAFE.
var Importer = plugins.Importer{Type: "PASSWORDSAFE", Extensions: []string{".xml"}, Import: read}

const (
	root    = "PasswordSafeImport"
	version = "1"
)

// errOtherProgram is the answer to a file of another program that is called Password Safe.
var errOtherProgram = errors.New("the file is an export of the password manager of pwsafe.org, which is another program and " +
	"knows of no assets: nothing of it is imported; a file for this import has the root " + root)

// read emits each asset and each functional account as soon as it has been read, so that no more than one is held. Of a
// file that is damaged or cut off, those until then are emitted before the error is returned.
func read(ctx context.Context, f plugins.File, emit func(plugins.Record) error) error {
	r, err := elements.Open(ctx, f)
	if err != nil {
		return err
	}
	of := ownFormat
	switch {
	case r.Root == root:
	case r.Root == publicRoot:
		of = publicFormat
	case strings.EqualFold(r.Root, "passwordsafe"):
		return errOtherProgram
	default:
		return elements.Foreign(r.Root, root)
	}
	d := newDocument(of, r, f.Warn, emit)
	failure := d.read()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if r.Tail != "" {
		f.Warn(r.Tail)
	}
	return failure
}
