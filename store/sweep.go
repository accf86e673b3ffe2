package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
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
	for {
		done, err := Update(ctx, db, System("store"), func(tx *Tx) (bool, error) { return s.step(tx.Unaudited(), job) })
		if done || err != nil {
			return err
		}
	}
}

// step does one batch of a job, and ends the job with the last one.
func (s sweep) step(tx *Tx, job *Job) (done bool, err error) {
	if there, err := Jobs.Has(tx, job.ID); err != nil || !there {
		return true, err
	}
	b := &batch{tx: tx, left: sweepWrites}
	if err := s.clear(b, job.Subject); err != nil || b.left == 0 {
		return false, err
	}
	return true, Jobs.Delete(tx, job.ID)
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
