package host

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/musterhq/muster/plugins"
)

// Prefix begins the names of the files of external importers.
const Prefix = "muster-importer-"

// State says whether an importer runs.
type State string

// The States.
const (
	BuiltIn    State = "built-in"
	Overridden State = "overridden" // built in, but a plugin was pinned to run in its place
	Pinned     State = "pinned"     // runs
	NotPinned  State = "not pinned" // never was, so nothing is known of it but its file
	Changed    State = "changed"    // since it was pinned
	Missing    State = "missing"    // pinned, but its file is gone
	Refused    State = "refused"    // pinned or not, it would not be started; the Reason says why
)

// Listed is an importer, as far as it is known without starting anything.
type Listed struct {
	Info
	File   string // of an external importer, without its folder
	SHA256 string // of an external importer's file as it is now
	State  State
	Reason string // of a Refused one
}

// List returns the built-in importers by type and the external ones, those that are pinned and what else lies in the
// folder, by file. It starts nothing.
func (h *Host) List(ctx context.Context, folder string) ([]Listed, error) {
	pins, err := h.options.Pins(ctx)
	if err != nil {
		return nil, err
	}
	external := map[string]*Pin{}
	for _, p := range pins {
		external[p.File] = &p
	}
	files, err := filepath.Glob(filepath.Join(escaped(folder), Prefix+"*"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if external[file] == nil {
			external[file] = nil
		}
	}
	all := h.listBuiltIn(pins)
	for _, file := range slices.Sorted(maps.Keys(external)) {
		all = append(all, h.look(file, external[file]))
	}
	return all, nil
}

// escaped is a path in which Glob finds nothing to expand.
func escaped(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

func (h *Host) listBuiltIn(pins []Pin) []Listed {
	var all []Listed
	for _, i := range h.options.BuiltIn {
		l := Listed{Info: Info{Type: i.Type, Extensions: i.Extensions, Version: i.Version}, State: BuiltIn}
		if slices.ContainsFunc(pins, func(p Pin) bool { return p.Type == i.Type && p.Overrides }) {
			l.State = Overridden
		}
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b Listed) int { return cmp.Compare(a.Type, b.Type) })
	return all
}

// look looks at one file; pin is nil for one that is not pinned.
func (h *Host) look(file string, pin *Pin) Listed {
	l := Listed{Info: Info{Extensions: []string{}}, File: plugins.Sentence(filepath.Base(file)), State: NotPinned}
	if pin != nil {
		l.Info, l.State = pin.Info, Pinned
	}
	sum, err := h.fingerprint(file)
	l.SHA256 = sum
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.State = Missing
	case err != nil:
		l.State, l.Reason = Refused, plugins.Sentence(err.Error())
	case pin == nil:
	case sum != pin.SHA256:
		l.State = Changed
	case !pin.Overrides && h.isBuiltIn(pin.Type):
		l.State, l.Reason = Refused, "its type is built in by now; pin it again to override that"
	}
	return l
}

// fingerprint returns the SHA-256 of a file that would be started if it is pinned.
func (h *Host) fingerprint(file string) (string, error) {
	f, err := openPinned(file, h.options.AnyMode)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	return sha256Of(f)
}
