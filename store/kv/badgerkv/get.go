package badgerkv

import (
	"bytes"
	"errors"
	"runtime"

	"github.com/dgraph-io/badger/v4"
	"golang.org/x/sync/errgroup"
)

// Get is kv.Reader's. A key above kv.MaxKey is absent like any other.
func (r *reader) Get(keys ...[]byte) ([][]byte, error) {
	if err := r.alive(); err != nil {
		return nil, err
	}
	values := make([][]byte, len(keys))
	if len(keys) < many {
		return values, r.getFew(keys, values)
	}
	if r.saw != nil {
		return values, r.get(keys, values)
	}
	// Of a transaction that only reads, Badger's Get may be used concurrently.
	var parts errgroup.Group
	size := (len(keys) + 1) / min(runtime.GOMAXPROCS(0), most)
	for keys, values := keys, values; len(keys) > 0; {
		n := min(size, len(keys))
		some, into := keys[:n], values[:n]
		parts.Go(func() error { return r.get(some, into) })
		keys, values = keys[n:], values[n:]
	}
	return values, parts.Wait()
}

// How many keys are worth being read by several goroutines, and by how many.
const (
	many = 32
	most = 4
)

// getFew reads the values of some keys of which the memory may know some.
func (r *reader) getFew(keys, into [][]byte) error {
	for i, key := range keys {
		if r.memory != nil {
			if into[i] = r.memory.get(key, r.snapshot); into[i] != nil {
				r.see(key)
				continue
			}
		}
		if err := r.get(keys[i:i+1], into[i:i+1]); err != nil {
			return err
		}
		if r.saw == nil && into[i] != nil {
			r.memory.put(key, into[i], r.snapshot)
		}
	}
	return nil
}

// see notes that a key was read.
func (r *reader) see(key []byte) {
	if r.saw != nil {
		r.saw(key)
	}
}

// get reads the values of some keys.
func (r *reader) get(keys, into [][]byte) error {
	for i, key := range keys {
		r.see(key)
		item, err := r.tx.Get(key)
		if errors.Is(err, badger.ErrKeyNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if bytes.Equal(key, commitKey) {
			continue
		}
		if into[i], err = r.own(item); err != nil {
			return err
		}
	}
	return nil
}

// own returns the value of an item of Get as a slice of the caller's, which an empty value is too. In a transaction that
// only reads, Badger has made the copy already.
func (r *reader) own(item *badger.Item) (value []byte, err error) {
	if r.saw != nil {
		return item.ValueCopy(nil)
	}
	err = item.Value(func(own []byte) error {
		value = own
		return nil
	})
	if value == nil {
		value = []byte{}
	}
	return value, err
}
