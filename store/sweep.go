package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"time"

	"github.com/musterhq/muster/store/kv"
)

// A record with a lot to take along dies in two steps. The transaction that deletes it leaves the rest where it is and
// calls sweepLater: from its commit on nothing leads there any more, since who reads such things asks first whether
// their owner lives, and nothing is added, since who adds reads the owner by Get. Then Sweep clears away the rest, a small
// transaction at a time. The job that it works off was written with the deletion, so after a crash it goes on where
// it was.

// sweep is how the rest of one kind of deleted record is found.
type sweep struct {
	kind sweepKind
	// clear removes what a deleted record left, as much as the batch takes. It runs in transactions of their own
	// until one of them finds less than that.
	clear func(b *batch, id int) error
}

// sweepKind is the Kind of the jobs of a sweep.
type sweepKind string

// The sweeps there are, after the records that were deleted.
const (
	sweepOfAsset        sweepKind = "sweep asset"
	sweepOfAddressGroup sweepKind = "sweep address group" // or of its addresses alone
)

// sweeps says what to do for each kind. Only Sweep looks here: whoever deletes names the kind.
func sweeps() []sweep {
	return []sweep{
		{sweepOfAsset, clearAsset},
		{sweepOfAddressGroup, clearAddressGroup},
	}
}

// sweepLater queues the clearing up after a record, in the transaction that deletes it.
func sweepLater(tx *Tx, kind sweepKind, id int) error {
	return Enqueue(tx, string(kind), id)
}

// sweepWrites bounds what one transaction of a sweep removes: with their index entries, and with what follows from
// their end, so many records and links are about 500 writes.
const sweepWrites = 64

// sweepPause is how long a sweep that failed waits for its next try.
const sweepPause = time.Minute

// batch is one transaction of a sweep. It leaves no audit rows: the deletion was the act.
type batch struct {
	tx   *Tx
	left int // how much more may be removed
	walk *walk
	done bool
}

func newBatch(tx *Tx, reached progress) *batch {
	tx = tx.Unaudited()
	w := &walk{Reader: tx.r, reached: maps.Clone(reached)}
	tx.r = w
	return &batch{tx: tx, left: sweepWrites, walk: w}
}

// progress is how far a sweep has come: by the first key of each range that it walks, the last key that it has removed.
// An engine may keep removed keys for a while, and if each batch stepped over those of all batches before it, a sweep of
// n records would take n² steps.
type progress map[string][]byte

// walk is a Reader whose scans begin where an earlier batch ended, while something to remove is looked for.
type walk struct {
	kv.Reader
	looking bool
	reached progress
}

func (w *walk) Scan(r kv.Range) iter.Seq2[kv.Pair, error] {
	if !w.looking {
		return w.Reader.Scan(r)
	}
	begin := string(r.From)
	if last := w.reached[begin]; last != nil {
		r.From = last
	}
	return func(yield func(kv.Pair, error) bool) {
		for pair, err := range w.Reader.Scan(r) {
			if err == nil {
				w.reached[begin] = bytes.Clone(pair.Key)
			}
			if !yield(pair, err) {
				return
			}
		}
	}
}

// cutFrom cuts the links that lead from a.
func cutFrom[A, B int | string](b *batch, l *Link[A, B], a A) error {
	ids, err := someOf(b, l.From(b.tx, a))
	for _, to := range ids {
		if _, err := l.Cut(b.tx, a, to.ID); err != nil {
			return err
		}
	}
	return err
}

// cutTo cuts the links that lead to to.
func cutTo[A, B int | string](b *batch, l *Link[A, B], to B) error {
	ids, err := someOf(b, l.To(b.tx, to))
	for _, from := range ids {
		if _, err := l.Cut(b.tx, from.ID, to); err != nil {
			return err
		}
	}
	return err
}

// remove deletes records, which may leave something to sweep themselves.
func remove[ID int | string, T any](b *batch, c *Collection[ID, T], records iter.Seq2[*T, error]) error {
	some, err := someOf(b, records)
	for _, record := range some {
		if err := c.write(b.tx, record, nil); err != nil {
			return err
		}
	}
	return err
}

// someOf reads as much as the batch still takes: a transaction reads before it writes.
func someOf[T any](b *batch, all iter.Seq2[T, error]) (some []T, err error) {
	if b.left == 0 {
		return nil, nil
	}
	b.walk.looking = true
	defer func() { b.walk.looking = false }()
	for one, err := range all {
		if err != nil {
			return nil, err
		}
		some = append(some, one)
		if b.left--; b.left == 0 {
			break
		}
	}
	return some, nil
}

// Sweep clears away what deleted records left, until nothing is left or ctx ends. A sweep that fails is put off for a
// minute and does not hold up the others; their errors are returned together.
func Sweep(ctx context.Context, db *DB) error {
	var failed error
	for _, s := range sweeps() {
		for {
			job, err := View(ctx, db, System("store"), func(tx *Tx) (*Job, error) { return nextJob(tx, string(s.kind)) })
			if err != nil {
				return errors.Join(failed, err)
			}
			if job == nil {
				break
			}
			if err := s.carryOn(ctx, db, job); err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s %d: %w", s.kind, job.Subject, err))
				if err := putOff(ctx, db, job); err != nil {
					return errors.Join(failed, err)
				}
			}
		}
	}
	return failed
}

// carryOn does a job to its end.
func (s sweep) carryOn(ctx context.Context, db *DB, job *Job) error {
	reached := progress{}
	for {
		b, err := Update(ctx, db, System("store"), func(tx *Tx) (*batch, error) {
			b := newBatch(tx, reached)
			return b, s.step(b, job)
		})
		if err != nil || b.done {
			return err
		}
		reached = b.walk.reached
	}
}

// step does one batch of a job, and ends the job with the last one.
func (s sweep) step(b *batch, job *Job) error {
	there, err := Jobs.Has(b.tx, job.ID)
	if err != nil || !there {
		b.done = true
		return err
	}
	if err := s.clear(b, job.Subject); err != nil || b.left == 0 {
		return err
	}
	b.done = true
	return Jobs.Delete(b.tx, job.ID)
}

// putOff lets a job wait for its next try.
func putOff(ctx context.Context, db *DB, job *Job) error {
	return Change(ctx, db, System("store"), func(tx *Tx) error {
		current, err := Jobs.Get(tx, job.ID)
		if err != nil {
			return unless(ErrNotFound, err)
		}
		current.Tries++
		current.NotBefore = tx.Now.Add(sweepPause)
		return Jobs.Put(tx, current)
	})
}
