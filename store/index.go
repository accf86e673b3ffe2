package store

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"github.com/musterhq/muster/store/kv"
)

// Index finds records of a collection by something other than their id. Each entry's key is the indexed Key,
// followed by the record's tail unless the index is unique; its value is the tail, so that a record is one read away.
type Index[ID int | string, T any] struct {
	c       *Collection[ID, T]
	kind    byte
	keys    func(*T) Key // nil: the record has no entry
	unique  string       // what is unique, for the error: "name"; empty: many records may share a key
	guarded bool
}

// index declares an index whose keys many records may share.
func (c *Collection[ID, T]) index(kind byte, keys func(*T) Key) *Index[ID, T] {
	ix := &Index[ID, T]{c: c, kind: kind, keys: keys}
	c.indexes = append(c.indexes, ix)
	return ix
}

// unique declares an index whose keys one record can have; what says which of its members is meant.
func (c *Collection[ID, T]) unique(kind byte, what string, keys func(*T) Key) *Index[ID, T] {
	ix := c.index(kind, keys)
	ix.unique = what
	return ix
}

// guard declares an index that a transaction may scan and rely on what it did not see, as it may not with others:
// after Guard of a key, an entry that another transaction adds to or takes from that key makes it run again.
func (c *Collection[ID, T]) guard(kind byte, keys func(*T) Key) *Index[ID, T] {
	ix := c.index(kind, keys)
	ix.guarded = true
	return ix
}

// Guard protects what the transaction finds under a key and reports whether there may be anything; see guard.
func (ix *Index[ID, T]) Guard(tx *Tx, key Key) (bool, error) {
	mark, err := tx.get(ix.guardKey(key))
	return mark != nil, err
}

func (ix *Index[ID, T]) guardKey(key Key) []byte {
	return ix.c.key(kindGuard, append(Key{ix.kind}, key...))
}

// One returns the record that has the key in a unique index, or ErrNotFound with asked, the words for what was
// asked for.
func (ix *Index[ID, T]) One(tx *Tx, key Key, asked any) (*T, error) {
	tail, err := tx.get(ix.c.key(ix.kind, key))
	if err != nil {
		return nil, err
	}
	if tail == nil {
		return nil, absent(ix.c.name, asked)
	}
	return ix.c.at(tx, tail)
}

// Has reports whether a record has the key in a unique index.
func (ix *Index[ID, T]) Has(tx *Tx, key Key) (bool, error) {
	tail, err := tx.get(ix.c.key(ix.kind, key))
	return tail != nil, err
}

// Each yields the records whose keys begin with prefix, in the order of the keys.
func (ix *Index[ID, T]) Each(tx *Tx, prefix Key) iter.Seq2[*T, error] {
	return ix.between(tx, kv.Prefix(ix.c.key(ix.kind, prefix)))
}

func (ix *Index[ID, T]) between(tx *Tx, r kv.Range) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for tail, err := range ix.tails(tx, r) {
			var record *T
			if err == nil {
				record, err = ix.c.at(tx, tail)
			}
			if !yield(record, err) || err != nil {
				return
			}
		}
	}
}

// tails yields what the entries of a range point at. A tail is valid until the next step.
func (ix *Index[ID, T]) tails(tx *Tx, r kv.Range) iter.Seq2[Key, error] {
	return func(yield func(Key, error) bool) {
		for pair, err := range tx.r.Scan(r) {
			if !yield(pair.Value, err) || err != nil {
				return
			}
		}
	}
}

// keyRange is the range of the keys from ≤ key ≤ to, whatever follows to included.
func (ix *Index[ID, T]) keyRange(from, to Key) kv.Range {
	return kv.Range{From: ix.c.key(ix.kind, from), To: kv.Prefix(ix.c.key(ix.kind, to)).To}
}

// at returns the record with the given tail, which an index entry of the same snapshot named.
func (c *Collection[ID, T]) at(tx *Tx, tail Key) (*T, error) {
	row, err := c.row(tx, tail)
	if err != nil {
		return nil, err
	}
	return c.decode(row)
}

// row is at without decoding.
func (c *Collection[ID, T]) row(tx *Tx, tail Key) (json.RawMessage, error) {
	row, err := tx.get(c.key(kindRecord, tail))
	if err == nil && row == nil {
		err = fmt.Errorf("an index names a %s that is gone: %w", c.name, ErrDamaged)
	}
	return row, err
}

// write brings the entries from those of old to those of record.
func (ix *Index[ID, T]) write(tx *Tx, old, record *T) error {
	oldKey, oldTail := ix.entry(old)
	key, tail := ix.entry(record)
	if bytes.Equal(oldKey, key) && bytes.Equal(oldTail, tail) {
		return nil
	}
	if oldKey != nil && !bytes.Equal(oldKey, key) {
		if err := tx.w.Delete(oldKey); err != nil {
			return err
		}
		if err := ix.leave(tx, ix.keys(old), oldKey); err != nil {
			return err
		}
	}
	if key == nil {
		return nil
	}
	if len(key) > kv.MaxKey {
		what := cmp.Or(ix.unique, "member")
		return Invalid("the %s of %s %s takes more room than an index has", what, strings.ToLower(article(ix.c.name)), ix.c.name)
	}
	if ix.unique != "" && !bytes.Equal(oldKey, key) {
		if taken, err := tx.get(key); err != nil || taken != nil {
			return orElse(err, &Duplicate{Record: ix.c.name, Member: ix.unique})
		}
	}
	if ix.guarded {
		if err := tx.w.Set(ix.guardKey(ix.keys(record)), nil); err != nil {
			return err
		}
	}
	return tx.w.Set(key, tail)
}

// leave writes the guard of a key that loses an entry, and takes it away with the last one.
func (ix *Index[ID, T]) leave(tx *Tx, key Key, entry []byte) error {
	if !ix.guarded {
		return nil
	}
	if _, err := ix.Guard(tx, key); err != nil {
		return err
	}
	for pair, err := range tx.r.Scan(kv.Prefix(ix.c.key(ix.kind, key))) {
		if err != nil {
			return err
		}
		if !bytes.Equal(pair.Key, entry) {
			return tx.w.Set(ix.guardKey(key), nil)
		}
	}
	return tx.w.Delete(ix.guardKey(key))
}

// entry returns the key and the value of a record's entry, nil for no record and for one that has none.
func (ix *Index[ID, T]) entry(record *T) (key []byte, tail Key) {
	if record == nil {
		return nil, nil
	}
	k := ix.keys(record)
	if k == nil {
		return nil, nil
	}
	tail = ix.c.tail(record)
	if ix.unique == "" {
		k = append(k[:len(k):len(k)], tail...)
	}
	return ix.c.key(ix.kind, k), tail
}

func article(noun string) string {
	switch noun[0] {
	case 'A', 'E', 'I', 'O':
		return "An"
	}
	return "A"
}
