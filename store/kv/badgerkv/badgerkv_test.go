package badgerkv

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/kv/kvtest"
)

var masterKey = bytes.Repeat([]byte("muster"), KeySize)[:KeySize]

func TestContract(t *testing.T) {
	t.Run("in memory", func(t *testing.T) {
		t.Parallel()
		kvtest.Run(t, func(t *testing.T) kv.Engine { return open(t, Options{InMemory: true}) })
	})
	t.Run("on disk", func(t *testing.T) {
		t.Parallel()
		kvtest.Run(t, func(t *testing.T) kv.Engine { return open(t, Options{Dir: t.TempDir(), Key: masterKey}) })
	})
}

// open opens an engine that is closed at the end of the test at the latest.
func open(t testing.TB, o Options) *Engine {
	t.Helper()
	e, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeNow(t, e) })
	return e
}

func closeNow(t testing.TB, e *Engine) {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func set(t testing.TB, e *Engine, key, value string) {
	t.Helper()
	if err := e.Update(t.Context(), func(tx kv.Txn) error { return tx.Set([]byte(key), []byte(value)) }); err != nil {
		t.Fatal(err)
	}
}

// scan lists a range as "key=value".
func scan(t testing.TB, e *Engine, rg kv.Range) (found []string) {
	t.Helper()
	err := e.View(t.Context(), func(r kv.Reader) error {
		for pair, err := range r.Scan(rg) {
			if err != nil {
				return err
			}
			found = append(found, string(pair.Key)+"="+string(pair.Value))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, o := range map[string]Options{
		"no directory":                  {Key: masterKey},
		"no key on disk":                {Dir: dir},
		"an empty key on disk":          {Dir: dir, Key: []byte{}},
		"a short key":                   {Dir: dir, Key: masterKey[:16]},
		"a short key in memory":         {InMemory: true, Key: masterKey[:16]},
		"an empty key in memory":        {InMemory: true, Key: []byte{}},
		"a directory that is a file":    {Dir: os.Args[0], Key: masterKey},
		"a directory beneath no folder": {Dir: filepath.Join(os.Args[0], "sub"), Key: masterKey},
	} {
		if e, err := Open(o); err == nil {
			t.Errorf("%s: opened", name)
			closeNow(t, e)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("a refused Open left %v, %v", files, err)
	}
}

func TestWrongKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := open(t, Options{Dir: dir, Key: masterKey})
	set(t, e, "a", "1")
	closeNow(t, e)

	wrong := bytes.Clone(masterKey)
	wrong[KeySize-1] ^= 1
	if _, err := Open(Options{Dir: dir, Key: wrong}); !errors.Is(err, ErrWrongKey) {
		t.Errorf("Open with a wrong key returned %v, want ErrWrongKey", err)
	}
	// The attempt neither locks nor harms it.
	e = open(t, Options{Dir: dir, Key: masterKey})
	if got := scan(t, e, kv.Range{}); !slices.Equal(got, []string{"a=1"}) {
		t.Errorf("with the right key again: %q", got)
	}
}

// TestKeyIsCopied is about the keys that Badger derives later: it makes a new one every ten days.
func TestKeyIsCopied(t *testing.T) {
	t.Parallel()
	key := bytes.Clone(masterKey)
	s := settings(Options{Dir: "unused", Key: key})
	clear(key)
	if !bytes.Equal(s.EncryptionKey, masterKey) {
		t.Error("clearing the caller's key clears Badger's")
	}
}

func TestLocked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := open(t, Options{Dir: dir, Key: masterKey})
	start := time.Now()
	if _, err := Open(Options{Dir: dir, Key: masterKey}); !errors.Is(err, ErrLocked) {
		t.Errorf("a second Open returned %v, want ErrLocked", err)
	} else if want := dir + ": in use by another process"; err.Error() != want {
		t.Errorf("a second Open says %q, want %q", err, want)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("a second Open waited %v", took)
	}
	closeNow(t, e)
	open(t, Options{Dir: dir, Key: masterKey})
}

// TestReopen checks every kind of entry after the way through the log and the tables.
func TestReopen(t *testing.T) {
	t.Parallel()
	o := Options{Dir: t.TempDir(), Key: masterKey}
	for i, want := range [][]string{
		{"empty=", "kept=1", "sum=" + string(kv.EncodeSum(3)), "zero=" + string(kv.EncodeSum(1))},
		{"empty=", "kept=1", "second=", "sum=" + string(kv.EncodeSum(6))},
	} {
		e := open(t, o)
		err := e.Update(t.Context(), func(tx kv.Txn) error {
			return errors.Join(
				tx.Set([]byte([]string{"kept", "second"}[i]), []byte([]string{"1", ""}[i])),
				tx.Set([]byte("empty"), nil),
				tx.Set([]byte("deleted"), []byte("1")),
				tx.Add([]byte("sum"), 3), tx.Add([]byte("zero"), int64(1-2*i)))
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Update(t.Context(), func(tx kv.Txn) error { return tx.Delete([]byte("deleted")) }); err != nil {
			t.Fatal(err)
		}
		closeNow(t, e)

		e = open(t, o)
		if got := scan(t, e, kv.Range{}); !slices.Equal(got, want) {
			t.Errorf("reopened: %q, want %q", got, want)
		}
		err = e.View(t.Context(), func(r kv.Reader) error {
			values, err := r.Get([]byte("empty"), []byte("deleted"))
			if err == nil && (values[0] == nil || values[1] != nil) {
				t.Errorf("reopened: empty is %#v, deleted is %#v", values[0], values[1])
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		closeNow(t, e)
	}
}

// TestCrash opens a copy of the files as they lie while the engine runs, which is what the death of the process leaves.
func TestCrash(t *testing.T) {
	t.Parallel()
	dir, left := t.TempDir(), t.TempDir()
	e := open(t, Options{Dir: dir, Key: masterKey})
	var want []string
	for i := range 50 {
		set(t, e, fmt.Sprintf("key%02d", i), "acknowledged")
		want = append(want, fmt.Sprintf("key%02d=acknowledged", i))
	}
	if err := os.CopyFS(left, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if got := scan(t, open(t, Options{Dir: left, Key: masterKey}), kv.Range{}); !slices.Equal(got, want) {
		t.Errorf("after a crash: %q", got)
	}
}

// TestScanOverTables compares scans with a map when the pairs, their older versions and their deletions lie in many
// tables: every Close writes one.
func TestScanOverTables(t *testing.T) {
	t.Parallel()
	o := Options{Dir: t.TempDir(), Key: masterKey, NoSync: true}
	random := rand.New(rand.NewPCG(1, 2))
	want := map[string]string{}
	for round := range 7 {
		e := open(t, o)
		err := e.Update(t.Context(), func(tx kv.Txn) error {
			for range 150 {
				key := fmt.Sprintf("%c%c%02d", 'a'+random.IntN(4), 'a'+random.IntN(4), random.IntN(30))
				if random.IntN(3) == 0 {
					delete(want, key)
					if err := tx.Delete([]byte(key)); err != nil {
						return err
					}
					continue
				}
				want[key] = fmt.Sprint(round)
				if err := tx.Set([]byte(key), []byte(want[key])); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, rg := range []kv.Range{
			{}, kv.Prefix([]byte("a")), kv.Prefix([]byte("bc")), kv.Prefix([]byte("dd0")), kv.Prefix([]byte("e")),
			{From: []byte("ab10"), To: []byte("ab20")}, {From: []byte("b"), To: []byte("ca15")}, {From: []byte("dc")},
		} {
			wantScan(t, e, rg, want)
			rg.Reverse = true
			wantScan(t, e, rg, want)
		}
		closeNow(t, e)
	}
}

func wantScan(t *testing.T, e *Engine, rg kv.Range, all map[string]string) {
	t.Helper()
	var want []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if key >= string(rg.From) && (len(rg.To) == 0 || key < string(rg.To)) {
			want = append(want, key+"="+all[key])
		}
	}
	if rg.Reverse {
		slices.Reverse(want)
	}
	if got := scan(t, e, rg); !slices.Equal(got, want) {
		t.Errorf("scan of [%q, %q), reverse %v:\n got %q\nwant %q", rg.From, rg.To, rg.Reverse, got, want)
	}
}

// TestTransactionSize pins the room that the comment on settings promises.
func TestTransactionSize(t *testing.T) {
	t.Parallel()
	e := open(t, Options{InMemory: true})
	write := func(values int) error {
		return e.Update(t.Context(), func(tx kv.Txn) error {
			for i := range values {
				if err := tx.Set(fmt.Append(nil, i), make([]byte, kv.MaxValue)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := write(4); err != nil {
		t.Errorf("four of the largest values: %v", err)
	}
	if err := write(5); !errors.Is(err, kv.ErrTooLarge) {
		t.Errorf("five of the largest values: %v, want ErrTooLarge", err)
	}
}

func TestReservedKeys(t *testing.T) {
	t.Parallel()
	e := open(t, Options{InMemory: true})
	for _, key := range []string{"", "!badger!", "!badger!x"} {
		for name, write := range map[string]func(kv.Txn) error{
			"Set":    func(tx kv.Txn) error { return tx.Set([]byte(key), nil) },
			"Delete": func(tx kv.Txn) error { return tx.Delete([]byte(key)) },
		} {
			if err := e.Update(t.Context(), write); err == nil {
				t.Errorf("%s of %q is accepted, and scans would not find it", name, key)
			}
		}
	}
}
