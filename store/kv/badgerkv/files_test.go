//go:build unix

package badgerkv

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/musterhq/muster/store/kv"
)

func TestLockedByAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := open(t, Options{Dir: dir, Key: masterKey})
	if said, err := openElsewhere(t, dir); err != nil || !strings.Contains(said, ErrLocked.Error()) {
		t.Errorf("another process says %q, %v, want ErrLocked", said, err)
	}
	closeNow(t, e)
	if said, err := openElsewhere(t, dir); err != nil || !strings.HasSuffix(said, "\n<nil>\n") {
		t.Errorf("after Close another process says %q, %v", said, err)
	}
}

// TestLockedByAChild has the lock outlive its owner for a moment, as in a child that is about to become another program.
func TestLockedByAChild(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	child, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	if err := syscall.Flock(int(child.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(lockTime/3, func() { child.Close() })
	open(t, Options{Dir: dir, Key: masterKey})
}

// TestNothingIsReadable looks for what was stored in all files, while the engine runs and afterwards.
func TestNothingIsReadable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := open(t, Options{Dir: dir, Key: masterKey})
	for range 3 {
		set(t, e, "SECRET-KEY", strings.Repeat("SECRET-VALUE", 1_000))
	}
	check := func(when string) {
		found := 0
		for _, content := range files(t, dir) {
			found += len(content)
			if bytes.Contains(content, []byte("SECRET")) || bytes.Contains(content, masterKey) {
				t.Errorf("%s a file tells secrets", when)
			}
		}
		if found < 12_000 {
			t.Errorf("%s the files hold %d bytes, less than was stored", when, found)
		}
	}
	check("while open")
	closeNow(t, e)
	check("after Close")
}

// TestModes has the umask of TestMain for the files; the directory is closed whatever the umask.
func TestModes(t *testing.T) {
	t.Parallel()
	made := filepath.Join(t.TempDir(), "parent", "made")
	found := filepath.Join(t.TempDir(), "found")
	if err := os.Mkdir(found, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(found, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{made, found} {
		e := open(t, Options{Dir: dir, Key: masterKey})
		set(t, e, "a", "1")
		wantModes(t, dir)
		closeNow(t, e)
		wantModes(t, dir)
	}
}

func wantModes(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", d.Name(), got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestValueLogStaysEmpty shows why the engine needs no maintenance of it.
func TestValueLogStaysEmpty(t *testing.T) {
	t.Parallel()
	o := Options{Dir: t.TempDir(), Key: masterKey, NoSync: true}
	for range 4 {
		e := open(t, o)
		set(t, e, "a", strings.Repeat("x", kv.MaxValue))
		closeNow(t, e)
	}
	logs := 0
	for name, content := range files(t, o.Dir) {
		if filepath.Ext(name) != ".vlog" {
			continue
		}
		logs++
		if len(content) > 100 {
			t.Errorf("%s has %d bytes, want a header alone", name, len(content))
		}
	}
	if logs == 0 || logs > 2 {
		t.Errorf("%d value logs after four openings, want one or two", logs)
	}
}

func TestLogging(t *testing.T) {
	t.Parallel()
	var quiet, loud bytes.Buffer
	for level, to := range map[slog.Level]*bytes.Buffer{slog.LevelInfo: &quiet, slog.LevelDebug: &loud} {
		logger := slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: level}))
		e := open(t, Options{Dir: t.TempDir(), Key: masterKey, Logger: logger})
		set(t, e, "SECRET-KEY", "SECRET-VALUE")
		closeNow(t, e)
	}
	if quiet.Len() > 0 {
		t.Errorf("a healthy store says:\n%s", &quiet)
	}
	if loud.Len() == 0 {
		t.Error("a store that is debugged says nothing")
	}
	if bytes.Contains(loud.Bytes(), []byte("SECRET")) {
		t.Errorf("a store that is debugged tells secrets:\n%s", &loud)
	}
}

// files reads all files of a directory.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string][]byte{}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		contents[entry.Name()] = content
	}
	return contents
}
