//go:build unix

package badgerkv

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

// The environment variables that make this test's program write into a directory instead of testing, and how.
const (
	writeDir     = "BADGERKV_TEST_WRITE"
	writeNoSync  = "BADGERKV_TEST_NOSYNC"
	writeWriters = "BADGERKV_TEST_WRITERS" // as many characters as writers
	writeLimit   = "BADGERKV_TEST_WRITES"  // writes after which it ends; empty: never
)

// writeOn writes into a store, so much that logs are full within a second or so, and says each key once it is acknowledged.
func writeOn(dir string) error {
	e, err := Open(Options{Dir: dir, Key: masterKey, NoSync: os.Getenv(writeNoSync) != ""})
	if err != nil {
		return err
	}
	limit, _ := strconv.Atoi(os.Getenv(writeLimit))
	failed := make(chan error)
	for w := range len(os.Getenv(writeWriters)) {
		go func() {
			for i := 0; i < limit || limit == 0; i++ {
				key := fmt.Sprintf("w%d-%06d", w, i)
				err := e.Update(context.Background(), func(tx kv.Txn) error { return tx.Set([]byte(key), make([]byte, 30_000)) })
				if err != nil {
					failed <- err
					return
				}
				os.Stdout.WriteString(key + "\n") // one write(2)
			}
			failed <- nil
		}()
	}
	return <-failed
}

// writer is a process that writes into a store.
type writer struct {
	command *exec.Cmd
	ended   chan struct{}

	mu   sync.Mutex
	keys []string
}

func startWriting(t *testing.T, dir string, sync bool) *writer {
	t.Helper()
	w := &writer{command: exec.Command(os.Args[0]), ended: make(chan struct{})}
	w.command.Env = append(os.Environ(), writeDir+"="+dir, writeWriters+"=12345678")
	if !sync {
		w.command.Env = append(w.command.Env, writeNoSync+"=1")
	}
	w.command.Stderr = os.Stderr
	out, err := w.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.kill)
	go func() {
		defer close(w.ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			w.mu.Lock()
			w.keys = append(w.keys, lines.Text())
			w.mu.Unlock()
		}
		w.command.Wait()
	}()
	return w
}

func (w *writer) acknowledged() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.keys...)
}

// kill may be called again.
func (w *writer) kill() {
	w.command.Process.Kill()
	<-w.ended
}

// TestSyncBeforeAnswer looks at the calls to the kernel: between two answers of a lone writer there is a sync. It is what is left of
// TestSoakPowerCut without root.
func TestSyncBeforeAnswer(t *testing.T) {
	t.Parallel()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not there")
	}
	trace := filepath.Join(t.TempDir(), "trace")
	c := exec.Command(strace, "-f", "-qq", "-e", "trace=msync,write", "-o", trace, os.Args[0])
	c.Env = append(os.Environ(), writeDir+"="+filepath.Join(t.TempDir(), "store"), writeWriters+"=1", writeLimit+"=20")
	if _, err := c.Output(); err != nil {
		t.Skipf("strace: %v", err)
	}
	content, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	answers, syncs := 0, 0
	for line := range strings.Lines(string(content)) {
		switch {
		case strings.Contains(line, "msync") && strings.Contains(line, "= 0"):
			syncs++
		case strings.Contains(line, `write(1, "w0-`):
			if syncs < 2 { // of the log, and of the value log, which is empty
				t.Errorf("an answer without a sync before it: %s", line)
			}
			answers, syncs = answers+1, 0
		}
	}
	if answers < 10 {
		t.Errorf("%d answers in the trace; this proves nothing", answers)
	}
}
