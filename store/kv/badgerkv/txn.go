package badgerkv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/dgraph-io/badger/v4"

	"github.com/musterhq/muster/store/kv"
)

// errEnded is what a Reader answers that outlived its function.
var errEnded = errors.New("the transaction has ended")

// reader is a kv.Reader over one Badger transaction.
type reader struct {
	ctx   context.Context
	tx    *badger.Txn
	scans map[*badger.Iterator]struct{} // Those that are open.
	ended bool

	update bool
}

func newReader(ctx context.Context, db *badger.DB, update bool) *reader {
	return &reader{ctx: ctx, tx: db.NewTransaction(update), update: update}
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

// Get is kv.Reader's. A key above kv.MaxKey is absent like any other.
func (r *reader) Get(keys ...[]byte) ([][]byte, error) {
	if err := r.alive(); err != nil {
		return nil, err
	}
	values := make([][]byte, len(keys))
	for i, key := range keys {
		item, err := r.tx.Get(key)
		if errors.Is(err, badger.ErrKeyNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if values[i], err = r.own(item); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// own returns the value of an item of Get as a slice of the caller's, which an empty value is too. In a transaction that
// only reads, Badger has made the copy already.
func (r *reader) own(item *badger.Item) (value []byte, err error) {
	if r.update {
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

// Scan is kv.Reader's.
func (r *reader) Scan(rg kv.Range) iter.Seq2[kv.Pair, error] {
	return func(yield func(kv.Pair, error) bool) {
		if err := r.alive(); err != nil {
			yield(kv.Pair{}, err)
			return
		}
		it := r.seek(rg)
		defer func() {
			delete(r.scans, it)
			it.Close()
		}()
		for it.Valid() {
			item := it.Item()
			if past(rg, item.Key()) {
				return
			}
			pair, err := read(item, rg.KeysOnly)
			if !yield(pair, err) || err != nil {
				return
			}
			if err := r.alive(); err != nil {
				yield(kv.Pair{}, err)
				return
			}
			it.Next()
		}
	}
}

// seek opens an iterator on the first pair of the range, or past the range if that is empty. Values are not
// fetched ahead: they lie beside the keys.
func (r *reader) seek(rg kv.Range) *badger.Iterator {
	it := r.tx.NewIterator(badger.IteratorOptions{
		Reverse: rg.Reverse,
		Prefix:  commonPrefix(rg.From, rg.To), // Leaves out the tables that cannot have it.
	})
	if r.scans == nil {
		r.scans = map[*badger.Iterator]struct{}{}
	}
	r.scans[it] = struct{}{}
	if !rg.Reverse {
		it.Seek(rg.From)
		return it
	}
	it.Seek(rg.To) // To itself or the last key before it; the last of all if To is empty.
	if len(rg.To) > 0 && it.Valid() && bytes.Equal(it.Item().Key(), rg.To) {
		it.Next()
	}
	return it
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

// txn is a kv.Txn over one Badger transaction, which keeps the slices it is given.
type txn struct{ *reader }

// commit writes what fn left behind.
func (t *txn) commit() error {
	t.retire()
	return sized(t.tx.Commit())
}

// Set is kv.Txn's.
func (t *txn) Set(key, value []byte) error {
	if err := fits(key); err != nil {
		return err
	}
	if len(value) > kv.MaxValue {
		return fmt.Errorf("value of %d bytes, limit %d: %w", len(value), kv.MaxValue, kv.ErrTooLarge)
	}
	return sized(t.tx.Set(key, value))
}

// Delete is kv.Txn's.
func (t *txn) Delete(key []byte) error {
	if err := fits(key); err != nil {
		return err
	}
	return sized(t.tx.Delete(key))
}

func fits(key []byte) error {
	if len(key) > kv.MaxKey {
		return fmt.Errorf("key of %d bytes, limit %d: %w", len(key), kv.MaxKey, kv.ErrTooLarge)
	}
	return nil
}

// sized translates Badger's word for a transaction that has grown too big.
func sized(err error) error {
	if errors.Is(err, badger.ErrTxnTooBig) {
		return fmt.Errorf("writes of one transaction: %w", kv.ErrTooLarge)
	}
	return err
}
