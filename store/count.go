package store

import (
	"bytes"
	"iter"

	"github.com/google/uuid"

	"github.com/musterhq/muster/store/kv"
)

// Count knows how many records of a collection share a key, without a walk over them. It is exact within every snapshot,
// and inserts that happen at once do not fight over it, as they would over a number that each reads and writes.
//
// Each transaction adds one key, however many records it writes: what it changed. It reads nothing for that, and no other
// transaction has the same key. The sum over all of a key's changes is the count. So that they do not become many,
// KeepCounts folds them into one, the base, which is a change like the others:
//
//	<tag>#<kind><counted><16 bytes>   → <change:8>     the bytes are a transaction's own; all zero in the base
type Count[ID int | string, T any] struct {
	c    *Collection[ID, T]
	kind byte
	keys func(*T) Key // nil: the record is not counted
}

// counts declares that the number of records that share a key is kept.
func (c *Collection[ID, T]) counts(kind byte, keys func(*T) Key) *Count[ID, T] {
	n := &Count[ID, T]{c: c, kind: kind, keys: keys}
	c.counted = append(c.counted, n)
	return n
}

// changeID tells the changes of a count apart.
type changeID [16]byte

// prefix is what the keys of a count begin with.
func (n *Count[ID, T]) prefix(key Key) []byte {
	return n.c.key(kindCount, append(Key{n.kind}, key...))
}

// Of returns how many records have the key. It reads the base and the few changes since.
func (n *Count[ID, T]) Of(tx *Tx, key Key) (int, error) {
	total := 0
	for change, err := range changes(tx.r, n.prefix(key)) {
		if err != nil {
			return 0, err
		}
		total += change.by
	}
	return total, nil
}

// Below returns how many records have keys that begin with a prefix of whole parts.
func (n *Count[ID, T]) Below(tx *Tx, prefix Key) (int, error) {
	total := 0
	for change, err := range changesBelow(tx.r, n.prefix(prefix)) {
		if err != nil {
			return 0, err
		}
		total += change.by
	}
	return total, nil
}

// All yields every key that was ever counted, with the number of records that have it, in the order of the keys. A key is
// valid until the next step.
func (n *Count[ID, T]) All(tx *Tx) iter.Seq2[Counted, error] { return n.Each(tx, nil) }

// Each is All of the keys that begin with a prefix of whole parts.
func (n *Count[ID, T]) Each(tx *Tx, below Key) iter.Seq2[Counted, error] {
	return func(yield func(Counted, error) bool) {
		prefix := n.prefix(nil)
		var current []byte
		total, any := 0, false
		give := func() bool { return yield(Counted{Key(current[len(prefix):]), total}, nil) }
		for change, err := range changesBelow(tx.r, n.prefix(below)) {
			if err != nil {
				yield(Counted{}, err)
				return
			}
			if any && !bytes.Equal(change.prefix, current) {
				if !give() {
					return
				}
				total = 0
			}
			current, any = append(current[:0], change.prefix...), true
			total += change.by
		}
		if any {
			give()
		}
	}
}

// Counted is a key and the number of records that have it.
type Counted struct {
	Key   Key
	Count int
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
		if err := tx.tally.add(tx, n.prefix(before), -1); err != nil {
			return err
		}
	}
	if after == nil {
		return nil
	}
	return tx.tally.add(tx, n.prefix(after), 1)
}

// tally is what one transaction has changed until now.
type tally struct {
	id      changeID // of the transaction; made with its first change
	changes map[string]int
}

// add writes what the transaction has changed of a count, in place of what it had until now.
func (t *tally) add(tx *Tx, prefix []byte, by int) error {
	if t.changes == nil {
		t.id, t.changes = changeID(uuid.New()), map[string]int{}
	}
	t.changes[string(prefix)] += by
	key := append(prefix, t.id[:]...)
	if sum := t.changes[string(prefix)]; sum != 0 {
		return tx.w.Set(key, K(sum))
	}
	return tx.w.Delete(key)
}

// change is one key of a count.
type change struct {
	prefix []byte
	id     changeID
	by     int
}

// changes yields what is stored of one count. A prefix is valid until the next step.
func changes(r kv.Reader, prefix []byte) iter.Seq2[change, error] {
	return func(yield func(change, error) bool) {
		for c, err := range changesBelow(r, prefix) {
			// A longer key is of a count that this one's happens to begin like.
			if err == nil && len(c.prefix) != len(prefix) {
				continue
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

// changesBelow yields what is stored of all counts that begin with a prefix.
func changesBelow(r kv.Reader, prefix []byte) iter.Seq2[change, error] {
	return func(yield func(change, error) bool) {
		for pair, err := range r.Scan(kv.Prefix(prefix)) {
			var c change
			if err == nil {
				c, err = changeOf(pair)
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

// changeOf reads a pair of a count.
func changeOf(pair kv.Pair) (c change, err error) {
	end := len(pair.Key) - len(c.id)
	if end < 0 {
		return c, because(ErrDamaged, "the count %q has no change", pair.Key)
	}
	c.prefix = pair.Key[:end]
	copy(c.id[:], pair.Key[end:])
	c.by, _, err = cutInt(pair.Value)
	return c, err
}
