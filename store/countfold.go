package store

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// How changes of a count are folded: when a count has this many, and at most so many in one transaction. What was folded
// and deleted is slow to step over for a while, so it is not done for a few; but what is left of each of many counts is
// stepped over, too.
const (
	foldAt     = 8
	foldAtOnce = 400
)

// afterACount is how long the changes gather before they are folded: while records pour in, one fold takes many.
const afterACount = 100 * time.Millisecond

// countWork is what KeepCounts has to do.
type countWork struct {
	due bell // some count has enough changes

	mu      sync.Mutex
	changes map[string]int // those that were added since the last fold, by the prefix of their count
}

func newCountWork() *countWork {
	return &countWork{due: make(bell, 1), changes: map[string]int{}}
}

// added notes that a transaction was committed.
func (w *countWork) added(t *tally) {
	if len(t.changes) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for prefix := range t.changes {
		if w.changes[prefix]++; w.changes[prefix] >= foldAt {
			w.due.ring()
		}
	}
}

// take returns the prefixes of the counts that have enough changes, and begins to count them anew.
func (w *countWork) take() (due []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for prefix, n := range w.changes {
		if n >= foldAt {
			due = append(due, prefix)
			delete(w.changes, prefix)
		}
	}
	return due
}

// KeepCounts folds the changes of counts as they pile up, until ctx ends. It begins with those that an earlier process
// left. Without it, counts are as right, and slower to read with every transaction.
func KeepCounts(ctx context.Context, db *DB) {
	fold := func(prefixes []string, err error) {
		if err = errors.Join(err, foldCounts(ctx, db, prefixes)); err != nil && ctx.Err() == nil {
			db.log.ErrorContext(ctx, "fold counts", "error", err)
		}
	}
	fold(longCounts(ctx, db))
	for {
		select {
		case <-ctx.Done():
			return
		case <-db.counts.due:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(afterACount):
		}
		fold(db.counts.take(), nil)
	}
}

// countedPrefixes are what the keys of all counts begin with.
func countedPrefixes() [][]byte {
	return [][]byte{assetsInWorkgroup.prefix(nil), assetsInBlock.prefix(nil)}
}

// longCounts looks at all counts for those with many changes.
func longCounts(ctx context.Context, db *DB) ([]string, error) {
	return View(ctx, db, System("store"), func(tx *Tx) (long []string, err error) {
		var current []byte
		n := 0
		for _, all := range countedPrefixes() {
			for c, err := range changesBelow(tx.r, all) {
				if err != nil {
					return long, err
				}
				if !bytes.Equal(c.prefix, current) {
					current, n = bytes.Clone(c.prefix), 0
				}
				if n++; n == foldAt {
					long = append(long, string(current))
				}
			}
		}
		return long, nil
	})
}

// foldCounts puts one change, the base, in the place of all that each count has.
func foldCounts(ctx context.Context, db *DB, prefixes []string) error {
	for len(prefixes) > 0 {
		done, err := Update(ctx, db, System("store"), func(tx *Tx) (int, error) { return foldSome(tx, prefixes) })
		if err != nil {
			return err
		}
		prefixes = prefixes[done:]
	}
	return nil
}

// foldSome folds as many changes as one transaction takes, and returns how many counts it is through with. Changes that
// come meanwhile stay for the next.
func foldSome(tx *Tx, prefixes []string) (int, error) {
	var folds []*folding
	left := foldAtOnce
	for _, prefix := range prefixes {
		f, err := foldOf(tx, []byte(prefix), left)
		if err != nil {
			return 0, err
		}
		folds = append(folds, f)
		if left -= len(f.folded); left == 0 {
			break
		}
	}
	for _, f := range folds {
		if err := f.write(tx); err != nil {
			return 0, err
		}
	}
	if left == 0 {
		return len(folds) - 1, nil // the last may have more
	}
	return len(folds), nil
}

// folding is what one transaction folds of a count.
type folding struct {
	base   []byte
	total  int
	folded [][]byte
}

// foldOf reads a base and some of the changes since.
func foldOf(tx *Tx, prefix []byte, most int) (*folding, error) {
	f := &folding{base: slices.Concat(prefix, make([]byte, len(changeID{})))}
	// By Get: of two that fold the same count at once, one runs again and sees what the other left.
	if _, err := tx.get(f.base); err != nil {
		return nil, err
	}
	for c, err := range changes(tx.r, prefix) {
		if err != nil {
			return nil, err
		}
		if f.total += c.by; c.id == (changeID{}) {
			continue
		}
		if f.folded = append(f.folded, slices.Concat(prefix, c.id[:])); len(f.folded) == most {
			break
		}
	}
	return f, nil
}

func (f *folding) write(tx *Tx) error {
	for _, key := range f.folded {
		if err := tx.w.Delete(key); err != nil {
			return err
		}
	}
	if f.total == 0 {
		return tx.w.Delete(f.base)
	}
	return tx.w.Set(f.base, K(f.total))
}
