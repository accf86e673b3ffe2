package store

import (
	"context"

	"github.com/musterhq/muster/store/record"
)

// FollowClock brings back what waits for a moment that lies further ahead than it can: a clock that ran ahead chose it, and was
// set back since. Locks end, schedules are worked out again, and what is queued is done.
func FollowClock(ctx context.Context, db *DB) error {
	db.owed.follow(record.At(db.Now()))
	type waiting struct {
		lockouts []string
		jobs     []*Job
	}
	ahead, err := View(ctx, db, System("store"), func(tx *Tx) (w waiting, err error) {
		if w.lockouts, err = lockoutsAhead(tx); err == nil {
			w.jobs, err = jobsAhead(tx)
		}
		return w, err
	})
	if err != nil || len(ahead.lockouts)+len(ahead.jobs) == 0 {
		return err
	}
	return Change(ctx, db, System("store"), func(tx *Tx) error {
		for _, key := range ahead.lockouts {
			if err := boundLockout(tx, key); err != nil {
				return err
			}
		}
		for _, job := range ahead.jobs {
			if err := callForward(tx, job.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// lockoutsAhead are the keys of what is held longer than it may be.
func lockoutsAhead(tx *Tx) (keys []string, err error) {
	for l, err := range lockoutsByEnd.Between(tx, lockoutsByEnd.KeyRange(K(tx.Now), K(never))) {
		if err != nil {
			return nil, err
		}
		if l.bound(tx.Now, dbOf(tx).limitOf(l.Of)); l.ahead {
			keys = append(keys, l.Of)
		}
	}
	return keys, nil
}

// jobsAhead are the jobs that wait longer than they can have been put off.
func jobsAhead(tx *Tx) (jobs []*Job, err error) {
	for job, err := range record.Jobs.All(tx) {
		if err != nil {
			return nil, err
		}
		latest, err := latestStart(tx, job)
		if err != nil {
			return nil, err
		}
		if latest.Before(job.NotBefore) {
			jobs = append(jobs, job)
		}
	}
	return jobs, nil
}

// latestStart is when a job may be taken at the latest. That of a worker is the worker's: it extends its lease, or the next start takes
// the job back.
func latestStart(tx *Tx, j *Job) (Time, error) {
	if j.Owner != "" {
		return never, nil
	}
	if j.Kind != subscriptionJobs {
		return tx.Now.Add(record.SweepPause), nil
	}
	s, err := Subscriptions.Get(tx, j.Subject)
	if err != nil {
		return never, record.Ignore(ErrNotFound, err)
	}
	next, err := s.after(tx.Now, tx.Now)
	return orNever(next), err
}

// callForward has a job taken now, or when its schedule says.
func callForward(tx *Tx, id int) error {
	job, err := record.Jobs.Get(tx, id)
	if err != nil || job.Owner != "" {
		return record.Ignore(ErrNotFound, err)
	}
	if job.Kind != subscriptionJobs {
		job.NotBefore = tx.Now
		return record.Jobs.Put(tx, job)
	}
	s, err := Subscriptions.Get(tx, job.Subject)
	if err != nil {
		return record.Ignore(ErrNotFound, err)
	}
	return reschedule(tx, s)
}

// boundLockout stores a lockout within its bounds.
func boundLockout(tx *Tx, key string) error {
	l, err := lockoutOf(tx, key)
	if err != nil || !l.ahead {
		return err
	}
	return saveLockout(tx, l)
}
