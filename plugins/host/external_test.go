package host_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/host"
)

// pinOf is the pin of an importer's file as it is now.
func pinOf(t *testing.T, typ, file string) host.Pin {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return host.Pin{Info: host.Info{Type: typ}, File: file, SHA256: fmt.Sprintf("%x", sha256.Sum256(content))}
}

// ownFile returns a file of its own with an importer that reads lines, in a folder of its own.
func ownFile(t *testing.T) string {
	t.Helper()
	files, err := pinnable()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(files.folder, "one"))
	if err != nil {
		t.Fatal(err)
	}
	return program(t, "LINES", content)
}

// program writes an importer into a folder of its own.
func program(t *testing.T, name string, content []byte) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "plugins")
	file := filepath.Join(folder, host.Prefix+name)
	if err := errors.Join(os.Mkdir(folder, 0o700), writeExecutable(file, content)); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestRefused has files that are not started, each of them pinned as it was a moment before, and says what the user and
// whoever lists the plugins are told.
func TestRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil  func(file string) error
		state  host.State
		reason string // ends the message
	}{
		"nothing is wrong": {func(string) error { return nil }, host.Pinned, ""},
		"one byte is changed": {func(file string) error {
			f, err := os.OpenFile(file, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteAt([]byte("!"), 4096)
			return errors.Join(err, f.Close())
		}, host.Changed, "it has changed since it was pinned; if you know why, pin it again"},
		"the file is gone": {os.Remove, host.Missing, "its file is missing: file does not exist"},
		"the folder is gone": {func(file string) error { return os.RemoveAll(filepath.Dir(file)) },
			host.Missing, "its folder is missing: file does not exist"},
		"it is not executable": {mode(0o600), host.Refused, "it is not executable (its mode is -rw-------)"},
		"everybody may write":  {mode(0o777), host.Refused, "others may write to it (its mode is -rwxrwxrwx)"},
		"the group may write":  {mode(0o770), host.Refused, "others may write to it (its mode is -rwxrwx---)"},
		"others may write to the folder": {func(file string) error { return os.Chmod(filepath.Dir(file), 0o777) },
			host.Refused, "its folder: others may write to it (its mode is drwxrwxrwx)"},
		"it is a link to itself elsewhere": {func(file string) error {
			return errors.Join(os.Rename(file, file+".real"), os.Symlink(file+".real", file))
		}, host.Refused, "it is a symbolic link"},
		"the folder is a link": {func(file string) error {
			folder := filepath.Dir(file)
			return errors.Join(os.Rename(folder, folder+".real"), os.Symlink(folder+".real", folder))
		}, host.Refused, "its folder is a symbolic link"},
		"it is a folder": {func(file string) error {
			return errors.Join(os.Remove(file), os.Mkdir(file, 0o700))
		}, host.Refused, "it is not a regular file"},
		"it is a pipe that nobody writes to": {func(file string) error {
			return errors.Join(os.Remove(file), syscall.Mkfifo(file, 0o700))
		}, host.Refused, "it is not a regular file"},
		"it is larger than any program": {func(file string) error { return os.Truncate(file, 1<<40) },
			host.Refused, "it is larger than 512 MiB"},
		"it belongs to somebody else": {func(file string) error { return os.Chown(file, 12345, -1) },
			host.Refused, "it belongs to user 12345, neither to this one nor to root"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := ownFile(t)
			pin := pinOf(t, "LINES", file)
			if err := test.spoil(file); errors.Is(err, os.ErrPermission) {
				t.Skip("only root can do that")
			} else if err != nil {
				t.Fatal(err)
			}
			h := newHost(t, func(o *host.Options) { o.BuiltIn, o.Pins = nil, pins(pin) })
			_, report, err := importAll(t, h, "LINES", "192.0.2.1\n")
			if test.state == host.Pinned {
				if err != nil {
					t.Error(err)
				}
			} else if want := "plugin refused: muster-importer-LINES: " + test.reason; !errors.Is(err, host.ErrRefused) || err.Error() != want || report.PID != 0 {
				t.Errorf("process %d, %v, want %q", report.PID, err, want)
			}
			listed, err := h.List(t.Context(), filepath.Dir(file))
			if err != nil || len(listed) == 0 {
				t.Fatal(listed, err)
			}
			reason := ""
			if test.state == host.Refused {
				reason = test.reason
			}
			if l := listed[0]; l.State != test.state || l.Reason != reason {
				t.Errorf("listed as %q, %q, want %q, %q", l.State, l.Reason, test.state, reason)
			}
		})
	}
}

func mode(m os.FileMode) func(string) error {
	return func(file string) error { return os.Chmod(file, m) }
}

// TestStartedFromWhatWasChecked changes the file in every way while it runs. The import goes on with what was checked,
// and only the next one is refused.
func TestStartedFromWhatWasChecked(t *testing.T) {
	t.Parallel()
	file := ownFile(t)
	h := newHost(t, func(o *host.Options) { o.BuiltIn, o.Pins = nil, pins(pinOf(t, "LINES", file)) })
	content, more := io.Pipe()
	done := make(chan error, 1)
	records := 0
	go func() {
		_, err := h.Import(t.Context(), "LINES", "", content, func(plugins.Record) error { records++; return nil })
		content.CloseWithError(err) // nobody reads on
		done <- err
	}()
	if _, err := io.WriteString(more, strings.Repeat("192.0.2.1\n", 10_000)); err != nil { // so it runs
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("#!/bin/false\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	more.Close()
	if err := <-done; err != nil || records != 10_000 {
		t.Errorf("%d records, %v", records, err)
	}
	if _, _, err := importAll(t, h, "LINES", ""); !errors.Is(err, host.ErrRefused) {
		t.Errorf("the next one: %v", err)
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	file := ownFile(t)
	h := newHost(t, nil)
	got, err := h.Describe(t.Context(), file)
	want := pinOf(t, "LINES", file)
	want.Extensions, want.Version = []string{".txt"}, "1.0"
	if err != nil || !cmp.Equal(want, got) {
		t.Errorf("%v %s", err, cmp.Diff(want, got))
	}
	files, err := pinnable()
	if err != nil {
		t.Fatal(err)
	}
	for typ, reason := range map[string]string{
		"PRINTS":           "not an importer that muster can talk to: Unrecognized remote plugin message",
		"LEAVES":           "importer exited: exit status 127; last output: no such library",
		"STRANGER":         "not an importer that muster can talk to: unknown service",
		"lower":            `not an importer that muster can talk to: its type is "lower", where`,
		"PANICS ELSEWHERE": `not an importer that muster can talk to: its type is "PANICS ELSEWHERE", where`,
		"ODD EXTENSION":    `not an importer that muster can talk to: one of its extensions is "TXT", where`,
		"ODD VERSION":      `not an importer that muster can talk to: its version is "\x1b[2J", where`,
		"MANY EXTENSIONS":  "not an importer that muster can talk to: it has 21 extensions, more than 20",
		"NO SUCH FILE":     "plugin refused: muster-importer-NO SUCH FILE: its file is missing",
	} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			_, err := newHost(t, nil).Describe(t.Context(), filepath.Join(files.folder, host.Prefix+typ))
			if err == nil || !strings.HasPrefix(err.Error(), reason) {
				t.Errorf("%v, want %s", err, reason)
			}
		})
	}
}

// TestWhichImporterRuns has a built-in importer and external ones of the same and other types.
func TestWhichImporterRuns(t *testing.T) {
	t.Parallel()
	file := ownFile(t)
	external := pinOf(t, "REFUSES", file) // a built-in type; what it does is to read lines
	overriding := external
	overriding.Overrides = true
	broken := errors.New("the store is closed")
	for name, test := range map[string]struct {
		pins   func(context.Context) ([]host.Pin, error)
		failed string
		states []host.State // of the built-in type and of the file
	}{
		"the built-in one, when nothing is pinned":               {nil, "line 3: no address", []host.State{host.BuiltIn, host.NotPinned}},
		"the built-in one, though a plugin has its type":         {pins(external), "line 3: no address", []host.State{host.BuiltIn, host.Refused}},
		"the plugin, when it overrides":                          {pins(overriding), "", []host.State{host.Overridden, host.Pinned}},
		"none, when nobody can say what is pinned":               {func(context.Context) ([]host.Pin, error) { return nil, broken }, broken.Error(), nil},
		"the plugin even when it was changed: there is no other": {pins(changed(overriding)), "plugin refused: muster-importer-LINES: it has changed", []host.State{host.Overridden, host.Changed}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, func(o *host.Options) { o.BuiltIn, o.Pins = []plugins.Importer{{Type: "REFUSES"}}, test.pins })
			_, _, err := importAll(t, h, "REFUSES", "192.0.2.1\n")
			if failed := fmt.Sprint(err); test.failed == "" && err != nil || !strings.HasPrefix(failed, test.failed) {
				t.Errorf("%v, want %q", err, test.failed)
			}
			listed, err := h.List(t.Context(), filepath.Dir(file))
			if (err != nil) != (test.states == nil) {
				t.Fatal(err)
			}
			var states []host.State
			for _, l := range listed {
				states = append(states, l.State)
			}
			if diff := cmp.Diff(test.states, states); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func changed(p host.Pin) host.Pin {
	p.SHA256 = strings.Repeat("0", 64)
	return p
}

// TestAuthorsBuilds are started from wherever they are, when that is asked for.
func TestAuthorsBuilds(t *testing.T) {
	t.Parallel()
	file := ownFile(t)
	if err := errors.Join(os.Chmod(file, 0o775), os.Chmod(filepath.Dir(file), 0o777)); err != nil {
		t.Fatal(err)
	}
	if _, err := newHost(t, nil).Describe(t.Context(), file); !errors.Is(err, host.ErrRefused) {
		t.Errorf("to be pinned: %v", err)
	}
	if _, err := newHost(t, func(o *host.Options) { o.AnyMode = true }).Describe(t.Context(), file); err != nil {
		t.Errorf("to be tried: %v", err)
	}
}

// TestDescribeHasADeadline of its own, and keeps to that of imports if it is shorter.
func TestDescribeHasADeadline(t *testing.T) {
	t.Parallel()
	files, err := pinnable()
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range []string{"SILENT", "DEAF"} {
		h := newHost(t, func(o *host.Options) { o.Deadline = 700 * time.Millisecond })
		begin := time.Now()
		_, err := h.Describe(t.Context(), filepath.Join(files.folder, host.Prefix+typ))
		if !errors.Is(err, host.ErrDeadline) {
			t.Errorf("%s: %v", typ, err)
		}
		if took := time.Since(begin); took > 700*time.Millisecond+overtime {
			t.Errorf("%s: it took %s", typ, took)
		}
	}
}
