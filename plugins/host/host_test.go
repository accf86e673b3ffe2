package host_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

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
		{Description: "hosts.txt", Skip: "no address"},
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

func TestProcessIsIsolated(t *testing.T) {
	t.Parallel()
	var parent string
	h := newHost(t, func(o *host.Options) { parent = o.Directory })
	records, report, err := importAll(t, h, "SELF", "")
	if err != nil || len(records) < 3 {
		t.Fatal(records, err)
	}
	if pid := records[0].Description; pid != strconv.Itoa(report.PID) {
		t.Errorf("the process is %s by its own account and %d by the report", pid, report.PID)
	}
	if dir := records[1].Description; filepath.Dir(dir) != parent {
		t.Errorf("its working directory %s is not in %s", dir, parent)
	}
	if mode := records[2].Description; mode != "drwx------" {
		t.Errorf("its working directory has the mode %s", mode)
	}
	var environment []string
	for _, r := range records[3:] {
		environment = append(environment, r.AssetName)
	}
	slices.Sort(environment)
	want := []string{"GOMEMLIMIT", "MUSTER_PLUGIN", "PLUGIN_CLIENT_CERT", "PLUGIN_MAX_PORT", "PLUGIN_MIN_PORT",
		"PLUGIN_PROTOCOL_VERSIONS", "PLUGIN_UNIX_SOCKET_DIR"}
	if diff := cmp.Diff(want, environment); diff != "" {
		t.Error("its environment:", diff)
	}
}

// TestFailures runs importers that fail, each in its own way, and checks what the user is told.
func TestFailures(t *testing.T) {
	t.Parallel()
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
		{"LEAVES", host.ErrCrashed, "importer exited: exit status 127; last output: no such library"},
		{"ELSEWHERE", host.ErrProtocol, `not an importer that muster can talk to: tcp address "127.0.0.1:9" is not in`},
		{"OTHER", host.ErrProtocol, "not an importer that muster can talk to: incompatible API version with plugin."},
		{"OVERSIZED", host.ErrFlood, "importer sent too much: grpc: received message larger than max"},
		{"ENDLESS", host.ErrFlood, "importer sent too much: more than 10000 hosts"},
		{"MISSING", host.ErrUnknownType, `unknown import type "MISSING"`},
	} {
		t.Run(test.typ, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, func(o *host.Options) { o.Records = 10_000 })
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

func TestDeadline(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{"HANGS", "IGNORES SIGNALS", "SPINS", "SILENT"} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, func(o *host.Options) { o.Deadline = 700 * time.Millisecond })
			begin := time.Now()
			_, _, err := importAll(t, h, typ, "")
			if !errors.Is(err, host.ErrDeadline) || err.Error() != "importer still running after 700ms" {
				t.Errorf("the error is %v", err)
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
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

func TestNoiseOnStandardErrorIsNoObstacle(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	records, _, err := importAll(t, h, "NOISY", "")
	if err != nil || len(records) != 1 {
		t.Errorf("%d records, %v", len(records), err)
	}
}

func TestRecordsAreNotTrusted(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	records, _, err := importAll(t, h, "UNPOLISHED", "")
	if err != nil || len(records) != 1 {
		t.Fatal(records, err)
	}
	want := plugins.Record{IPAddress: "192.0.2.1", AssetName: "tab here", DnsName: strings.Repeat("é ", 127) + "é"}
	if diff := cmp.Diff(want, records[0]); diff != "" {
		t.Error(diff)
	}
}

func TestWarningsAreCapped(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	_, report, err := importAll(t, h, "WARNINGS", "")
	if err != nil || len(report.Warnings) != 100 || report.WarningsDropped != 150 || report.Warnings[99] != "warning 99" {
		t.Errorf("%v, %+v", err, report)
	}
	_, report, err = importAll(t, h, "LIES", "")
	if err != nil || len(report.Warnings) != 100 || report.WarningsDropped != 1<<31-1 || report.Warnings[0] != "a b" {
		t.Errorf("of an importer that lies: %v, %+v", err, report)
	}
}

func TestProcessesOfTheProcess(t *testing.T) {
	t.Parallel()
	t.Run("are killed with it", func(t *testing.T) {
		t.Parallel()
		records, _, err := importAll(t, newHost(t, nil), "HAS A CHILD", "")
		if err != nil || len(records) != 1 {
			t.Fatal(records, err)
		}
		waitGone(t, number(t, records[0].Description))
	})
	t.Run("cannot hold an import up by leaving the group", func(t *testing.T) {
		t.Parallel()
		begin := time.Now()
		records, _, err := importAll(t, newHost(t, nil), "HAS A RUNAWAY", "")
		if err != nil || len(records) != 1 {
			t.Fatal(records, err)
		}
		if err := syscall.Kill(number(t, records[0].Description), syscall.SIGKILL); err != nil {
			t.Error("the runaway:", err)
		}
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// TestThreadsComeAndGo ends threads of this process while an importer runs. The kernel kills a process whose parent
// thread ends.
func TestThreadsComeAndGo(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	count := 0
	_, err := h.Import(t.Context(), "LINES", "", strings.NewReader(strings.Repeat("192.0.2.1\n", 1280)), func(plugins.Record) error {
		if count++; count%128 != 0 {
			return nil
		}
		ended := make(chan bool, 20)
		for range cap(ended) {
			go func() {
				runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
				ended <- true
			}()
		}
		for range cap(ended) {
			<-ended
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestImporterEndsWithItsHost(t *testing.T) {
	t.Parallel()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	directory, err := os.MkdirTemp("", "host")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(directory)
	server := exec.Command(executable, "host", directory)
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	importer := number(t, strings.TrimSpace(line))
	if !alive(importer) {
		t.Fatalf("the importer %d does not run", importer)
	}
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait()
	waitGone(t, importer)
}

func TestTypes(t *testing.T) {
	t.Parallel()
	h := host.New(host.Options{BuiltIn: []plugins.Importer{{Type: "B"}, {Type: "A", Extensions: []string{".csv"}}}})
	want := []host.Info{{Type: "A", Extensions: []string{".csv"}}, {Type: "B"}}
	if diff := cmp.Diff(want, h.Types()); diff != "" {
		t.Error(diff)
	}
	if !h.Has("A") || h.Has("a") {
		t.Error("types are not told apart")
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

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// waitGone waits up to five seconds for a process that is nobody's child any more.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); alive(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("process %d is still there", pid)
		}
	}
}

// alive reports whether a process is there and not merely waiting to be reaped.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) == syscall.ESRCH {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(stat), ") ")
	return err != nil || !strings.HasPrefix(state, "Z")
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
	h := newHost(b, nil)
	for b.Loop() {
		if _, _, err := importAll(b, h, "LINES", ""); err != nil {
			b.Fatal(err)
		}
	}
}
