package record

import (
	"bytes"
	"context"
	"iter"
	"slices"

	"github.com/tidwall/btree"

	"github.com/musterhq/muster/store/kv"
)

// Rehearse runs fn in a transaction that reads and writes like any other, and then forgets what it wrote: whoever has much
// to change in several transactions learns first whether all of it can be done. It sees one moment, sees its own writes, takes
// up memory for them instead of the engine's room for a transaction, and uses up no ids.
func Rehearse(ctx context.Context, db *DB, by Actor, fn func(*Tx) error) error {
	return db.engine.View(ctx, func(r kv.Reader) error {
		o := &overlay{below: r}
		return fn(&Tx{Now: At(db.now()), By: by, ctx: ctx, db: db, Reader: o, Writer: o, rehearsed: map[string]int{}})
	})
}

// NextID gives out an id as DB.nextID does; that of a rehearsal is one that might come next.
func (tx *Tx) NextID(tag string, first int) (int, error) {
	if tx.rehearsed == nil {
		return tx.db.nextID(tx.ctx, tag, first)
	}
	next := tx.rehearsed[tag]
	if next == 0 {
		var err error
		if next, err = storedSequence(tx.Reader, tag, max(first, 1)); err != nil {
			return 0, err
		}
	}
	tx.rehearsed[tag] = next + 1
	return next, nil
}

// overlay is a kv.Txn whose writes lie over a snapshot.
type overlay struct {
	below   kv.Reader
	written btree.Map[string, []byte] // nil: deleted
}

func (o *overlay) Get(keys ...[]byte) ([][]byte, error) {
	values, err := o.below.Get(keys...)
	if err != nil {
		return nil, err
	}
	for i, key := range keys {
		if value, ok := o.written.Get(string(key)); ok {
			values[i] = bytes.Clone(value)
		}
	}
	return values, nil
}

func (o *overlay) Set(key, value []byte) error {
	o.written.Set(string(key), append([]byte{}, value...))
	return nil
}

func (o *overlay) Delete(key []byte) error {
	o.written.Set(string(key), nil)
	return nil
}

// Add does nothing: the sum would change with a commit, which there is none of.
func (o *overlay) Add([]byte, int64) error { return nil }

// Scan merges what lies below with what was written before the scan began.
func (o *overlay) Scan(first kv.Range, more ...kv.Range) iter.Seq2[kv.Pair, error] {
	return func(yield func(kv.Pair, error) bool) {
		goesOn := true
		each := func(pair kv.Pair, err error) bool {
			goesOn = yield(pair, err) && err == nil
			return goesOn
		}
		for o.scan(first)(each); goesOn && len(more) > 0; more = more[1:] {
			o.scan(more[0])(each)
		}
	}
}

func (o *overlay) scan(r kv.Range) iter.Seq2[kv.Pair, error] {
	return func(yield func(kv.Pair, error) bool) {
		over := o.within(r)
		// next yields what was written before a key, or all that is left, and reports whether to go on.
		next := func(until func(key []byte) bool) bool {
			for len(over) > 0 && until(over[0].Key) {
				pair := over[0]
				over = over[1:]
				if pair.Value != nil && !yield(pair, nil) {
					return false
				}
			}
			return true
		}
		for pair, err := range o.below.Scan(r) {
			if err != nil {
				yield(kv.Pair{}, err)
				return
			}
			if !next(func(key []byte) bool {
				return (bytes.Compare(key, pair.Key) < 0) != r.Reverse && !bytes.Equal(key, pair.Key)
			}) {
				return
			}
			if len(over) > 0 && bytes.Equal(over[0].Key, pair.Key) {
				continue // it comes from over before the next one, or is deleted
			}
			if !yield(pair, nil) {
				return
			}
		}
		next(func([]byte) bool { return true })
	}
}

// within returns what was written in a range, in its order.
func (o *overlay) within(r kv.Range) (pairs []kv.Pair) {
	o.written.Ascend(string(r.From), func(key string, value []byte) bool {
		if len(r.To) > 0 && key >= string(r.To) {
			return false
		}
		pairs = append(pairs, kv.Pair{Key: []byte(key), Value: bytes.Clone(value)})
		return true
	})
	if r.Reverse {
		slices.Reverse(pairs)
	}
	return pairs
}
