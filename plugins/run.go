package plugins

import (
	"context"
	"fmt"
	"os"
	"path"
	"runtime/debug"
	"slices"
	"strings"
)

// Run imports f with i in this process, as Serve does for a host: records reach emit normalised, a file name with an
// extension that i does not expect is a warning, and a panic of the importer is an error with the panic's text. The
// stack goes to standard error.
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
	return i.Import(ctx, f, func(r Record) error { return emit(r.Normalized()) })
}
