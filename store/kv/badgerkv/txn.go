package badgerkv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/musterhq/muster/store/kv"
)

// commitKey is written by every commit and never read as a key: the number of the last commit is its version, and since the
// newest version of a key is never thrown away, the tables tell that number whatever else they have lost by compaction.
var commitKey = []byte("!badgerkv")

// txn is a kv.Txn over one Badger transaction, which keeps the slices it is given.
type txn struct {
	*reader
	engine *Engine
	reads  []uint64         // the fingerprints of the keys that it has read
	writes []write          // in order
	adds   map[string]int64 // by their keys, what it adds to sums; nothing of it is zero
	bytes  int              // of all writes and additions, as Badger counts them at most
}

// write is one Set or Delete.
type write struct {
	key, value []byte
	deletes    bool
}

func newTxn(ctx context.Context, e *Engine, snapshot uint64) *txn {
	t := &txn{reader: newReader(ctx, e, snapshot, true), engine: e, reads: make([]uint64, 0, usual)}
	t.onRead = func(key []byte) { t.reads = append(t.reads, maphash.Bytes(e.seed, key)) }
	t.changed, t.absent = map[uint64]bool{}, map[string]bool{}
	return t
}

// size is how many keys it changes, at most.
func (t *txn) size() int { return len(t.writes) + len(t.adds) }

// fingerprints are those of the keys that it changes.
func (t *txn) fingerprints() []uint64 {
	keys := slices.Collect(maps.Keys(t.changed))
	for key := range t.adds {
		keys = append(keys, maphash.String(t.seed, key))
	}
	return keys
}

// Set is kv.Txn's.
func (t *txn) Set(key, value []byte) error {
	if len(value) > kv.MaxValue {
		return fmt.Errorf("value of %d bytes, limit %d: %w", len(value), kv.MaxValue, kv.ErrTooLarge)
	}
	return t.write(write{key: key, value: value})
}

// Delete is kv.Txn's.
func (t *txn) Delete(key []byte) error { return t.write(write{key: key, deletes: true}) }

func (t *txn) write(w write) error {
	if err := t.reserve(w.key, len(w.value)); err != nil {
		return err
	}
	if len(t.writes) == 0 {
		t.writes = make([]write, 0, usual)
	}
	if err := w.into(t.tx); err != nil {
		return err
	}
	t.writes = append(t.writes, w)
	t.changed[maphash.Bytes(t.seed, w.key)] = true
	return nil
}

// Add is kv.Txn's. What the sum comes to is known when the transaction is committed.
func (t *txn) Add(key []byte, by int64) error {
	if len(key) == 0 {
		return badger.ErrEmptyKey
	}
	if bytes.HasPrefix(key, badgerPrefix) {
		return badger.ErrInvalidKey
	}
	if _, again := t.adds[string(key)]; !again {
		if err := t.reserve(key, kv.SumSize); err != nil {
			return err
		}
	} else if err := t.alive(); err != nil {
		return err
	}
	if t.adds == nil {
		t.adds = map[string]int64{}
	}
	if t.adds[string(key)] += by; t.adds[string(key)] == 0 {
		delete(t.adds, string(key))
	}
	return nil
}

// errMixed refuses a transaction that kv.Txn does not allow.
var errMixed = errors.New("a transaction both writes a key and adds to it")

// mixed returns errMixed if it has to.
func (t *txn) mixed() error {
	if len(t.adds) == 0 {
		return nil
	}
	for _, w := range t.writes {
		if _, both := t.adds[string(w.key)]; both {
			return errMixed
		}
	}
	return nil
}

const (
	usual      = 32                          // reads and writes that most transactions do with
	overhead   = 12                          // bytes that Badger counts for a write besides its key and value
	reserved   = 64 + sizeOfMark             // bytes that a commit adds by itself; it also adds two writes
	sizeOfMark = len("!badgerkv") + overhead // commitKey, which is one of them
)

// badgerPrefix begins the keys that Badger keeps for itself.
var badgerPrefix = []byte("!badger!")

// reserve makes room for a change of a key, or returns why there must be none.
func (t *txn) reserve(key []byte, value int) error {
	if err := t.alive(); err != nil {
		return err
	}
	if err := fits(key); err != nil {
		return err
	}
	if bytes.Equal(key, commitKey) {
		return badger.ErrInvalidKey
	}
	size := t.bytes + len(key) + value + overhead
	if int64(size+reserved) >= t.engine.db.MaxBatchSize() || int64(t.size()+3) >= t.engine.db.MaxBatchCount() {
		return fmt.Errorf("writes of one transaction: %w", kv.ErrTooLarge)
	}
	t.bytes = size
	return nil
}

// into repeats the write in a Badger transaction.
func (w write) into(tx *badger.Txn) error {
	if w.deletes {
		return tx.Delete(w.key)
	}
	return tx.Set(w.key, w.value)
}

func fits(key []byte) error {
	if len(key) > kv.MaxKey {
		return fmt.Errorf("key of %d bytes, limit %d: %w", len(key), kv.MaxKey, kv.ErrTooLarge)
	}
	return nil
}
