package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"github.com/musterhq/muster/store/kv"
)

// Collection is a kind of record: how it is named, found and stored. Its methods are the only way to its records,
// and Replace is the only place where a record, its index entries, its counts and its audit rows change.
//
// A record type may have four methods, which Replace calls:
//
//	Validate(tx *Tx) error             whether the record may be stored: lengths, parents; it may also fill in defaults
//	SetDates(now Time, old *T)         sets the dates of creation and change; a record in which nothing else changed keeps its own
//	AfterWrite(tx *Tx, old *T) error   what follows from the change, in the same transaction; the receiver is nil for a deleted record
//	CascadeSummary(tx *Tx) ([]UserAuditDetail, error)  what the audit says of all that goes with a deleted record
type Collection[ID int | string, T any] struct {
	tag        string          // two letters that begin every key
	name       string          // as errors and audits say it: "Smart Rule"
	id         func(*T) *ID    // the member that holds the id
	sortPrefix func(*T) Key    // what lists of the records are ordered by before the id; nil: the id alone
	indexes    []*Index[ID, T] // in the order of schema.go
	counted    []*Count[ID, T]
	silent     bool // not audited
	secret     bool // audited without values
	lowest     int  // the first id that users' records get
	given      bool // ids are only those that the store gives out; see DB.lease
}

// The kinds of key within a tag.
const (
	KindRecord   = '=' // <sort prefix><id> → JSON
	KindPointer  = '@' // <id> → <sort prefix><id>, only with a sort prefix
	KindSequence = '+' // → the first id that is not leased
	KindGuard    = '!' // <index kind><key> → nothing; see GuardedBy
	KindCount    = '#' // <count kind><key> → how many records have it; see Count
)

// ID returns the id of a record.
func (c *Collection[ID, T]) ID(record *T) ID { return *c.id(record) }

// Tag returns the two letters that begin each key of the collection.
func (c *Collection[ID, T]) Tag() string { return c.tag }

// Name returns what errors and audits call a record of the collection.
func (c *Collection[ID, T]) Name() string { return c.name }

func (c *Collection[ID, T]) Key(kind byte, k Key) []byte {
	return append(append(append(make([]byte, 0, 3+len(k)), c.tag...), kind), k...)
}

// RecordKey is what a record's key says after its tag: its place and its id.
func (c *Collection[ID, T]) RecordKey(record *T) Key {
	id := K(*c.id(record))
	if c.sortPrefix == nil {
		return id
	}
	return append(c.sortPrefix(record), id...)
}

// NextID returns a new id, larger than all that the collection gave out before.
func (c *Collection[ID, T]) NextID(tx *Tx) (int, error) { return tx.NextID(c.tag, c.lowest) }

// Touch writes a record as it is, so that a transaction which has read it runs again once this one is committed.
func (c *Collection[ID, T]) Touch(tx *Tx, record *T) error {
	raw, err := Encode(record)
	if err != nil {
		return err
	}
	return tx.Writer.Set(c.Key(KindRecord, c.RecordKey(record)), raw)
}

// Get returns the record, or ErrNotFound.
func (c *Collection[ID, T]) Get(tx *Tx, id ID) (*T, error) {
	raw, err := c.Raw(tx, id)
	if err != nil {
		return nil, err
	}
	return c.Decode(raw)
}

// Raw returns the record as it is stored, which for records that the API shows is as it is sent. It returns
// ErrNotFound for an unknown id.
func (c *Collection[ID, T]) Raw(tx *Tx, id ID) (json.RawMessage, error) {
	recordKey := K(id)
	if c.sortPrefix != nil {
		var err error
		if recordKey, err = tx.Get(c.Key(KindPointer, recordKey)); err != nil {
			return nil, err
		}
		if recordKey == nil {
			return nil, NotFound(c.name, id)
		}
	}
	raw, err := tx.Get(c.Key(KindRecord, recordKey))
	if err == nil && raw == nil {
		err = NotFound(c.name, id)
	}
	return raw, err
}

// Has reports whether there is a record with the id.
func (c *Collection[ID, T]) Has(tx *Tx, id ID) (bool, error) {
	kind := byte(KindRecord)
	if c.sortPrefix != nil {
		kind = KindPointer
	}
	b, err := tx.Get(c.Key(kind, K(id)))
	return b != nil, err
}

// Insert stores a new record and, unless the caller chose an id, gives it one. It returns what Validate returns, and
// ErrExists when the id or a unique key is taken.
func (c *Collection[ID, T]) Insert(tx *Tx, record *T) error {
	id, ok := any(c.id(record)).(*int)
	chosen := !ok || *id != 0
	for {
		if !chosen {
			next, err := tx.NextID(c.tag, c.lowest)
			if err != nil {
				return err
			}
			*id = next
			if c.given {
				return c.Replace(tx, nil, record)
			}
		}
		switch taken, err := c.Has(tx, *c.id(record)); {
		case err != nil:
			return err
		case !taken:
			return c.Replace(tx, nil, record)
		case chosen:
			return Error(ErrExists, "%s %v already exists", c.name, *c.id(record))
		}
		// Somebody chose the id that it is the turn of.
	}
}

// Put stores a changed record. It returns what Validate returns, ErrNotFound when there is no such record and
// ErrExists when a unique key is taken. A record that is equal to the stored one is not written.
func (c *Collection[ID, T]) Put(tx *Tx, record *T) error {
	old, err := c.Get(tx, *c.id(record))
	if err != nil {
		return err
	}
	return c.Replace(tx, old, record)
}

// Delete removes the record. It returns ErrNotFound if it does not exist.
func (c *Collection[ID, T]) Delete(tx *Tx, id ID) error {
	old, err := c.Get(tx, id)
	if err != nil {
		return err
	}
	return c.Replace(tx, old, nil)
}

// All yields every record in the order of their places and ids. It must not be mixed with writes.
func (c *Collection[ID, T]) All(tx *Tx) iter.Seq2[*T, error] {
	return c.In(tx, nil)
}

// In yields the records whose keys begin with a prefix, in their order. It must not be mixed with writes.
func (c *Collection[ID, T]) In(tx *Tx, prefix Key) iter.Seq2[*T, error] {
	return c.Records(tx, c.Span(prefix, prefix))
}

// Span is the range of records from the first whose key begins with from to the last whose key begins with to.
func (c *Collection[ID, T]) Span(from, to Key) kv.Range {
	return kv.Range{From: c.Key(KindRecord, from), To: kv.Prefix(c.Key(KindRecord, to)).To}
}

func (c *Collection[ID, T]) Records(tx *Tx, r kv.Range) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for pair, err := range tx.Reader.Scan(r) {
			var record *T
			if err == nil {
				record, err = c.Decode(pair.Value)
			}
			if !yield(record, err) || err != nil {
				return
			}
		}
	}
}

func (c *Collection[ID, T]) Decode(raw []byte) (*T, error) {
	record := new(T)
	if err := json.Unmarshal(raw, record); err != nil {
		return nil, fmt.Errorf("a stored %s: %w: %w", c.name, err, ErrDamaged)
	}
	return record, nil
}

// Replace takes the collection from old to record; old is nil for a new one, record for a deleted one.
func (c *Collection[ID, T]) Replace(tx *Tx, old, record *T) error {
	if checked, ok := any(record).(interface{ Validate(*Tx) error }); ok && record != nil {
		if err := checked.Validate(tx); err != nil {
			return err
		}
	}
	if dated, ok := any(record).(interface{ SetDates(Time, *T) }); ok && record != nil {
		dated.SetDates(tx.Now, old)
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
	if follows, ok := any(record).(interface{ AfterWrite(*Tx, *T) error }); ok {
		return follows.AfterWrite(tx, old)
	}
	return nil
}

// writeRecord writes the record and its pointer, and reports whether there was nothing to change.
func (c *Collection[ID, T]) writeRecord(tx *Tx, old, record *T) (same bool, err error) {
	var oldRecordKey, recordKey Key
	var oldRaw, raw []byte
	if old != nil {
		oldRecordKey = c.RecordKey(old)
		if oldRaw, err = Encode(old); err != nil {
			return false, err
		}
	}
	if record != nil {
		recordKey = c.RecordKey(record)
		if raw, err = Encode(record); err != nil {
			return false, err
		}
	}
	if bytes.Equal(oldRaw, raw) {
		return true, nil
	}
	if old != nil && !bytes.Equal(oldRecordKey, recordKey) {
		if err := tx.Writer.Delete(c.Key(KindRecord, oldRecordKey)); err != nil {
			return false, err
		}
	}
	if record != nil {
		err = tx.Writer.Set(c.Key(KindRecord, recordKey), raw)
	}
	if err != nil || c.sortPrefix == nil || bytes.Equal(oldRecordKey, recordKey) {
		return false, err
	}
	if record == nil {
		return false, tx.Writer.Delete(c.Key(KindPointer, K(*c.id(old))))
	}
	return false, tx.Writer.Set(c.Key(KindPointer, K(*c.id(record))), recordKey)
}

// Encode writes JSON as it is stored and sent.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return slices.Clip(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}
