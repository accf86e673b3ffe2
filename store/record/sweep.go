package record

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"
)

// A record with a lot to take along dies in two steps. The transaction that deletes it leaves the rest where it is and
// calls SweepLater: from its commit on nothing leads there any more, since who reads such things asks first whether
// their owner lives, and nothing is added, since who adds reads the owner by Get. Then Sweep clears away the rest, in
// small transactions. The job that it works off was written with the deletion, so after a crash it goes on where it was.

// Sweep is how the rest of one kind of deleted record is found.
type Sweep struct {
	Kind SweepKind
	// Clear finds what a deleted record left, with CutFrom, CutTo and Remove. It runs again until it finds nothing.
	Clear func(b *SweepBatch, id int) error
}

// SweepKind is the Kind of the jobs of a sweep.
type SweepKind string

// SweepLater queues the clearing up after a record, in the transaction that deletes it.
func SweepLater(tx *Tx, kind SweepKind, id int) error {
	tx.OnCommit(tx.db.sweeps.Notify)
	return Enqueue(tx, string(kind), id)
}

// KeepSwept clears away what deleted records left, soon after each deletion, until ctx ends. It begins with what an earlier
// process did not come to.
func (db *DB) KeepSwept(ctx context.Context) {
	Keep(ctx, db.log, "sweep", db.sweeps, db.Sweep)
}

// How much a sweep does at a time. What one transaction removes is, with the index entries and with what follows
// from it, about 500 writes. A batch is many of them, since each look for more steps over all that was removed before.
const (
	SweepWrites = 64
	SweepLook   = 64 * SweepWrites
)

// SweepPause is how long a sweep that failed waits for its next try.
const SweepPause = time.Minute

// SweepBatch is what is found at one look: tx reads, and the removals come after it.
type SweepBatch struct {
	Tx       *Tx
	removals []func(*Tx) error
}

// CutFrom cuts the links that lead from a.
func CutFrom[A, B int | string](b *SweepBatch, l *Link[A, B], a A) error {
	return Each(b, l.From(b.Tx, a), func(to Linked[B]) func(*Tx) error {
		return func(tx *Tx) error { return cut(tx, l, a, to.ID) }
	})
}

// CutTo cuts the links that lead to to.
func CutTo[A, B int | string](b *SweepBatch, l *Link[A, B], to B) error {
	return Each(b, l.To(b.Tx, to), func(from Linked[A]) func(*Tx) error {
		return func(tx *Tx) error { return cut(tx, l, from.ID, to) }
	})
}

// cut cuts a link that another sweep may have cut already. Half a link is an error: it would be found forever.
func cut[A, B int | string](tx *Tx, l *Link[A, B], from A, to B) error {
	if done, err := l.Cut(tx, from, to); done || err != nil {
		return err
	}
	half, err := tx.Get(l.Key(KindBack, K(to, from)))
	if err == nil && half != nil {
		err = fmt.Errorf("%s %v of %v leads one way only: %w", l.name, to, from, ErrDamaged)
	}
	return err
}

// Remove deletes records, which may leave something to sweep themselves. Another sweep may have deleted them already; one
// that lies there and has no way to it is an error, since it would be found forever.
func Remove[ID int | string, T any](b *SweepBatch, c *Collection[ID, T], records iter.Seq2[*T, error]) error {
	return Each(b, records, func(record *T) func(*Tx) error {
		return func(tx *Tx) error {
			err := c.Delete(tx, *c.id(record))
			if !errors.Is(err, ErrNotFound) {
				return err
			}
			there, err := tx.Get(c.Key(KindRecord, c.RecordKey(record)))
			if err == nil && there != nil {
				err = fmt.Errorf("%s %v is nowhere to be found: %w", c.name, *c.id(record), ErrDamaged)
			}
			return err
		}
	})
}

// Each notes the removals of all that there is room for.
func Each[T any](b *SweepBatch, all iter.Seq2[T, error], removal func(T) func(*Tx) error) error {
	for one, err := range all {
		if err != nil || len(b.removals) >= SweepLook {
			return err
		}
		b.removals = append(b.removals, removal(one))
	}
	return nil
}

// Sweep clears away what deleted records left, until nothing is left or ctx ends. A sweep that fails is put off for a
// minute and does not hold up the others; their errors are returned together.
func (db *DB) Sweep(ctx context.Context) error {
	var failed error
	for _, s := range db.schema.Sweeps {
		for {
			job, err := View(ctx, db, System("store"), func(tx *Tx) (*Job, error) { return nextJob(tx, string(s.Kind)) })
			if err != nil {
				return errors.Join(failed, err)
			}
			if job == nil {
				break
			}
			if err := s.carryOn(ctx, db, job); err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s %d: %w", s.Kind, job.Subject, err))
				if err := putOff(ctx, db, job); err != nil {
					return errors.Join(failed, err)
				}
			}
		}
	}
	return failed
}

// carryOn does a job to its end. It leaves no audit rows: the deletion was the act.
func (s Sweep) carryOn(ctx context.Context, db *DB, job *Job) error {
	for {
		found, err := View(ctx, db, System("store"), func(tx *Tx) (*SweepBatch, error) {
			b := &SweepBatch{Tx: tx}
			return b, s.Clear(b, job.Subject)
		})
		if err != nil {
			return err
		}
		if len(found.removals) == 0 {
			break
		}
		for some := range slices.Chunk(found.removals, SweepWrites) {
			if err := removeAll(ctx, db, some); err != nil {
				return err
			}
		}
	}
	return Change(ctx, db, System("store"), func(tx *Tx) error { return Ignore(ErrNotFound, Jobs.Delete(tx, job.ID)) })
}

func removeAll(ctx context.Context, db *DB, removals []func(*Tx) error) error {
	return Change(ctx, db, System("store"), func(tx *Tx) error {
		tx = tx.Unaudited()
		for _, removal := range removals {
			if err := removal(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// putOff lets a job wait for its next try.
func putOff(ctx context.Context, db *DB, job *Job) error {
	return Change(ctx, db, System("store"), func(tx *Tx) error {
		current, err := Jobs.Get(tx, job.ID)
		if err != nil {
			return Ignore(ErrNotFound, err)
		}
		current.Tries++
		current.NotBefore = tx.Now.Add(SweepPause)
		return Jobs.Put(tx, current)
	})
}
