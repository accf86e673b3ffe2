package host_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/host"
)

// TestFailures runs importers that fail, each in its own way, and checks what the user is told. An import beside them
// takes no notice.
func TestFailures(t *testing.T) {
	t.Parallel()
	eitherHost(t, func(t *testing.T, hostOf func(testing.TB, func(*host.Options)) *host.Host) {
		endWell := importBeside(t, hostOf(t, func(o *host.Options) { o.Deadline = time.Hour }))
		t.Run("imports", func(t *testing.T) { testFailures(t, hostOf) })
		endWell()
	})
}

// importBeside begins an import, and returns what lets it go on to its end and checks that it is complete.
func importBeside(t *testing.T, h *host.Host) (end func()) {
	content, more := io.Pipe()
	records, done := 0, make(chan error, 1)
	go func() {
		_, err := h.Import(t.Context(), "LINES", "", content, func(plugins.Record) error { records++; return nil })
		content.CloseWithError(err) // nobody reads on
		done <- err
	}()
	if _, err := io.WriteString(more, strings.Repeat("192.0.2.1\n", 10_000)); err != nil {
		t.Fatal(err)
	}
	return func() {
		_, err := io.WriteString(more, strings.Repeat("192.0.2.2\n", 10_000))
		if err = errors.Join(err, more.Close(), <-done); err != nil || records != 20_000 {
			t.Errorf("the import beside: %d records, %v", records, err)
		}
	}
}

func testFailures(t *testing.T, hostOf func(testing.TB, func(*host.Options)) *host.Host) {
	for _, test := range []struct {
		typ  string
		kind error  // nil: the importer's own words
		text string // the beginning
	}{
		{"REFUSES", nil, "line 3: no address"},
		{"PANICS", nil, "importer panicked: runtime error: index out of range ["},
		{"PANICS ELSEWHERE", host.ErrCrashed, "importer exited: exit status 2; last output: panic: in another goroutine\n"},
		{"FAULTS", host.ErrCrashed, "importer exited: exit status 2; last output: SIGSEGV: segmentation violation\n"},
		{"EXITS", host.ErrCrashed, "importer exited: exit status 3; last output: out of luck\nso long"},
		{"NOISY AND EXITS", host.ErrCrashed, "importer exited: exit status 1; last output: line 980\nline 981\n"},
		{"PRINTS", host.ErrProtocol, "not an importer that muster can talk to: Unrecognized remote plugin message: hello, world"},
		{"SHOUTS", host.ErrProtocol, "not an importer that muster can talk to: Unrecognized remote plugin message: aaaaaaaa"},
		{"LEAVES", host.ErrCrashed, "importer exited: exit status 127; last output: no such library"},
		{"ELSEWHERE", host.ErrProtocol, `not an importer that muster can talk to: tcp address "127.0.0.1:9" is not in`},
		{"OTHER", host.ErrProtocol, "not an importer that muster can talk to: incompatible API version with plugin."},
		{"NETRPC", host.ErrProtocol, `not an importer that muster can talk to: unsupported plugin protocol "netrpc"`},
		{"STRANGER", host.ErrProtocol, "not an importer that muster can talk to: unknown service muster.plugins.v1.Importer"},
		{"DEAD END", nil, "the connection to the importer broke: "},
		{"OVERSIZED", host.ErrFlood, "importer sent too much: grpc: received message larger than max"},
		{"ENDLESS", host.ErrFlood, "importer sent too much: more than 10000 hosts"},
		{"MISSING", host.ErrUnknownType, `unknown import type "MISSING"`},
	} {
		t.Run(test.typ, func(t *testing.T) {
			t.Parallel()
			h := hostOf(t, func(o *host.Options) { o.Records = 10_000 })
			_, _, err := importAll(t, h, test.typ, strings.Repeat("much to read ", 100_000))
			if err == nil || !strings.HasPrefix(err.Error(), test.text) {
				t.Errorf("the error is %q, want %q", err, test.text)
			}
			if test.kind != nil && !errors.Is(err, test.kind) {
				t.Errorf("%v is not %v", err, test.kind)
			}
			if err != nil && (len(err.Error()) > 5000 || !utf8.ValidString(err.Error())) {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

// overtime is how long after its deadline an import may end: about 2 seconds, and some more on a machine that is busy
// with other tests.
const overtime = 5 * time.Second

func TestDeadline(t *testing.T) {
	t.Parallel()
	eitherHost(t, func(t *testing.T, hostOf func(testing.TB, func(*host.Options)) *host.Host) {
		for _, typ := range []string{"HANGS", "IGNORES SIGNALS", "SPINS", "SILENT", "DEAF"} {
			t.Run(typ, func(t *testing.T) {
				t.Parallel()
				h := hostOf(t, func(o *host.Options) { o.Deadline = 700 * time.Millisecond })
				begin := time.Now()
				_, _, err := importAll(t, h, typ, "")
				if !errors.Is(err, host.ErrDeadline) || err.Error() != "importer still running after 700ms" {
					t.Errorf("the error is %v", err)
				}
				if took := time.Since(begin); took > 700*time.Millisecond+overtime {
					t.Errorf("it took %s", took)
				} else {
					t.Logf("it took %s", took)
				}
			})
		}
	})
}

func TestCancel(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped by ann")
	report, err := h.Import(ctx, "HANGS", "", strings.NewReader(""), func(plugins.Record) error {
		cancel(stopped)
		return nil
	})
	if err != stopped {
		t.Errorf("the error is %v", err)
	}
	checkGone(t, report.PID)
	if report.PID == 0 {
		t.Error("the process was never started")
	}
	if _, err := h.Import(ctx, "LINES", "", strings.NewReader(""), nil); err != stopped {
		t.Errorf("the error of an import that was canceled before is %v", err)
	}
}

func TestErrorOfEmitStopsTheImport(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	full, count := errors.New("disk full"), 0
	report, err := h.Import(t.Context(), "ENDLESS", "", strings.NewReader(""), func(plugins.Record) error {
		if count++; count == 1000 {
			return full
		}
		return nil
	})
	if err != full || count != 1000 || report.Records != 1000 {
		t.Errorf("%v after %d of %d records", err, count, report.Records)
	}
	checkGone(t, report.PID)
}

func TestUnreadableFile(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	broken := errors.New("bad sector")
	content := io.MultiReader(strings.NewReader("192.0.2.1\n"), iotest.ErrReader(broken))
	_, err := h.Import(t.Context(), "LINES", "", content, func(plugins.Record) error { return nil })
	if !errors.Is(err, broken) || err.Error() != "reading the file: bad sector" {
		t.Errorf("the error is %v", err)
	}
}

func TestExecutableIsMissing(t *testing.T) {
	t.Parallel()
	h := newHost(t, func(o *host.Options) { o.Executable = filepath.Join(o.Directory, "missing") })
	_, _, err := importAll(t, h, "LINES", "")
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
}

func TestDirectoryIsTooLong(t *testing.T) {
	t.Parallel()
	h := newHost(t, func(o *host.Options) { o.Directory = t.TempDir() + strings.Repeat("/.", 50) })
	_, _, err := importAll(t, h, "LINES", "")
	if err == nil || !strings.Contains(err.Error(), "short enough") {
		t.Errorf("the error is %v", err)
	}
}
