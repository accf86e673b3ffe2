package plugins

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path"
	"runtime/debug"
	"slices"
	"strings"
)

// Run imports f with i in this process, as Serve does for a host: records reach emit normalised, a file name with an
// extension that i does not expect is a warning, an import of which every host is skipped is an error, and so is a panic of the
// importer, with the panic's text. The stack goes to standard error.
func Run(ctx context.Context, i Importer, f File, emit func(Record) error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			fmt.Fprintf(os.Stderr, "panic: %v\n%s", cause, debug.Stack())
			err = fmt.Errorf("importer panicked: %v", cause)
		}
	}()
	if extension := strings.ToLower(path.Ext(f.Name)); extension != "" && !slices.Contains(i.Extensions, extension) {
		f.Warn(fmt.Sprintf("the extension of %s is not the usual %s", f.Name, strings.Join(i.Extensions, " or ")))
	}
	var skips Skips
	err = i.Import(ctx, f, func(r Record) error {
		r = r.Normalized()
		skips.Count(r)
		return emit(r)
	})
	return cmp.Or(err, skips.Err())
}
