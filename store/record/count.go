package record

import (
	"bytes"
	"iter"

	"github.com/musterhq/muster/store/kv"
)

// Count knows how many records of a collection share a key, without a walk over them. It is exact within every snapshot,
// and inserts that happen at once do not fight over it, as they would over a number that each reads and writes: the engine
// adds up what transactions add (kv.Txn.Add).
//
//	<tag>#<kind><counted>   → a sum (kv.Sum)
//
// A transaction does not see what it has added itself: what it counts is what there was when it began.
type Count[ID int | string, T any] struct {
	c    *Collection[ID, T]
	kind byte
	keys func(*T) Key // nil: the record is not counted
}

// CountBy declares that the number of records that share a key is kept.
func (c *Collection[ID, T]) CountBy(kind byte, keys func(*T) Key) *Count[ID, T] {
	n := &Count[ID, T]{c: c, kind: kind, keys: keys}
	c.counted = append(c.counted, n)
	return n
}

// Key is where the count of a key is kept.
func (n *Count[ID, T]) Key(counted Key) []byte {
	return n.c.Key(KindCount, append(Key{n.kind}, counted...))
}

// Of returns how many records have the key.
func (n *Count[ID, T]) Of(tx *Tx, key Key) (int, error) {
	value, err := tx.Get(n.Key(key))
	if err != nil {
		return 0, err
	}
	return countIn(value)
}

// All yields every key that records have, with their number, in the order of the keys. A key is valid until the next step.
func (n *Count[ID, T]) All(tx *Tx) iter.Seq2[Counted, error] { return n.Each(tx, nil) }

// Each is All of the keys that begin with a prefix of whole parts.
func (n *Count[ID, T]) Each(tx *Tx, below Key) iter.Seq2[Counted, error] {
	return func(yield func(Counted, error) bool) {
		head := len(n.Key(nil))
		for pair, err := range tx.Reader.Scan(kv.Prefix(n.Key(below))) {
			var counted Counted
			if err == nil {
				counted.Key = pair.Key[head:]
				counted.Count, err = countIn(pair.Value)
			}
			if !yield(counted, err) || err != nil {
				return
			}
		}
	}
}

// Counted is a key and the number of records that have it.
type Counted struct {
	Key   Key
	Count int
}

// countIn reads a count.
func countIn(value []byte) (int, error) {
	sum, err := kv.Sum(value)
	if err != nil {
		return 0, Error(ErrDamaged, "a count: %v", err)
	}
	return int(sum), nil
}

// write counts a record that comes, goes or gets another key.
func (n *Count[ID, T]) write(tx *Tx, old, record *T) error {
	var before, after Key
	if old != nil {
		before = n.keys(old)
	}
	if record != nil {
		after = n.keys(record)
	}
	if bytes.Equal(before, after) {
		return nil
	}
	if before != nil {
		if err := tx.Writer.Add(n.Key(before), -1); err != nil {
			return err
		}
	}
	if after == nil {
		return nil
	}
	return tx.Writer.Add(n.Key(after), 1)
}

// Seek narrows a range of records, whose places begin with a prefix, to what is left of it behind an offset, but for some
// that remain to be stepped over. What is counted must be places that records lie at or behind, in the order of the records.
func (n *Count[ID, T]) Seek(tx *Tx, prefix Key, r kv.Range, offset int) (kv.Range, int, error) {
	if offset == 0 {
		return r, 0, nil
	}
	for run, err := range n.Each(tx, prefix) {
		if err != nil {
			return r, 0, err
		}
		if run.Count > offset {
			r.From = n.c.Key(KindRecord, run.Key)
			return r, offset, nil
		}
		offset -= run.Count
	}
	r.From = r.To
	return r, 0, nil
}
