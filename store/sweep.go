package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"
)

// A record with a lot to take along dies in two steps. The transaction that deletes it leaves the rest where it is and
// calls sweepLater: from its commit on nothing leads there any more, since who reads such things asks first whether
// their owner lives, and nothing is added, since who adds reads the owner by Get. Then Sweep clears away the rest, in
// small transactions. The job that it works off was written with the deletion, so after a crash it goes on where it was.

// sweep is how the rest of one kind of deleted record is found.
type sweep struct {
	kind sweepKind
	// clear finds what a deleted record left, with cutFrom, cutTo and remove. It runs again until it finds nothing.
	clear func(b *batch, id int) error
}

// sweepKind is the Kind of the jobs of a sweep.
type sweepKind string

// The sweeps there are, after the records that were deleted.
const (
	sweepOfAsset         sweepKind = "sweep asset"
	sweepOfAttributeType sweepKind = "sweep attribute type"
	sweepOfAttribute     sweepKind = "sweep attribute"
	sweepOfAddressGroup  sweepKind = "sweep address group" // or of its addresses alone
	sweepOfUser          sweepKind = "sweep user"
	sweepOfUserGroup     sweepKind = "sweep user group"
	sweepOfSecret        sweepKind = "sweep secret"
	sweepOfRule          sweepKind = "sweep smart rule"
	sweepOfManagedSystem sweepKind = "sweep managed system"
	sweepOfDelivery      sweepKind = "sweep delivery" // or of a draft that came to nothing
)

// sweeps says what to do for each kind; one stands before those that it queues. Only Sweep looks here: whoever
// deletes names the kind.
func sweeps() []sweep {
	return []sweep{
		{sweepOfAsset, clearAsset},
		{sweepOfAttributeType, clearAttributeType},
		{sweepOfAttribute, clearAttribute},
		{sweepOfAddressGroup, clearAddressGroup},
		{sweepOfUser, clearUser},
		{sweepOfUserGroup, clearUserGroup},
		{sweepOfSecret, clearSecret},
		{sweepOfRule, clearRule},
		{sweepOfManagedSystem, clearManagedSystem},
		{sweepOfDelivery, clearDelivery},
	}
}

// sweepLater queues the clearing up after a record, in the transaction that deletes it.
func sweepLater(tx *Tx, kind sweepKind, id int) error {
	tx.committed(tx.db.sweeps.ring)
	return Enqueue(tx, string(kind), id)
}

// How much a sweep does at a time. What one transaction removes is, with the index entries and with what follows
// from it, about 500 writes. A batch is many of them, since each look for more steps over all that was removed before.
const (
	sweepWrites = 64
	sweepBatch  = 64 * sweepWrites
)

// sweepPause is how long a sweep that failed waits for its next try.
const sweepPause = time.Minute

// batch is what is found at one look: tx reads, and the removals come after it.
type batch struct {
	tx       *Tx
	removals []func(*Tx) error
}

// cutFrom cuts the links that lead from a.
func cutFrom[A, B int | string](b *batch, l *Link[A, B], a A) error {
	return each(b, l.From(b.tx, a), func(to Linked[B]) func(*Tx) error {
		return func(tx *Tx) error { return cut(tx, l, a, to.ID) }
	})
}

// cutTo cuts the links that lead to to.
func cutTo[A, B int | string](b *batch, l *Link[A, B], to B) error {
	return each(b, l.To(b.tx, to), func(from Linked[A]) func(*Tx) error {
		return func(tx *Tx) error { return cut(tx, l, from.ID, to) }
	})
}

// cut cuts a link that another sweep may have cut already. Half a link is an error: it would be found for ever.
func cut[A, B int | string](tx *Tx, l *Link[A, B], from A, to B) error {
	if done, err := l.Cut(tx, from, to); done || err != nil {
		return err
	}
	half, err := tx.get(l.key(kindBack, K(to, from)))
	if err == nil && half != nil {
		err = fmt.Errorf("%s %v of %v leads one way only: %w", l.name, to, from, ErrDamaged)
	}
	return err
}

// remove deletes records, which may leave something to sweep themselves. Another sweep may have deleted them already; one
// that lies there and has no way to it is an error, since it would be found for ever.
func remove[ID int | string, T any](b *batch, c *Collection[ID, T], records iter.Seq2[*T, error]) error {
	return each(b, records, func(record *T) func(*Tx) error {
		return func(tx *Tx) error {
			err := c.Delete(tx, *c.id(record))
			if !errors.Is(err, ErrNotFound) {
				return err
			}
			there, err := tx.get(c.key(kindRecord, c.tail(record)))
			if err == nil && there != nil {
				err = fmt.Errorf("%s %v is nowhere to be found: %w", c.name, *c.id(record), ErrDamaged)
			}
			return err
		}
	})
}

// each notes the removals of all that there is room for.
func each[T any](b *batch, all iter.Seq2[T, error], removal func(T) func(*Tx) error) error {
	for one, err := range all {
		if err != nil || len(b.removals) >= sweepBatch {
			return err
		}
		b.removals = append(b.removals, removal(one))
	}
	return nil
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

// carryOn does a job to its end. It leaves no audit rows: the deletion was the act.
func (s sweep) carryOn(ctx context.Context, db *DB, job *Job) error {
	for {
		found, err := View(ctx, db, System("store"), func(tx *Tx) (*batch, error) {
			b := &batch{tx: tx}
			return b, s.clear(b, job.Subject)
		})
		if err != nil {
			return err
		}
		if len(found.removals) == 0 {
			break
		}
		for some := range slices.Chunk(found.removals, sweepWrites) {
			if err := removeAll(ctx, db, some); err != nil {
				return err
			}
		}
	}
	return Change(ctx, db, System("store"), func(tx *Tx) error { return unless(ErrNotFound, Jobs.Delete(tx, job.ID)) })
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
			return unless(ErrNotFound, err)
		}
		current.Tries++
		current.NotBefore = tx.Now.Add(sweepPause)
		return Jobs.Put(tx, current)
	})
}
