package badgerkv

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

// Readers that have snapshots of all ages read few keys, which writers change all the time: what a snapshot says of a key
// must be what a scan of the same snapshot says, which the memory has no part in.
func TestMemoryIsThatOfTheSnapshot(t *testing.T) {
	t.Parallel()
	e := open(t, Options{InMemory: true})
	const keys, writers, commits = 20, 4, 500
	key := func(n int) []byte { return fmt.Appendf(nil, "k%02d", n) }
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		reading.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				err := e.View(t.Context(), func(r kv.Reader) error {
					for range 5 {
						if err := errors.Join(agrees(r, key(rand.N(keys))), agrees(r, fmt.Appendf(nil, "k+%02d", rand.N(3)))); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for w := range writers {
		writing.Go(func() {
			for n := range commits {
				err := e.Update(t.Context(), func(tx kv.Txn) error {
					k := key(rand.N(keys))
					if err := agrees(tx, k); err != nil {
						return err
					}
					if rand.N(4) == 0 {
						return tx.Add(fmt.Appendf(nil, "k+%02d", rand.N(3)), rand.N[int64](3)-1)
					}
					if rand.N(4) == 0 {
						return tx.Delete(k)
					}
					return tx.Set(k, fmt.Appendf(nil, "%d of %d", n, w))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
}

// agrees compares a Get with a scan.
func agrees(r kv.Reader, key []byte) error {
	got, err := r.Get(key)
	if err != nil {
		return err
	}
	var want []byte
	for pair, err := range r.Scan(kv.Range{From: key, To: append(key[:len(key):len(key)], 0)}) {
		if err != nil {
			return err
		}
		want = append([]byte{}, pair.Value...)
	}
	if string(got[0]) != string(want) || (got[0] == nil) != (want == nil) {
		return fmt.Errorf("%s: Get says %q, a scan %q", key, got[0], want)
	}
	return nil
}

func TestMemoryIsUsed(t *testing.T) {
	t.Parallel()
	e := open(t, Options{InMemory: true})
	set := func(value string) {
		if err := e.Update(t.Context(), func(tx kv.Txn) error { return tx.Set([]byte("key"), []byte(value)) }); err != nil {
			t.Fatal(err)
		}
	}
	read := func() (known bool) {
		err := e.View(t.Context(), func(r kv.Reader) error {
			known = e.memory.get([]byte("key"), e.last) != nil
			_, err := r.Get([]byte("key"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return known
	}
	set("a")
	if read() {
		t.Error("what nobody has read is known")
	}
	if !read() {
		t.Error("what was read is not known")
	}
	set("b")
	if read() {
		t.Error("what was written since is known")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ size, least, most int }{
		"large values": {rememberedSize, (rememberedPages - 1) * (rememberedBytes/rememberedSize - 2), rememberedPages * rememberedBytes / rememberedSize},
		"small values": {1, (rememberedPages - 1) * rememberedRecords, rememberedPages * rememberedRecords},
	} {
		m := newMemory(1)
		key := func(n int) []byte { return fmt.Appendf(nil, "%d", n) }
		value := func(n int) []byte { return bytes.Repeat([]byte{byte(n)}, c.size) }
		puts := 3 * c.most
		for n := range puts {
			m.put(key(n), value(n), 1)
			m.put(key(n-n%2), value(n-n%2), 1) // once more, as two readers at once do
		}
		known := 0
		for n := range puts {
			if got := m.get(key(n), 1); got != nil {
				known++
				if !bytes.Equal(got, value(n)) {
					t.Fatalf("%s: %d has %d bytes, the first %d", name, n, len(got), got[0])
				}
			}
		}
		if known != len(m.places) || known > c.most || known < c.least/2 {
			t.Errorf("%s: %d are known and %d kept, want %d to %d", name, known, len(m.places), c.least/2, c.most)
		}
		for n := range m.pages {
			if size := cap(m.pages[n].bytes); size != rememberedBytes {
				t.Errorf("%s: page %d has room for %d bytes, want %d", name, n, size, rememberedBytes)
			}
		}
		if m.get(key(puts-1), 1) == nil {
			t.Errorf("%s: the last is not known", name)
		}
	}
	m := newMemory(1)
	m.put([]byte("large"), make([]byte, rememberedSize+1), 1)
	if m.get([]byte("large"), 1) != nil {
		t.Error("a large value is kept")
	}
	m.put([]byte("old"), []byte("a"), 0)
	if m.get([]byte("old"), 1) != nil {
		t.Error("what was read before the last commit is kept")
	}
	m.put([]byte("empty"), []byte{}, 1)
	if got := m.get([]byte("empty"), 1); got == nil || len(got) > 0 {
		t.Errorf("an empty value is known as %v", got)
	}
}

// Two keys may have the same hash: it finds a place, and the key there decides.
func TestMemoryComparesKeys(t *testing.T) {
	t.Parallel()
	m := newMemory(1)
	m.put([]byte("one"), []byte("1"), 1)
	m.places[maphash.String(m.seed, "two")] = m.places[maphash.String(m.seed, "one")]
	if got := m.get([]byte("two"), 1); got != nil {
		t.Errorf("a key with the hash of another is known as %q", got)
	}
	if got := m.get([]byte("one"), 1); string(got) != "1" {
		t.Errorf("the other is known as %q", got)
	}
}
