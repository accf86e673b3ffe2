package store

import (
	"slices"
	"strings"
	"testing"
)

// TestPinnedPluginsReplaceOthersOnlyByName pins one plugin after the other in a store that stays the same.
func TestPinnedPluginsReplaceOthersOnlyByName(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	builtIn := []string{"NESSUS"}
	sum := strings.Repeat("5", 64)
	for _, step := range []struct {
		name, file, typ, override string
		kind                      error
		text                      string // of the error, or the file that is replaced
		types                     string
	}{
		{"a new type", "a", "HOSTS", "", nil, "", "HOSTS NESSUS"},
		{"the same again", "a", "HOSTS", "", nil, "", "HOSTS NESSUS"},
		{"a plugin whose type has changed", "a", "LINES", "", nil, "", "LINES NESSUS"},
		{"the type of another", "b", "LINES", "", ErrExists,
			"an importer for LINES already exists: a is only replaced if that is asked for, with --override LINES", "LINES NESSUS"},
		{"another type than the one that is asked for", "b", "LINES", "NESSUS", ErrInvalid,
			"override: the import type of b is LINES, not NESSUS", "LINES NESSUS"},
		{"the type of another, as asked for", "b", "LINES", "LINES", nil, "a", "LINES NESSUS"},
		{"a type that is built in", "c", "NESSUS", "", ErrExists,
			"an importer for NESSUS already exists: it is built in and only replaced if that is asked for, with --override NESSUS", "LINES NESSUS"},
		{"a type that is built in, as asked for", "c", "NESSUS", "NESSUS", nil, "", "LINES NESSUS"},
		{"the same again, which has to be asked for again", "c", "NESSUS", "", ErrExists, "", "LINES NESSUS"},
		{"a plugin that goes over to a type of another, as asked for", "c", "LINES", "LINES", nil, "b", "LINES NESSUS"},
		{"a file elsewhere", "../d", "HOSTS", "", ErrInvalid, `File: a name without a folder is expected, not "../d"`, "LINES NESSUS"},
		{"no type", "d", "", "", ErrInvalid, "ImportType is required", "LINES NESSUS"},
	} {
		p := Plugin{File: step.file, ImportType: step.typ, SHA256: sum}
		if step.kind != nil {
			text := l.refused(step.kind, func(tx *Tx) error { _, err := PinPlugin(tx, p, builtIn, step.override); return err })
			if step.text != "" && text != step.text {
				t.Errorf("%s: %q", step.name, text)
			}
		} else {
			var replaced string
			l.change(func(tx *Tx) (err error) { replaced, err = PinPlugin(tx, p, builtIn, step.override); return err })
			if replaced != step.text {
				t.Errorf("%s: %q is replaced, want %q", step.name, replaced, step.text)
			}
			if got := get(l, Plugins, step.file); got.ImportType != step.typ || got.Overrides != (step.override != "") {
				t.Errorf("%s: %+v", step.name, got)
			}
		}
		types, err := View(l.ctx, l.DB, System("test"), func(tx *Tx) ([]string, error) { return ImportTypes(tx, builtIn) })
		if got := strings.Join(types, " "); err != nil || got != step.types {
			t.Errorf("%s: the types are %s, %v, want %s", step.name, got, err, step.types)
		}
	}
	if !slices.Equal(builtIn, []string{"NESSUS"}) {
		t.Errorf("the built-in types are %s by now", builtIn)
	}
}
