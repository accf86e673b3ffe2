package backup_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/musterhq/muster/store/backup"
	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/kv/badgerkv"
)

// content is what a backup holds.
type content struct {
	Pairs []kv.Pair
	Files map[string]string
}

var about = backup.About{Schema: 1, Muster: "0.1.0", Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}

func write(t testing.TB, c content) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := backup.NewWriter(&b, about)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range c.Files {
			if !yield(name) {
				return
			}
		}
	}) {
		if err := w.File(name, strings.NewReader(c.Files[name])); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range c.Pairs {
		if err := w.Pair(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type sink struct {
	strings.Builder
	closed func(string)
}

func (s *sink) Close() error { s.closed(s.String()); return nil }

func read(text []byte) (c content, got backup.About, err error) {
	c.Files = map[string]string{}
	got, err = backup.Read(bytes.NewReader(text), backup.Visitor{
		Pair: func(p kv.Pair) error { c.Pairs = append(c.Pairs, p); return nil },
		File: func(name string) (backup.FileSink, error) {
			return &sink{closed: func(text string) { c.Files[name] = text }}, nil
		},
	})
	return c, got, err
}

func sample() content {
	c := content{Files: map[string]string{"master.key": "00ff\n", "empty": "", "import-1": strings.Repeat("row\n", 50_000)}}
	for i := range 500 {
		c.Pairs = append(c.Pairs, kv.Pair{Key: fmt.Appendf(nil, "as=%05d", i), Value: bytes.Repeat([]byte{byte(i)}, i)})
	}
	return c
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		c := content{Files: rapid.MapOf(rapid.StringMatching(`[a-z]{1,9}(\.key)?`), rapid.String()).Draw(r, "files")}
		for _, key := range rapid.SliceOfDistinct(rapid.SliceOfN(rapid.Byte(), 1, 9), func(k []byte) string { return string(k) }).Draw(r, "keys") {
			c.Pairs = append(c.Pairs, kv.Pair{Key: key, Value: rapid.SliceOf(rapid.Byte()).Draw(r, "value")})
		}
		slices.SortFunc(c.Pairs, func(a, b kv.Pair) int { return bytes.Compare(a.Key, b.Key) })
		got, said, err := read(write(t, c))
		want := about
		want.Format = backup.Format
		if err != nil || said != want {
			r.Fatalf("%+v, %v", said, err)
		}
		if diff := cmp.Diff(c.Files, got.Files); diff != "" {
			r.Error(diff)
		}
		if !slices.EqualFunc(c.Pairs, got.Pairs, func(a, b kv.Pair) bool { return bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value) }) {
			r.Errorf("%v, want %v", got.Pairs, c.Pairs)
		}
	})
}

// TestDamage cuts a backup anywhere and flips bits anywhere: none of that is taken for a backup.
func TestDamage(t *testing.T) {
	t.Parallel()
	few := sample()
	few.Pairs, few.Files["import-1"] = few.Pairs[:40], "row\n"
	whole := write(t, few)
	refused := func(what string, text []byte) {
		t.Helper()
		if _, _, err := read(text); !errors.Is(err, backup.ErrDamaged) && !errors.Is(err, backup.ErrNotBackup) && !errors.Is(err, backup.ErrNewer) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for n := range len(whole) {
		refused(fmt.Sprint("cut behind ", n), whole[:n])
		altered := bytes.Clone(whole)
		altered[n] ^= 1 << (n % 8)
		if _, got, err := read(altered); err == nil && got != about {
			// A flag of zstd that nothing depends on may flip; then all of it is there, unaltered.
			if c, _, _ := read(altered); cmp.Diff(few, c) != "" {
				t.Errorf("bit %d of byte %d flipped and what was read differs", n%8, n)
			}
		}
	}
	refused("more behind the end", append(bytes.Clone(whole), 0))
	refused("another backup behind the end", append(bytes.Clone(whole), whole...))
	if _, _, err := read(whole); err != nil {
		t.Fatal(err)
	}
}

func TestReadStops(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	_, err := backup.Read(bytes.NewReader(write(t, sample())), backup.Visitor{Pair: func(kv.Pair) error { return full }})
	if !errors.Is(err, full) {
		t.Error(err)
	}
	w, err := backup.NewWriter(io.Discard, about)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("bad sector")
	if err := w.File("a", io.MultiReader(strings.NewReader("x"), errorReader{broken})); !errors.Is(err, broken) {
		t.Error(err)
	}
}

type errorReader struct{ err error }

func (e errorReader) Read([]byte) (int, error) { return 0, e.err }

func TestLoader(t *testing.T) {
	t.Parallel()
	engine, err := badgerkv.Open(badgerkv.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	want := sample().Pairs
	for i := range 2000 {
		want = append(want, kv.Pair{Key: fmt.Appendf(nil, "b=%05d", i), Value: make([]byte, 4000)})
	}
	l := backup.NewLoader(t.Context(), engine)
	for _, p := range want {
		if err := l.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Flush(); err != nil {
		t.Fatal(err)
	}
	n := 0
	err = engine.View(t.Context(), func(r kv.Reader) error {
		for p, err := range r.Scan(kv.Range{}) {
			if err != nil {
				return err
			}
			if !bytes.Equal(p.Key, want[n].Key) || !bytes.Equal(p.Value, want[n].Value) {
				return fmt.Errorf("pair %d is %q", n, p.Key)
			}
			n++
		}
		return nil
	})
	if err != nil || n != len(want) {
		t.Errorf("%d pairs, %v", n, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(write(f, sample()))
	f.Add(write(f, content{}))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, _, err := read(text)
		if err == nil {
			if again, _, err := read(write(t, c)); err != nil || cmp.Diff(c.Files, again.Files) != "" || len(c.Pairs) != len(again.Pairs) {
				t.Errorf("read again: %v", err)
			}
		}
	})
}
