package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"github.com/musterhq/muster/store/kv"
)

// Collection is a kind of record: how it is named, found and kept. Its methods are the only way to its records,
// and write is the only place where a record, its index entries, its counts and its audit rows change.
//
// A record type may have three methods that write finds by itself:
//
//	check(tx *Tx) error          whether the record may be stored: lengths, parents; it may also fill in defaults
//	date(now Time, old *T)         sets the dates of creation and change; a record in which nothing else changed keeps its own
//	changed(tx *Tx, old *T) error  what follows from the change, in the same transaction; the receiver is nil for a deleted record
//	takesAlong(tx *Tx) ([]UserAuditDetail, error)  what the audit says of all that goes with a deleted record
type Collection[ID int | string, T any] struct {
	tag     string          // two letters that begin every key
	name    string          // as errors and audits say it: "Smart Rule"
	id      func(*T) *ID    // the member that holds the id
	place   func(*T) Key    // what lists of the records are ordered by before the id; nil: the id alone
	indexes []*Index[ID, T] // in the order of schema.go
	counted []*Count[ID, T]
	silent  bool // not audited
	secret  bool // audited without values
	lowest  int  // the first id that users' records get
	given   bool // ids are only those that the store gives out; see DB.lease
}

// The kinds of key within a tag.
const (
	kindRecord   = '=' // <place><id> → JSON
	kindPointer  = '@' // <id> → <place><id>, only with a place
	kindSequence = '+' // → the first id that is not leased
	kindGuard    = '!' // <index kind><key> → nothing; see guarded
	kindCount    = '#' // <count kind><key> → how many records have it; see Count
)

// ID returns the id of a record.
func (c *Collection[ID, T]) ID(record *T) ID { return *c.id(record) }

// Name returns what errors and audits call a record of the collection.
func (c *Collection[ID, T]) Name() string { return c.name }

func (c *Collection[ID, T]) key(kind byte, k Key) []byte {
	return append(append(append(make([]byte, 0, 3+len(k)), c.tag...), kind), k...)
}

// tail is what a record's key says after its tag: its place and its id.
func (c *Collection[ID, T]) tail(record *T) Key {
	id := K(*c.id(record))
	if c.place == nil {
		return id
	}
	return append(c.place(record), id...)
}

// Get returns the record, or ErrNotFound.
func (c *Collection[ID, T]) Get(tx *Tx, id ID) (*T, error) {
	raw, err := c.Raw(tx, id)
	if err != nil {
		return nil, err
	}
	return c.decode(raw)
}

// Raw returns the record as it is stored, which for records that the API shows is as it is sent. It returns
// ErrNotFound for an unknown id.
func (c *Collection[ID, T]) Raw(tx *Tx, id ID) (json.RawMessage, error) {
	tail := K(id)
	if c.place != nil {
		var err error
		if tail, err = tx.get(c.key(kindPointer, tail)); err != nil {
			return nil, err
		}
		if tail == nil {
			return nil, absent(c.name, id)
		}
	}
	raw, err := tx.get(c.key(kindRecord, tail))
	if err == nil && raw == nil {
		err = absent(c.name, id)
	}
	return raw, err
}

// Has reports whether there is a record with the id.
func (c *Collection[ID, T]) Has(tx *Tx, id ID) (bool, error) {
	kind := byte(kindRecord)
	if c.place != nil {
		kind = kindPointer
	}
	b, err := tx.get(c.key(kind, K(id)))
	return b != nil, err
}

// Insert stores a new record and, unless the caller chose an id, gives it one. It returns what check returns, and
// ErrExists when the id or a unique key is taken.
func (c *Collection[ID, T]) Insert(tx *Tx, record *T) error {
	id, ok := any(c.id(record)).(*int)
	chosen := !ok || *id != 0
	for {
		if !chosen {
			next, err := tx.nextID(c.tag, c.lowest)
			if err != nil {
				return err
			}
			*id = next
			if c.given {
				return c.write(tx, nil, record)
			}
		}
		switch taken, err := c.Has(tx, *c.id(record)); {
		case err != nil:
			return err
		case !taken:
			return c.write(tx, nil, record)
		case chosen:
			return because(ErrExists, "%s %v already exists", c.name, *c.id(record))
		}
		// Somebody chose the id that it is the turn of.
	}
}

// Put stores a changed record. It returns what check returns, ErrNotFound when there is no such record and
// ErrExists when a unique key is taken. A record that is equal to the stored one is not written.
func (c *Collection[ID, T]) Put(tx *Tx, record *T) error {
	old, err := c.Get(tx, *c.id(record))
	if err != nil {
		return err
	}
	return c.write(tx, old, record)
}

// Delete removes the record. It returns ErrNotFound when there is none.
func (c *Collection[ID, T]) Delete(tx *Tx, id ID) error {
	old, err := c.Get(tx, id)
	if err != nil {
		return err
	}
	return c.write(tx, old, nil)
}

// All yields every record in the order of their places and ids. It must not be mixed with writes.
func (c *Collection[ID, T]) All(tx *Tx) iter.Seq2[*T, error] {
	return c.In(tx, nil)
}

// In yields the records whose keys begin with a prefix, in their order. It must not be mixed with writes.
func (c *Collection[ID, T]) In(tx *Tx, prefix Key) iter.Seq2[*T, error] {
	return c.records(tx, c.span(prefix, prefix))
}

// span is the range of records from the first whose key begins with from to the last whose key begins with to.
func (c *Collection[ID, T]) span(from, to Key) kv.Range {
	return kv.Range{From: c.key(kindRecord, from), To: kv.Prefix(c.key(kindRecord, to)).To}
}

func (c *Collection[ID, T]) records(tx *Tx, r kv.Range) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for pair, err := range tx.r.Scan(r) {
			var record *T
			if err == nil {
				record, err = c.decode(pair.Value)
			}
			if !yield(record, err) || err != nil {
				return
			}
		}
	}
}

func (c *Collection[ID, T]) decode(raw []byte) (*T, error) {
	record := new(T)
	if err := json.Unmarshal(raw, record); err != nil {
		return nil, fmt.Errorf("a stored %s: %w: %w", c.name, err, ErrDamaged)
	}
	return record, nil
}

// write takes the collection from old to record; old is nil for a new one, record for a deleted one.
func (c *Collection[ID, T]) write(tx *Tx, old, record *T) error {
	if checked, ok := any(record).(interface{ check(*Tx) error }); ok && record != nil {
		if err := checked.check(tx); err != nil {
			return err
		}
	}
	if dated, ok := any(record).(interface{ date(Time, *T) }); ok && record != nil {
		dated.date(tx.Now, old)
	}
	same, err := c.writeRecord(tx, old, record)
	if same || err != nil {
		return err
	}
	for _, ix := range c.indexes {
		if err := ix.write(tx, old, record); err != nil {
			return err
		}
	}
	for _, n := range c.counted {
		if err := n.write(tx, old, record); err != nil {
			return err
		}
	}
	if err := c.audit(tx, old, record); err != nil {
		return err
	}
	if follows, ok := any(record).(interface{ changed(*Tx, *T) error }); ok {
		return follows.changed(tx, old)
	}
	return nil
}

// writeRecord writes the record and its pointer, and reports whether there was nothing to change.
func (c *Collection[ID, T]) writeRecord(tx *Tx, old, record *T) (same bool, err error) {
	var oldTail, tail Key
	var oldRaw, raw []byte
	if old != nil {
		oldTail = c.tail(old)
		if oldRaw, err = encode(old); err != nil {
			return false, err
		}
	}
	if record != nil {
		tail = c.tail(record)
		if raw, err = encode(record); err != nil {
			return false, err
		}
	}
	if bytes.Equal(oldRaw, raw) {
		return true, nil
	}
	if old != nil && !bytes.Equal(oldTail, tail) {
		if err := tx.w.Delete(c.key(kindRecord, oldTail)); err != nil {
			return false, err
		}
	}
	if record != nil {
		err = tx.w.Set(c.key(kindRecord, tail), raw)
	}
	if err != nil || c.place == nil || bytes.Equal(oldTail, tail) {
		return false, err
	}
	if record == nil {
		return false, tx.w.Delete(c.key(kindPointer, K(*c.id(old))))
	}
	return false, tx.w.Set(c.key(kindPointer, K(*c.id(record))), tail)
}

// encode writes JSON as it is stored and sent.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return slices.Clip(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// first returns the first error there is.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// orElse returns err, or otherwise other.
func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}
