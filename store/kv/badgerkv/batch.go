package badgerkv

import (
	"errors"

	"github.com/dgraph-io/badger/v4"

	"github.com/musterhq/muster/store/kv"
)

// batch becomes the one Badger transaction of a group. It reads the commit before its own, which is the last and stays so, and
// what earlier members have written: so it knows the sums that members add to.
type batch struct {
	engine  *Engine
	number  uint64
	alone   bool        // there will be one member at most
	tx      *badger.Txn // nil until there is a member
	members []*request
	failed  error // it holds half of what a member wrote
}

// join takes a member in, or returns why it cannot: then nothing of it is.
func (b *batch) join(m *request) error {
	tx := b.tx
	switch {
	case tx != nil:
	case b.alone || m.snapshot == b.number-1:
		tx = m.tx // need not be copied
	default:
		tx = b.engine.db.NewTransactionAt(b.number-1, true)
	}
	last := tx
	if tx == m.tx && m.snapshot != b.number-1 {
		last = b.engine.db.NewTransactionAt(b.number-1, false)
		defer last.Discard()
	}
	sums, err := m.sums(last)
	if err != nil {
		return err
	}
	if b.tx = tx; tx != m.tx {
		b.put(m.writes)
	}
	b.put(sums)
	b.members = append(b.members, m)
	return nil
}

// sums returns what the member's additions come to in a transaction that reads the last commit.
func (m *request) sums(tx *badger.Txn) ([]write, error) {
	sums := make([]write, 0, len(m.adds))
	for name, by := range m.adds {
		key := []byte(name)
		old, err := sumIn(tx, key)
		if err != nil {
			return nil, err
		}
		value := kv.EncodeSum(old + by)
		sums = append(sums, write{key: key, value: value, deletes: value == nil})
	}
	return sums, nil
}

// sumIn reads one sum.
func sumIn(tx *badger.Txn, key []byte) (sum int64, err error) {
	item, err := tx.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	err = item.Value(func(value []byte) (err error) {
		sum, err = kv.Sum(append([]byte{}, value...)) // an empty value is none, and no absent key
		return err
	})
	return sum, err
}

func (b *batch) put(writes []write) {
	for _, w := range writes {
		if err := w.into(b.tx); err != nil && b.failed == nil {
			b.failed = err
		}
	}
}

// commit returns once the batch is durable.
func (b *batch) commit() error {
	defer b.tx.Discard()
	if b.failed == nil {
		b.failed = b.tx.Set(commitKey, nil)
	}
	if b.failed != nil {
		return b.failed
	}
	return b.tx.CommitAt(b.number, nil)
}
