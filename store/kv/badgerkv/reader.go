package badgerkv

import (
	"bytes"
	"context"
	"errors"
	"hash/maphash"
	"iter"
	"runtime"

	"github.com/dgraph-io/badger/v4"

	"github.com/musterhq/muster/store/kv"
)

// errEnded is what a Reader answers that outlived its function.
var errEnded = errors.New("the transaction has ended")

// reader is a kv.Reader over one Badger transaction.
type reader struct {
	ctx      context.Context
	tx       *badger.Txn
	snapshot uint64                        // the commit that it reads
	memory   *valueCache                   // of values in that snapshot
	seed     maphash.Seed                  // of fingerprints
	changed  map[uint64]bool               // The fingerprints of the keys that it has written; nil in a transaction that only reads.
	absent   map[string]bool               // Keys that there are none of in the snapshot; nil in a transaction that only reads.
	scans    map[*badger.Iterator]struct{} // Those that are open.
	onRead   func(key []byte)              // Hears of every key that is read; nil in a transaction that only reads.
	ended    bool
}

func newReader(ctx context.Context, e *Engine, snapshot uint64, writes bool) *reader {
	return &reader{ctx: ctx, tx: e.db.NewTransactionAt(snapshot, writes), snapshot: snapshot, memory: e.memory, seed: e.seed}
}

// end gives up what is not committed, also after a panic.
func (r *reader) end() {
	r.retire()
	r.tx.Discard()
}

// retire lets nothing more happen in the transaction. It closes the scans that were taken by iter.Pull and not
// stopped: Badger panics over them at the end of a transaction.
func (r *reader) retire() {
	r.ended = true
	for it := range r.scans {
		it.Close()
	}
}

// alive returns an error if the transaction cannot go on.
func (r *reader) alive() error {
	if r.ended {
		return errEnded
	}
	return r.ctx.Err()
}

// Scan is kv.Reader's.
func (r *reader) Scan(first kv.Range, more ...kv.Range) iter.Seq2[kv.Pair, error] {
	return func(yield func(kv.Pair, error) bool) {
		if err := r.alive(); err != nil {
			yield(kv.Pair{}, err)
			return
		}
		it := r.open(first, more)
		defer func() {
			delete(r.scans, it)
			it.Close()
		}()
		if !r.scan(it, first, yield) {
			return
		}
		for _, rg := range more {
			if !r.scan(it, rg, yield) {
				return
			}
		}
	}
}

// giveWay is after how many pairs a scan lets others run. Badger's cache takes the blocks that scans read from a queue of 32,768, in a goroutine that long
// scans leave no time: 50 at once had 128 MiB of blocks waiting for it.
const giveWay = 64

// scan yields the pairs of a range and reports whether to go on with another.
func (r *reader) scan(it *badger.Iterator, rg kv.Range, yield func(kv.Pair, error) bool) bool {
	steps := 0
	for seek(it, rg); it.Valid(); it.Next() {
		if steps++; steps%giveWay == 0 {
			runtime.Gosched()
		}
		item := it.Item()
		if past(rg, item.Key()) {
			break
		}
		if bytes.Equal(item.Key(), commitKey) {
			continue
		}
		r.see(item.Key())
		pair, err := read(item, rg.KeysOnly)
		if !yield(pair, err) || err != nil {
			return false
		}
		if err := r.alive(); err != nil {
			yield(kv.Pair{}, err)
			return false
		}
	}
	return true
}

// open makes an iterator for some ranges. Values are not fetched ahead: they lie beside the keys.
func (r *reader) open(first kv.Range, more []kv.Range) *badger.Iterator {
	prefix := commonPrefix(first.From, first.To)
	for _, rg := range more {
		prefix = commonPrefix(prefix, commonPrefix(rg.From, rg.To))
	}
	it := r.tx.NewIterator(badger.IteratorOptions{
		Reverse: first.Reverse,
		Prefix:  prefix, // Leaves out the tables that cannot have it.
	})
	if r.scans == nil {
		r.scans = map[*badger.Iterator]struct{}{}
	}
	r.scans[it] = struct{}{}
	return it
}

// seek moves an iterator to the first pair of the range, or past the range if that is empty.
func seek(it *badger.Iterator, rg kv.Range) {
	if !rg.Reverse {
		it.Seek(rg.From)
		return
	}
	it.Seek(rg.To) // To itself or the last key before it; the last of all if To is empty.
	if len(rg.To) > 0 && it.Valid() && bytes.Equal(it.Item().Key(), rg.To) {
		it.Next()
	}
}

// past reports whether a scan that has come to this key is through with its range.
func past(rg kv.Range, key []byte) bool {
	if rg.Reverse {
		return bytes.Compare(key, rg.From) < 0
	}
	return len(rg.To) > 0 && bytes.Compare(key, rg.To) >= 0
}

// read returns the pair under an iterator; its slices are good until the iterator moves.
func read(item *badger.Item, keyOnly bool) (kv.Pair, error) {
	pair := kv.Pair{Key: item.Key()}
	if keyOnly {
		return pair, nil
	}
	err := item.Value(func(value []byte) error {
		if value == nil {
			value = []byte{}
		}
		pair.Value = value
		return nil
	})
	return pair, err
}

// commonPrefix returns what every key from a to b begins with.
func commonPrefix(a, b []byte) []byte {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return a[:n]
}
