package badgerkv

import (
	"bytes"
	"errors"
	"hash/maphash"
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
	switch {
	case len(keys) <= smallGet:
		return values, r.getFew(keys, values)
	case len(keys) < parallelGet || r.onRead != nil:
		return values, r.get(keys, values)
	}
	// Of a transaction that only reads, Badger's Get may be used concurrently.
	var parts errgroup.Group
	size := (len(keys) + 1) / min(runtime.GOMAXPROCS(0), maxReaders)
	for keys, values := keys, values; len(keys) > 0; {
		n := min(size, len(keys))
		some, into := keys[:n], values[:n]
		parts.Go(func() error { return r.get(some, into) })
		keys, values = keys[n:], values[n:]
	}
	return values, parts.Wait()
}

// How many keys are asked for one by one rather than as a part of something large, which would drive all else out of the
// memory; how many are worth being read by several goroutines, and by how many.
const (
	smallGet    = 8
	parallelGet = 32
	maxReaders  = 4
)

// getFew reads the values of some keys of which the memory may know some.
func (r *reader) getFew(keys, into [][]byte) error {
	for i, key := range keys {
		value, known := r.recall(key)
		if known {
			r.see(key)
			into[i] = value
			continue
		}
		if err := r.get(keys[i:i+1], into[i:i+1]); err != nil {
			return err
		}
		r.keep(key, into[i])
	}
	return nil
}

// recall returns what a key is known to have in the snapshot, unless the transaction has written it itself.
func (r *reader) recall(key []byte) (value []byte, known bool) {
	if r.hasChanged(key) {
		return nil, false
	}
	if r.absent[string(key)] {
		return nil, true
	}
	value = r.memory.get(key, r.snapshot)
	return value, value != nil
}

// keep remembers what was read; that there is nothing, for as long as a transaction that writes: such ask more than once whether
// a name is free, and their many names would drive all else out of the memory.
func (r *reader) keep(key, value []byte) {
	switch {
	case r.hasChanged(key):
	case value != nil:
		r.memory.put(key, value, r.snapshot)
	case r.absent != nil:
		r.absent[string(key)] = true
	}
}

// hasChanged reports whether the transaction has written a key, or one with the same fingerprint.
func (r *reader) hasChanged(key []byte) bool {
	return len(r.changed) > 0 && r.changed[maphash.Bytes(r.seed, key)]
}

// see notes that a key was read.
func (r *reader) see(key []byte) {
	if r.onRead != nil {
		r.onRead(key)
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
	if r.onRead != nil {
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
