package record

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/musterhq/muster/store/kv"
)

// How many ids a store takes at first and at most at a time. Ids come from such blocks, leased in a transaction of their
// own, so that inserts do not fight over a counter: every change inserts an audit row. Each block is twice as large as the one before it, or a
// large import would wait for the disk more often for ids than for its hosts; what a crash leaves unused is a gap.
const (
	Leased     = 64
	mostLeased = 1024
)

// sequence is a leased block: next is the first id that is not given out, end the first beyond the block.
type sequence struct{ next, end, size int }

func SequenceKey(tag string) []byte { return append([]byte(tag), KindSequence) }

// nextID gives out an id of a collection, larger than all given out before by this process and never given out
// again. first is the smallest id of the collection.
func (db *DB) nextID(ctx context.Context, tag string, first int) (int, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	s := db.sequences[tag]
	if s == nil || s.next == s.end {
		var err error
		size := Leased
		if s != nil {
			size = min(2*s.size, mostLeased)
		}
		if s, err = db.lease(ctx, tag, max(first, 1), size); err != nil {
			return 0, err
		}
		db.sequences[tag] = s
	}
	s.next++
	return s.next - 1, nil
}

// lease takes a block of ids that lie behind all that were leased, and behind those that records have by their pointers.
func (db *DB) lease(ctx context.Context, tag string, first, size int) (*sequence, error) {
	var s sequence
	err := db.engine.Update(ctx, func(tx kv.Txn) error {
		next, err := storedSequence(tx, tag, first)
		if err != nil {
			return err
		}
		last, err := lastPointer(tx, tag)
		if err != nil {
			return err
		}
		next = max(next, last+1)
		s = sequence{next: next, end: next + size, size: size}
		return tx.Set(SequenceKey(tag), K(s.end))
	})
	return &s, err
}

// lastPointer returns the largest id that a pointer has, 0 for none.
func lastPointer(tx kv.Reader, tag string) (id int, err error) {
	prefix := append([]byte(tag), KindPointer)
	pointers := kv.Prefix(prefix)
	pointers.Reverse, pointers.KeysOnly = true, true
	for pair, err := range tx.Scan(pointers) {
		if err != nil {
			return 0, err
		}
		id, _, err = CutInt(pair.Key[len(prefix):])
		return id, err
	}
	return 0, nil
}

func storedSequence(tx kv.Reader, tag string, first int) (int, error) {
	values, err := tx.Get(SequenceKey(tag))
	if err != nil || values[0] == nil {
		return first, err
	}
	next, _, err := CutInt(values[0])
	return next, err
}

// returnIDs gives back what is left of the blocks that nobody has leased after, so that ids go on without a gap.
func (db *DB) returnIDs() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	var failed error
	for _, tag := range slices.Sorted(maps.Keys(db.sequences)) {
		s := db.sequences[tag]
		failed = errors.Join(failed, db.engine.Update(context.Background(), func(tx kv.Txn) error {
			end, err := storedSequence(tx, tag, s.end)
			if err != nil || end != s.end {
				return err
			}
			return tx.Set(SequenceKey(tag), K(s.next))
		}))
		if errors.Is(failed, ErrNoSpace) {
			return nil // a gap in the ids harms nobody
		}
	}
	db.sequences = map[string]*sequence{}
	return failed
}
