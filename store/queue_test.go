package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/musterhq/muster/store/record"
)

const (
	work  = "work"
	lease = 30 * time.Second
)

func (l *fixture) enqueue(subjects ...int) {
	l.t.Helper()
	for _, subject := range subjects {
		l.change(func(tx *Tx) error { return record.Enqueue(tx, work, subject) })
	}
}

// take takes a job for an owner, nil when none waits.
func (l *fixture) take(owner string) *Job {
	l.t.Helper()
	return update(l, func(tx *Tx) (*Job, error) { return record.Take(tx, work, owner, lease) })
}

// waiting takes all jobs that wait and lists what they are about.
func (l *fixture) waiting() (subjects []int) {
	l.t.Helper()
	for job := l.take("who looks"); job != nil; job = l.take("who looks") {
		subjects = append(subjects, job.Subject)
	}
	return subjects
}

func TestAJobIsTakenOnce(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	const jobs, takers = 4, 8
	for i := range jobs {
		l.enqueue(i)
	}
	taken := make([]*Job, takers)
	for i, err := range atOnce(takers, func(i int) (err error) {
		taken[i], err = Update(l.ctx, l.DB, System("test"), func(tx *Tx) (*Job, error) { return record.Take(tx, work, fmt.Sprint("taker ", i), lease) })
		return err
	}) {
		if err != nil {
			t.Errorf("taker %d: %v", i, err)
		}
	}
	got := []int{}
	for i, job := range taken {
		if job == nil {
			continue
		}
		got = append(got, job.Subject)
		if stored := get(l, record.Jobs, job.ID); *stored != *job || job.Owner != fmt.Sprint("taker ", i) || job.Tries != 1 {
			t.Errorf("taker %d has %+v, stored is %+v", i, job, stored)
		}
	}
	slices.Sort(got)
	equal(t, "taken", got, []int{0, 1, 2, 3})
}

func TestJobsAreTakenInTheOrderOfWaiting(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.enqueue(3)
	l.clock.step(time.Millisecond)
	l.enqueue(1, 2)
	l.change(func(tx *Tx) error { return record.Enqueue(tx, "other work", 9) })
	l.change(func(tx *Tx) error { return record.Enqueue(tx, "wor", 9) })
	equal(t, "taken", l.waiting(), []int{3, 1, 2})
}

func TestALeaseLapses(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.enqueue(7)
	dead := l.take("dead")
	l.clock.step(lease - time.Millisecond)
	if job := l.take("heir"); job != nil {
		t.Fatalf("taken within the lease: %+v", job)
	}
	l.clock.step(time.Millisecond)
	job := l.take("heir")
	if job == nil || job.ID != dead.ID || job.Tries != 2 || job.NotBefore != record.At(l.clock.Now()).Add(lease) {
		t.Fatalf("after the lease: %+v", job)
	}
	says := l.refused(ErrBusy, func(tx *Tx) error { return record.Extend(tx, dead, lease) })
	if want := fmt.Sprintf("job %d was taken over by heir", job.ID); says != want {
		t.Errorf("the dead one is told %q, want %q", says, want)
	}
	l.change(func(tx *Tx) error { return record.Release(tx, dead) })
	if got := get(l, record.Jobs, job.ID); *got != *job {
		t.Errorf("the dead one released it: %+v", got)
	}
}

func TestATakerOfTheSameNameIsAnother(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.enqueue(7)
	before := l.take("worker")
	l.clock.step(lease)
	l.take("worker")
	l.refused(ErrBusy, func(tx *Tx) error { return record.Extend(tx, before, lease) })
}

func TestExtend(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.enqueue(7)
	job := l.take("worker")
	for range 3 {
		l.clock.step(lease - time.Second)
		l.change(func(tx *Tx) error { return record.Extend(tx, job, lease) })
	}
	l.clock.step(lease - time.Millisecond)
	if other := l.take("other"); other != nil {
		t.Errorf("taken from its worker: %+v", other)
	}
	l.clock.step(time.Hour)
	l.change(func(tx *Tx) error { return record.Extend(tx, job, lease) }) // late, but nobody wanted it
	l.change(func(tx *Tx) error { return record.Jobs.Delete(tx, job.ID) })
	l.refused(ErrNotFound, func(tx *Tx) error { return record.Extend(tx, job, lease) })
}

func TestRelease(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.enqueue(1, 2)
	job := l.take("worker")
	l.clock.step(time.Second)
	l.change(func(tx *Tx) error { return record.Release(tx, job) })
	if got := get(l, record.Jobs, job.ID); got.Owner != "" || got.Tries != 1 {
		t.Errorf("released: %+v", got)
	}
	equal(t, "taken", l.waiting(), []int{2, 1})
	l.change(func(tx *Tx) error { return record.Jobs.Delete(tx, job.ID) })
	l.change(func(tx *Tx) error { return record.Release(tx, job) })
}

func TestReleaseAll(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.enqueue(1, 2, 3)
	l.change(func(tx *Tx) error { return record.Enqueue(tx, "other work", 9) })
	l.take("worker")
	l.take("worker")
	other := update(l, func(tx *Tx) (*Job, error) { return record.Take(tx, "other work", "worker", lease) })
	l.clock.step(time.Second)
	l.change(func(tx *Tx) error { return record.ReleaseAll(tx, work) })
	equal(t, "taken", l.waiting(), []int{3, 1, 2})
	if got := get(l, record.Jobs, other.ID); *got != *other {
		t.Errorf("other work: %+v", got)
	}
}

func TestWorkIsNotLostWithATransactionThatFails(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.enqueue(7)
	l.refused(errGivenUp, func(tx *Tx) error {
		_, err := record.Take(tx, work, "worker", lease)
		return cmp.Or(err, errGivenUp)
	})
	equal(t, "taken", l.waiting(), []int{7})
}

var errGivenUp = errors.New("given up")

func noTurns(int) int { return 0 }

// TestUsersTakeTurns gives one worker, then two, the jobs of a user who has many and of two who have few.
func TestUsersTakeTurns(t *testing.T) {
	t.Parallel()
	for workers, want := range map[int][]int{
		1: {1, 1, 2, 3, 1, 2, 1, 1}, // the first before the others are there
		2: {1, 1, 2, 3, 1, 2, 1, 1},
	} {
		t.Run(fmt.Sprint(workers, " workers"), func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			served, turns, n := []int{}, map[int]int{}, 0
			var held []*Job
			serve := func() {
				job := update(l, func(tx *Tx) (*Job, error) {
					return record.TakeFairly(tx, work, "worker", lease, func(userID int) int { return turns[userID] })
				})
				if job == nil {
					t.Fatal("no job waits")
				}
				n++
				turns[job.UserID] = n
				served = append(served, job.UserID)
				if held = append(held, job); len(held) == workers {
					l.change(func(tx *Tx) error { return record.Jobs.Delete(tx, held[0].ID) })
					held = held[1:]
				}
			}
			enqueue := func(user, jobs int) {
				for range jobs {
					if err := Change(l.ctx, l.DB, Actor{UserID: user}, func(tx *Tx) error { return record.Enqueue(tx, work, user) }); err != nil {
						t.Fatal(err)
					}
				}
			}
			enqueue(1, 5)
			serve()
			serve()
			enqueue(2, 2)
			enqueue(3, 1)
			for range 6 {
				serve()
			}
			equal(t, "served", served, want)
		})
	}
}
