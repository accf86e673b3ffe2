package badgerkv

import (
	"errors"
	"fmt"
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
	m := newMemory(1)
	value := make([]byte, rememberedSize)
	for n := range 3 * memoryBytes / rememberedSize {
		m.put(fmt.Appendf(nil, "%d", n), value, 1)
	}
	sum := 0
	for _, key := range m.values.Keys() {
		r, _ := m.values.Peek(key)
		sum += r.cost(key)
	}
	if m.bytes != sum || sum > memoryBytes || sum < memoryBytes*9/10 {
		t.Errorf("%d bytes are kept and %d counted, of at most %d", sum, m.bytes, memoryBytes)
	}
	m.put([]byte("large"), make([]byte, rememberedSize+1), 1)
	if m.get([]byte("large"), 1) != nil {
		t.Error("a large value is kept")
	}
	m.put([]byte("old"), value, 0)
	if m.get([]byte("old"), 1) != nil {
		t.Error("what was read before the last commit is kept")
	}
}
