package host_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/host"
)

func TestProcessIsIsolated(t *testing.T) {
	t.Parallel()
	eitherHost(t, func(t *testing.T, hostOf func(testing.TB, func(*host.Options)) *host.Host) {
		var parent string
		h := hostOf(t, func(o *host.Options) { parent = o.Directory })
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
	})
}

// TestNoise is of importers that say much that nobody asked for, and do their work.
func TestNoise(t *testing.T) {
	t.Parallel()
	eitherHost(t, func(t *testing.T, hostOf func(testing.TB, func(*host.Options)) *host.Host) {
		for typ, what := range map[string]string{"NOISY": "400 MB on standard error", "LONG LINES": "a line of 50 MB on both outputs"} {
			t.Run(what, func(t *testing.T) {
				t.Parallel()
				records, _, err := importAll(t, hostOf(t, nil), typ, "")
				if err != nil || len(records) != 1 {
					t.Errorf("%d records, %v", len(records), err)
				}
			})
		}
	})
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
	for typ, what := range map[string]string{"HAS A RUNAWAY": "are killed although they left the group", "HAS AN ORPHAN": "are killed although their parent is gone"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			records, _, err := importAll(t, newPinnedHost(t, nil), typ, "")
			if err != nil || len(records) != 1 {
				t.Fatal(records, err)
			}
			waitGone(t, number(t, records[0].Description))
		})
	}
	t.Run("cannot hold an import up by leaving the group", func(t *testing.T) {
		t.Parallel()
		begin := time.Now()
		records, _, err := importAll(t, newHost(t, nil), "HAS A RUNAWAY", "")
		if err != nil || len(records) != 1 {
			t.Fatal(records, err)
		}
		waitGone(t, number(t, records[0].Description))
		if took := time.Since(begin); took > 30*time.Second {
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
	files, err := pinnable()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ typ, pinned string }{
		"built in":                   {"HANGS", ""},
		"external":                   {"HANGS", filepath.Join(files.folder, host.Prefix+"HANGS")},
		"a child of an external one": {"HANGS-WITH-A-CHILD", filepath.Join(files.folder, host.Prefix+"HANGS-WITH-A-CHILD")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testImporterEndsWithItsHost(t, test.typ, test.pinned)
		})
	}
}

func testImporterEndsWithItsHost(t *testing.T, typ, pinned string) {
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	directory, err := os.MkdirTemp("", "host")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(directory)
	server := exec.Command(executable, "host", directory, typ, pinned)
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
