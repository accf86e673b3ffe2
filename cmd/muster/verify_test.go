package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestVerify checks the store of a demo lab as it comes, while it is in use, and with a table damaged.
func TestVerify(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	if out, log, code := runCommand(t, "verify", "--dir", dir); code != exitStore || !strings.Contains(log, "there is no store") {
		t.Errorf("without a store: %d %q %q", code, out, log)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("looking has made a folder")
	}
	p := serve(t, dir, "--demo")
	if _, log, code := runCommand(t, "verify", "--dir", dir); code != exitStore || !strings.Contains(log, "in use by another process") {
		t.Errorf("while it is served: %d %q", code, log)
	}
	must(t, p.stop(syscall.SIGTERM))
	for _, args := range [][]string{nil, {"--repair-indexes"}} {
		out, log, code := runCommand(t, append([]string{"verify", "--dir", dir}, args...)...)
		if code != 0 || !strings.Contains(out, "nothing is wrong") || strings.Count(out, "\n") != 2 {
			t.Errorf("%v: %d %q %q", args, code, out, log)
		}
		if !strings.Contains(out, " 0 audits not sealed yet") {
			t.Errorf("a server that was stopped leaves audits without a seal: %s", out)
		}
	}
	file, restored := filepath.Join(t.TempDir(), "backup"), newDir(t)
	for _, args := range [][]string{{"backup", file, "--plain", "--dir", dir}, {"restore", file, "--dir", restored}, {"verify", "--dir", restored}} {
		if out, log, code := runCommand(t, args...); code != 0 {
			t.Errorf("%v: %s%s", args, out, log)
		}
	}
	tables, err := filepath.Glob(filepath.Join(dir, "store", "*.sst"))
	must(t, err)
	content, err := os.ReadFile(tables[0])
	must(t, err)
	content[len(content)/2] ^= 1
	must(t, os.WriteFile(tables[0], content, 0o600))
	out, log, code := runCommand(t, "verify", "--dir", dir)
	if code != 1 || !strings.Contains(out, filepath.Base(tables[0])+": ") || !strings.Contains(log, "restore a backup") || strings.Contains(log, "goroutine") {
		t.Errorf("with a damaged table: %d %q %q", code, out, log)
	}
}

// TestASecondProcessIsRefused starts another server on a folder, which has to end within a second. Of three tries the best
// counts: the machine may be busy.
func TestASecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	p := serve(t, newDir(t))
	best := time.Hour
	for range 3 {
		began := time.Now()
		_, log, code := runCommand(t, "serve", "--dir", p.dir, "--http", "127.0.0.1:0", "--https", "")
		if best = min(best, time.Since(began)); code != exitStore || !strings.Contains(log, "in use by another process") {
			t.Errorf("exit code %d, %q", code, log)
		}
	}
	t.Logf("refused after %v", best)
	if best > time.Second {
		t.Errorf("it took %v, limit 1s", best)
	}
	if _, err := p.call("GET", "Workgroups", nil, nil); err != nil {
		t.Errorf("the first server: %v", err)
	}
}

// TestANewerFolderIsRefused opens a folder that a later muster would have written.
func TestANewerFolderIsRefused(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	must(t, serve(t, dir).stop(syscall.SIGTERM))
	format := filepath.Join(dir, "format")
	text, err := os.ReadFile(format)
	must(t, err)
	if string(text) != "1\n" {
		t.Errorf("the folder says %q of itself", text)
	}
	for content, want := range map[string]string{"2\n": "was written by a newer muster (format 2, this one knows 1)", "later": "a number"} {
		must(t, os.WriteFile(format, []byte(content), 0o600))
		for _, command := range []string{"serve", "verify"} {
			if _, log, code := runCommand(t, command, "--dir", dir); code != exitStore || !strings.Contains(log, want) {
				t.Errorf("%s: exit code %d, %q, want %q", command, code, log, want)
			}
		}
	}
	must(t, os.Remove(format)) // as a folder of the first version may be
	if _, log, code := runCommand(t, "verify", "--dir", dir); code != 0 {
		t.Errorf("a folder that says nothing: %q", log)
	}
}
