package reports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/musterhq/muster/store"
)

const (
	// runTime is how long a report may take.
	runTime = 10 * time.Minute
	// lease is how long a run is the runner's: longer than it may take, so it need not be extended.
	lease = runTime + 2*time.Minute
	// pollEvery is how often the queue is looked at when nobody wakes the runner.
	pollEvery = 5 * time.Second
	// expireEvery is how often deliveries are looked at that have become too old, beside the end of each run.
	expireEvery = time.Hour
)

// Runner runs the subscriptions that are due, one at a time, so that reports never take more than one file's memory.
type Runner struct {
	db   *store.DB
	log  *slog.Logger
	name string // by which it holds leases
	wake chan struct{}

	scratch Scratch
}

// NewRunner returns a runner for a store that no other process works on. scratch is a private folder for what a format
// cannot keep in memory; empty: the system's. It has to spare the room that the store's disk keeps free: where it lies elsewhere, a store
// without room has none for the delivery either.
func NewRunner(db *store.DB, scratch string, log *slog.Logger) *Runner {
	return &Runner{db: db, log: log, name: uuid.NewString(), wake: make(chan struct{}, 1), scratch: Scratch{scratch, db.Room}}
}

// Wake tells the runner to look at the queue now. It never waits.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run takes over what an earlier process left, and runs subscriptions until ctx ends. One that is running then goes back
// to the queue.
func (r *Runner) Run(ctx context.Context) {
	if err := store.ReclaimSubscriptions(ctx, r.db); err != nil && ctx.Err() == nil {
		r.log.Error("take over the queue of subscriptions", "error", err)
	}
	poll, old := time.NewTicker(pollEvery), time.NewTicker(expireEvery)
	defer poll.Stop()
	defer old.Stop()
	r.expire(ctx)
	for {
		r.RunDue(ctx)
		select {
		case <-ctx.Done():
			return
		case <-old.C:
			r.expire(ctx)
		case <-poll.C:
		case <-r.wake:
		}
	}
}

// RunDue runs the subscriptions that are due and returns how many there were.
func (r *Runner) RunDue(ctx context.Context) (runs int) {
	for ctx.Err() == nil {
		job, err := store.Update(ctx, r.db, store.System(door), func(tx *store.Tx) (*store.Job, error) {
			return store.TakeSubscription(tx, r.name, lease)
		})
		if err != nil && ctx.Err() == nil {
			r.log.Error("take a subscription from the queue", "error", err)
		}
		if job == nil || err != nil {
			break
		}
		r.run(ctx, job)
		r.expire(ctx)
		runs++
	}
	return runs
}

// run runs a subscription. What goes wrong with the report ends the run; what stops the runner leaves it to the next one.
func (r *Runner) run(ctx context.Context, job *store.Job) {
	err := r.deliver(ctx, job)
	if err == nil {
		return
	}
	last := context.WithoutCancel(ctx)
	if ctx.Err() != nil {
		err = store.Change(last, r.db, store.System(door), func(tx *store.Tx) error { return store.ReturnRun(tx, job) })
	} else {
		r.log.Warn("a subscription delivered nothing", "subscription", job.Subject, "error", err)
		err = store.Change(last, r.db, store.System(door), func(tx *store.Tx) error { return store.EndRun(tx, job, 0, reason(err)) })
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrBusy) { // it was deleted meanwhile
		r.log.Error("end the run of a subscription", "subscription", job.Subject, "error", err)
	}
}

// reason is what the owner's administrator reads of an error: the words of what anybody can cause, and of nothing else.
func reason(err error) string {
	switch {
	case errors.Is(err, store.ErrSignIn):
		return "the owner is gone, inactive or quarantined"
	case errors.Is(err, context.DeadlineExceeded):
		return "the report took longer than " + runTime.String()
	case errors.Is(err, syscall.ENOSPC):
		return "no space on the disk for the file that is being made"
	case errors.Is(err, store.ErrNoSpace), errors.Is(err, store.ErrInvalid), errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrDenied):
		return err.Error()
	}
	return "internal error; the log has it"
}

// deliver makes the report in one snapshot, and stores it while it is made.
func (r *Runner) deliver(ctx context.Context, job *store.Job) error {
	ctx, cancel := context.WithTimeout(ctx, runTime)
	defer cancel()
	_, err := store.View(ctx, r.db, store.System(door), func(tx *store.Tx) (*store.Delivery, error) {
		s, err := store.Subscriptions.Get(tx, job.Subject)
		if err != nil {
			return nil, err
		}
		d, err := store.DeliveryOf(tx, s)
		if err != nil {
			return nil, err
		}
		return d, store.Deliver(ctx, r.db, d, func(w io.Writer) error { return r.make(tx, w, s) },
			func(tx *store.Tx, d *store.Delivery) error { return store.EndRun(tx, job, d.ReportDeliveryId, "") })
	})
	return err
}

// make makes a report. What a library of a format does not expect in the data ends this run and not the server.
func (r *Runner) make(tx *store.Tx, w io.Writer, s *store.Subscription) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return Make(tx, w, s, r.scratch)
}

func (r *Runner) expire(ctx context.Context) {
	if err := store.ExpireDeliveries(ctx, r.db); err != nil && ctx.Err() == nil {
		r.log.Error("delete old deliveries", "error", err)
	}
}
