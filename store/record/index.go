package record

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
// followed by the record key unless the index is unique; its value is the record key, so that a record is one read away.
type Index[ID int | string, T any] struct {
	c       *Collection[ID, T]
	kind    byte
	keys    func(*T) Key // nil: the record has no entry
	unique  string       // what is unique, for the error: "name"; empty: many records may share a key
	guarded bool
}

// IndexBy declares an index whose keys many records may share.
func (c *Collection[ID, T]) IndexBy(kind byte, keys func(*T) Key) *Index[ID, T] {
	ix := &Index[ID, T]{c: c, kind: kind, keys: keys}
	c.indexes = append(c.indexes, ix)
	return ix
}

// UniqueBy declares an index whose keys one record can have; what says which of its members is meant.
func (c *Collection[ID, T]) UniqueBy(kind byte, what string, keys func(*T) Key) *Index[ID, T] {
	ix := c.IndexBy(kind, keys)
	ix.unique = what
	return ix
}

// GuardedBy declares an index that a transaction may scan and rely on what it did not see, as it may not with others:
// after Guard of a key, an entry that another transaction adds to or takes from that key makes it run again.
func (c *Collection[ID, T]) GuardedBy(kind byte, keys func(*T) Key) *Index[ID, T] {
	ix := c.IndexBy(kind, keys)
	ix.guarded = true
	return ix
}

// Guard protects what the transaction finds under a key and reports whether there may be anything; see GuardedBy.
func (ix *Index[ID, T]) Guard(tx *Tx, key Key) (bool, error) {
	mark, err := tx.Get(ix.GuardKey(key))
	return mark != nil, err
}

func (ix *Index[ID, T]) GuardKey(key Key) []byte {
	return ix.c.Key(KindGuard, append(Key{ix.kind}, key...))
}

// One returns the record that has the key in a unique index, or ErrNotFound with asked, the words for what was
// asked for.
func (ix *Index[ID, T]) One(tx *Tx, key Key, asked any) (*T, error) {
	recordKey, err := tx.Get(ix.Key(key))
	if err != nil {
		return nil, err
	}
	if recordKey == nil {
		return nil, NotFound(ix.c.name, asked)
	}
	return ix.c.At(tx, recordKey)
}

// Key returns what the entries of records with the key begin with.
func (ix *Index[ID, T]) Key(key Key) []byte { return ix.c.Key(ix.kind, key) }

// KeyOf returns the key that a record has in the index, nil for none.
func (ix *Index[ID, T]) KeyOf(record *T) Key { return ix.keys(record) }

// Has reports whether a record has the key in a unique index.
func (ix *Index[ID, T]) Has(tx *Tx, key Key) (bool, error) {
	recordKey, err := tx.Get(ix.Key(key))
	return recordKey != nil, err
}

// Each yields the records whose keys begin with prefix, in the order of the keys.
func (ix *Index[ID, T]) Each(tx *Tx, prefix Key) iter.Seq2[*T, error] {
	return ix.Between(tx, kv.Prefix(ix.Key(prefix)))
}

func (ix *Index[ID, T]) Between(tx *Tx, r kv.Range) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for recordKey, err := range ix.recordKeys(tx, r) {
			var record *T
			if err == nil {
				record, err = ix.c.At(tx, recordKey)
			}
			if !yield(record, err) || err != nil {
				return
			}
		}
	}
}

// recordKeys yields what the entries of a range point at. A record key is valid until the next step.
func (ix *Index[ID, T]) recordKeys(tx *Tx, r kv.Range) iter.Seq2[Key, error] {
	return func(yield func(Key, error) bool) {
		for pair, err := range tx.Reader.Scan(r) {
			if !yield(pair.Value, err) || err != nil {
				return
			}
		}
	}
}

// KeyRange is the range of the keys from ≤ key ≤ to, whatever follows to included.
func (ix *Index[ID, T]) KeyRange(from, to Key) kv.Range {
	return kv.Range{From: ix.Key(from), To: kv.Prefix(ix.Key(to)).To}
}

// At returns the record with the given record key, which an index entry of the same snapshot named.
func (c *Collection[ID, T]) At(tx *Tx, recordKey Key) (*T, error) {
	row, err := c.Row(tx, recordKey)
	if err != nil {
		return nil, err
	}
	return c.Decode(row)
}

// Row is at without decoding.
func (c *Collection[ID, T]) Row(tx *Tx, recordKey Key) (json.RawMessage, error) {
	row, err := tx.Get(c.Key(KindRecord, recordKey))
	if err == nil && row == nil {
		err = fmt.Errorf("an index names a %s that is gone: %w", c.name, ErrDamaged)
	}
	return row, err
}

// write brings the entries from those of old to those of record.
func (ix *Index[ID, T]) write(tx *Tx, old, record *T) error {
	oldKey, oldRecordKey := ix.Entry(old)
	key, recordKey := ix.Entry(record)
	if bytes.Equal(oldKey, key) && bytes.Equal(oldRecordKey, recordKey) {
		return nil
	}
	if oldKey != nil && !bytes.Equal(oldKey, key) {
		if err := tx.Writer.Delete(oldKey); err != nil {
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
		if taken, err := tx.Get(key); err != nil || taken != nil {
			return cmp.Or[error](err, &Duplicate{Record: ix.c.name, Member: ix.unique})
		}
	}
	if ix.guarded {
		if err := tx.Writer.Set(ix.GuardKey(ix.keys(record)), nil); err != nil {
			return err
		}
	}
	return tx.Writer.Set(key, recordKey)
}

// leave writes the guard of a key that loses an entry, and takes it away with the last one.
func (ix *Index[ID, T]) leave(tx *Tx, key Key, entry []byte) error {
	if !ix.guarded {
		return nil
	}
	if _, err := ix.Guard(tx, key); err != nil {
		return err
	}
	for pair, err := range tx.Reader.Scan(kv.Prefix(ix.Key(key))) {
		if err != nil {
			return err
		}
		if !bytes.Equal(pair.Key, entry) {
			return tx.Writer.Set(ix.GuardKey(key), nil)
		}
	}
	return tx.Writer.Delete(ix.GuardKey(key))
}

// Entry returns the key and the value of a record's entry, nil for no record and for one that has none.
func (ix *Index[ID, T]) Entry(record *T) (key []byte, recordKey Key) {
	if record == nil {
		return nil, nil
	}
	k := ix.keys(record)
	if k == nil {
		return nil, nil
	}
	recordKey = ix.c.RecordKey(record)
	if ix.unique == "" {
		k = append(k[:len(k):len(k)], recordKey...)
	}
	return ix.Key(k), recordKey
}

func article(noun string) string {
	switch noun[0] {
	case 'A', 'E', 'I', 'O':
		return "An"
	}
	return "A"
}
