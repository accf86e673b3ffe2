//go:build unix

package badgerkv

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

// crashed makes a store of some tables and a log, as the death of its process leaves them, and returns the folder and what it
// holds.
func crashed(t *testing.T) (dir, holds string) {
	t.Helper()
	running, left := t.TempDir(), t.TempDir()
	for round := range 4 {
		e := open(t, Options{Dir: running, Key: masterKey})
		for i := range 40 {
			set(t, e, fmt.Sprintf("key%d-%02d", round%3, i), strings.Repeat(fmt.Sprint("value", round), 200))
		}
		if err := e.Update(t.Context(), func(tx kv.Txn) error { return tx.Delete(fmt.Appendf(nil, "key%d-07", round%3)) }); err != nil {
			t.Fatal(err)
		}
		if round == 3 {
			if err := os.CopyFS(left, os.DirFS(running)); err != nil {
				t.Fatal(err)
			}
			holds = sum(e)
		}
		closeNow(t, e)
	}
	return left, holds
}

// damage cuts a file off or flips a bit of it somewhere, mostly where there is something.
func damage(random *rand.Rand, name string) (what string, err error) {
	content, err := os.ReadFile(name)
	if err != nil || len(content) == 0 {
		return "left empty", err
	}
	at := random.IntN(len(content))
	if random.IntN(8) > 0 {
		for range 1_000_000 {
			if content[at] != 0 {
				break
			}
			at = random.IntN(len(content)) >> random.IntN(12)
		}
	}
	if random.IntN(3) == 0 {
		return fmt.Sprintf("cut at %d of %d", at, len(content)), os.Truncate(name, int64(at))
	}
	bit := byte(1) << random.IntN(8)
	content[at] ^= bit
	return fmt.Sprintf("bit %#x of byte %d of %d flipped", bit, at, len(content)), os.WriteFile(name, content, 0o600)
}

// tryDamage damages copies of a store in so many ways, in each of its files by turns. The copy has to hold everything when it is
// opened, or be refused by the name of the file. It returns how many were refused.
func tryDamage(t *testing.T, seed uint64, times int) (refused int) {
	left, holds := crashed(t)
	entries, err := os.ReadDir(left)
	if err != nil {
		t.Fatal(err)
	}
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return e.Name() == "LOCK" })
	random := rand.New(rand.NewPCG(seed, 1))
	for i := range times {
		name := entries[i%len(entries)].Name()
		dir := filepath.Join(t.TempDir(), "store")
		if err := os.CopyFS(dir, os.DirFS(left)); err != nil {
			t.Fatal(err)
		}
		what, err := damage(random, filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		said, err := openElsewhere(t, dir)
		switch opened := strings.HasSuffix(said, "\n<nil>\n") && strings.Count(said, "\n") == 2; {
		case err != nil:
			t.Errorf("%s, %s: the process ends with %v:\n%s", name, what, err, said)
		case opened && !strings.HasPrefix(said, holds+"\n"):
			t.Errorf("%s, %s: opened with\n%swant\n%s", name, what, said, holds)
		case !opened && !strings.Contains(said, name):
			t.Errorf("%s, %s: refused without naming it: %s", name, what, said)
		case !opened:
			refused++
			t.Logf("%s, %s: %s", name, what, strings.TrimSpace(strings.ReplaceAll(said, dir+"/", "")))
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	return refused
}

// TestDamage is the quick form of TestSoakDamage.
func TestDamage(t *testing.T) {
	t.Parallel()
	if tryDamage(t, 7, 20) == 0 {
		t.Error("no damage was refused; this proves nothing")
	}
}

// TestComplete has logs that end early or are missing.
func TestComplete(t *testing.T) {
	t.Parallel()
	log := func(number int, first, last uint64, torn bool) *wal {
		return &wal{name: fmt.Sprintf("0000%d.mem", number), number: number, size: 1 << 20, first: first, last: last, end: 99, torn: torn}
	}
	for name, c := range map[string]struct {
		tables uint64
		logs   []*wal
		mark   *marked
		want   string // the beginning of the refusal
	}{
		"all in tables":                              {tables: 9, mark: &marked{1, 9}},
		"a commit after the mark":                    {tables: 5, logs: []*wal{log(1, 6, 10, false)}, mark: &marked{1, 9}},
		"a log that is in a table as well":           {tables: 9, logs: []*wal{log(1, 6, 9, false)}, mark: &marked{1, 9}},
		"a crash in the midst of a commit":           {tables: 5, logs: []*wal{log(1, 6, 9, true)}, mark: &marked{1, 9}},
		"several logs":                               {logs: []*wal{log(1, 1, 4, false), log(2, 5, 9, false)}, mark: &marked{1, 9}},
		"a log that was begun":                       {tables: 9, logs: []*wal{log(1, 0, 0, false)}, mark: &marked{1, 9}},
		"no mark":                                    {tables: 5, logs: []*wal{log(1, 8, 9, true)}},
		"a gap from before there were marks":         {tables: 5, logs: []*wal{log(1, 8, 9, false)}, mark: &marked{8, 9}},
		"the list of tables is short":                {tables: 5, mark: &marked{1, 9}, want: "MANIFEST: damaged: it ends with commit 5"},
		"the list of tables is short before the log": {tables: 3, logs: []*wal{log(1, 6, 9, false)}, mark: &marked{1, 9}, want: "MANIFEST: damaged: it ends with commit 3"},
		"the log is cut off":                         {tables: 5, logs: []*wal{log(1, 6, 8, false)}, mark: &marked{1, 9}, want: "00001.mem, byte 99: damaged: it ends with commit 8"},
		"the log has a hole":                         {tables: 5, logs: []*wal{log(1, 6, 7, true)}, mark: &marked{1, 9}, want: "00001.mem, byte 99"},
		"the first of two logs has a hole":           {logs: []*wal{log(1, 1, 2, true), log(2, 5, 9, false)}, mark: &marked{1, 9}, want: "00001.mem, byte 99"},
		"the last of two logs has a hole":            {logs: []*wal{log(1, 1, 4, false), log(2, 5, 6, true)}, mark: &marked{1, 9}, want: "00002.mem, byte 99"},
		"nothing of the log can be read":             {tables: 5, logs: []*wal{log(1, 0, 0, true)}, mark: &marked{1, 9}, want: "00001.mem, byte 99"},
		"the log is full of zeros":                   {tables: 5, logs: []*wal{log(1, 0, 0, false)}, mark: &marked{1, 9}, want: "00001.mem"},
	} {
		got := ""
		if err := (&examination{tables: c.tables, logs: c.logs, mark: c.mark}).complete(); err != nil {
			if got = err.Error(); !errors.Is(err, ErrDamaged) {
				t.Errorf("%s: %v is not ErrDamaged", name, err)
			}
		}
		if !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestLostTail cuts the last commits off the log, as if the disk had forgotten them.
func TestLostTail(t *testing.T) {
	t.Parallel()
	dir, _ := crashed(t)
	log, err := filepath.Glob(filepath.Join(dir, "*"+memSuffix))
	if err != nil || len(log) != 1 {
		t.Fatalf("logs: %v, %v", log, err)
	}
	if err := os.Truncate(log[0], 4000); err != nil {
		t.Fatal(err)
	}
	o := Options{Dir: dir, Key: masterKey}
	for range 2 { // a refusal changes nothing
		if _, err := Open(o); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), log[0]) {
			t.Fatalf("a log without its end: %v, want ErrDamaged and its name", err)
		}
	}
	o.AcceptLoss = true
	e := open(t, o)
	set(t, e, "new", "1")
	closeNow(t, e)
	o.AcceptLoss = false
	if got := scan(t, open(t, o), kv.Prefix([]byte("new"))); !slices.Equal(got, []string{"new=1"}) {
		t.Errorf("after an accepted loss the store holds %q", got)
	}
}

// TestNoMark opens stores that have none.
func TestNoMark(t *testing.T) {
	t.Parallel()
	dir, holds := crashed(t)
	mark := filepath.Join(dir, markName)
	if err := os.Remove(mark); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: dir, Key: masterKey}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), mark) {
		t.Errorf("a store whose mark is gone: %v, want ErrDamaged and its name", err)
	}
	e := open(t, Options{Dir: dir, Key: masterKey, AcceptLoss: true})
	if got := sum(e); got != holds {
		t.Errorf("it holds %s, want %s", got, holds)
	}
	// A store from before there were marks has none of what a commit writes for them.
	tx := e.db.NewTransactionAt(e.last, true)
	if err := errors.Join(tx.Delete(commitKey), tx.CommitAt(e.last+1, nil)); err != nil {
		t.Fatal(err)
	}
	closeNow(t, e)
	if err := os.Remove(mark); err != nil {
		t.Fatal(err)
	}
	e = open(t, Options{Dir: dir, Key: masterKey})
	set(t, e, "new", "1")
	closeNow(t, e)
	if said, err := readMark(dir); err != nil || said.number != e.last || said.since != e.last {
		t.Errorf("the mark of an old store says %+v, %v; its first commit since is %d", said, err, e.last)
	}
	open(t, Options{Dir: dir, Key: masterKey})
}

// TestEmptiedLog has a log that Badger was about to remove when it was interrupted.
func TestEmptiedLog(t *testing.T) {
	t.Parallel()
	o := Options{Dir: t.TempDir(), Key: masterKey}
	e := open(t, o)
	set(t, e, "a", "1")
	closeNow(t, e)
	if err := os.WriteFile(filepath.Join(o.Dir, "00001"+memSuffix), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := scan(t, open(t, o), kv.Range{}); !slices.Equal(got, []string{"a=1"}) {
		t.Errorf("with an emptied log: %q", got)
	}
}
