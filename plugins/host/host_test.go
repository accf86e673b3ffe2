package host_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/host"
)

// newHost returns a host of this test binary, with limits that suit the test.
func newHost(t testing.TB, set func(*host.Options)) *host.Host {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	directory, err := os.MkdirTemp("", "host") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if left, err := os.ReadDir(directory); err != nil || len(left) > 0 {
			t.Errorf("left behind in the directory: %v, %v", left, err)
		}
		os.RemoveAll(directory)
	})
	options := host.Options{Executable: executable, BuiltIn: builtIn(), Directory: directory, Deadline: time.Minute}
	if set != nil {
		set(&options)
	}
	return host.New(options)
}

// newPinnedHost is newHost for importers of the same types that are external and pinned.
func newPinnedHost(t testing.TB, set func(*host.Options)) *host.Host {
	t.Helper()
	files, err := pinnable()
	if err != nil {
		t.Fatal(err)
	}
	var all []host.Pin
	for _, i := range builtIn() {
		all = append(all, host.Pin{
			Info: host.Info{Type: i.Type, Extensions: i.Extensions}, File: filepath.Join(files.folder, host.Prefix+i.Type), SHA256: files.sum,
		})
	}
	return newHost(t, func(o *host.Options) {
		o.BuiltIn, o.Pins = nil, pins(all...)
		if set != nil {
			set(o)
		}
	})
}

// eitherHost runs a test with importers that are built in and with external ones.
func eitherHost(t *testing.T, test func(*testing.T, func(testing.TB, func(*host.Options)) *host.Host)) {
	for name, hostOf := range map[string]func(testing.TB, func(*host.Options)) *host.Host{"built in": newHost, "external": newPinnedHost} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, hostOf)
		})
	}
}

func pins(all ...host.Pin) func(context.Context) ([]host.Pin, error) {
	return func(context.Context) ([]host.Pin, error) { return all, nil }
}

// pinnableFiles is a folder with this test binary as an external importer of each type.
type pinnableFiles struct{ folder, sum string }

var pinnable = sync.OnceValues(func() (f pinnableFiles, err error) {
	executable, err := os.Executable()
	if err != nil {
		return f, err
	}
	content, err := os.ReadFile(executable)
	if err != nil {
		return f, err
	}
	if f.folder, err = os.MkdirTemp("", "plugins"); err != nil {
		return f, err
	}
	f.sum = fmt.Sprintf("%x", sha256.Sum256(content))
	one := filepath.Join(f.folder, "one")
	err = writeExecutable(one, content)
	for _, i := range builtIn() {
		err = errors.Join(err, os.Link(one, filepath.Join(f.folder, host.Prefix+i.Type)))
	}
	return f, err
})

// writeExecutable does so while no process is started: one would hold the file open for a moment, which must not be
// written to when it is executed.
func writeExecutable(path string, content []byte) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, content, 0o700)
}

// importAll imports the content and returns what came of it.
func importAll(t testing.TB, h *host.Host, typ, content string) ([]plugins.Record, host.Report, error) {
	t.Helper()
	var records []plugins.Record
	report, err := h.Import(t.Context(), typ, "hosts.txt", strings.NewReader(content), func(r plugins.Record) error {
		records = append(records, r)
		return nil
	})
	checkGone(t, report.PID)
	return records, report, err
}

// checkGone fails if a process of this test is there, be it as a zombie.
func checkGone(t testing.TB, pid int) {
	t.Helper()
	if pid != 0 && syscall.Kill(pid, 0) != syscall.ESRCH {
		t.Errorf("process %d is still there", pid)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	records, report, err := importAll(t, h, "LINES", "192.0.2.1\n2001:DB8::1\nrouter\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []plugins.Record{
		{IPAddress: "192.0.2.1", Description: "hosts.txt"},
		{IPAddress: "2001:db8::1", Description: "hosts.txt"},
		{Description: "hosts.txt", Skip: `"router" is no address`},
	}
	if diff := cmp.Diff(want, records); diff != "" {
		t.Error(diff)
	}
	if report.BytesRead != 29 || report.Records != 3 || report.PID == 0 || report.PID == os.Getpid() {
		t.Errorf("report is %+v", report)
	}
}

func TestImportOfManyChunksAndBatches(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	records, report, err := importAll(t, h, "LINES", strings.Repeat("192.0.2.1\n", 100_000))
	if err != nil || len(records) != 100_000 || report.BytesRead != 1_000_000 {
		t.Errorf("%d records of %d bytes, %v", len(records), report.BytesRead, err)
	}
}

func TestFileNameIsWithoutItsFolder(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	for given, want := range map[string]string{"": "", "/home/ann/hosts.txt": "hosts.txt", `C:\Users\ann\hosts.txt`: "hosts.txt", "\xff.txt": "\ufffd.txt"} {
		_, err := h.Import(t.Context(), "LINES", given, strings.NewReader("192.0.2.1"), func(r plugins.Record) error {
			if r.Description != want {
				t.Errorf("the importer of %q was told %q", given, r.Description)
			}
			return nil
		})
		if err != nil {
			t.Error(given, err)
		}
	}
}

func TestRecordsAreNotTrusted(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	records, _, err := importAll(t, h, "UNPOLISHED", "")
	if err != nil || len(records) != 1 {
		t.Fatal(records, err)
	}
	want := plugins.Record{IPAddress: "192.0.2.1", AssetName: "tab here", OperatingSystem: strings.Repeat("é ", 127) + "é"}
	if diff := cmp.Diff(want, records[0]); diff != "" {
		t.Error(diff)
	}
}

func TestBadAddressesAreSkipped(t *testing.T) {
	t.Parallel()
	eitherHost(t, func(t *testing.T, hostOf func(testing.TB, func(*host.Options)) *host.Host) {
		records, _, err := importAll(t, hostOf(t, nil), "BAD ADDRESSES", "")
		if err != nil || len(records) != 6 {
			t.Fatal(records, err)
		}
		for i, cell := range []string{"999.1.1.1", "10.0.0.1/8", "::1%", "\uFFFD", strings.Repeat("1.", 30) + "…"} {
			if diff := cmp.Diff(plugins.Record{Skip: `"` + cell + `" is no address`}, records[i]); diff != "" {
				t.Error(diff)
			}
		}
		if r := records[5]; r.IPAddress != "fe80::1" || r.Skip != "" {
			t.Errorf("%+v", r)
		}
	})
}

func TestWarningsAreCapped(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	_, report, err := importAll(t, h, "WARNINGS", "")
	if err != nil || len(report.Warnings) != 100 || report.WarningsDropped != 150 || report.Warnings[99] != "warning 99" {
		t.Errorf("%v, %+v", err, report)
	}
	_, report, err = importAll(t, h, "LIES", "")
	if err != nil || len(report.Warnings) != 100 || report.WarningsDropped != 1<<31-1 || report.Warnings[0] != "a b 0" || report.Warnings[99] != "a b 99" {
		t.Errorf("of an importer that lies: %v, %+v", err, report)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	h := newHost(t, func(o *host.Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	_, _, _ = importAll(t, h, "EXITS", "a secret in the file")
	text := log.String()
	for line := range strings.Lines(text) {
		if !strings.Contains(line, "level=DEBUG") || !strings.Contains(line, "plugin=EXITS") {
			t.Errorf("in the log: %s", line)
		}
	}
	if !strings.Contains(text, `line="out of luck"`) || strings.Contains(text, "secret") {
		t.Error(text)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func BenchmarkImport(b *testing.B) {
	h := newHost(b, nil)
	content := strings.Repeat("192.0.2.1\n", 100_000)
	for b.Loop() {
		if records, _, err := importAll(b, h, "LINES", content); err != nil || len(records) != 100_000 {
			b.Fatal(len(records), err)
		}
	}
}

func BenchmarkStart(b *testing.B) {
	for name, h := range map[string]*host.Host{"built in": newHost(b, nil), "external": newPinnedHost(b, nil)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := importAll(b, h, "LINES", ""); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
