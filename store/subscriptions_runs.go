package store

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// A subscription has one job, which is always in the queue: it may be taken when the schedule says so. So a run that was
// missed while no server ran is made up once, a subscription never runs twice at a time, and a run that a crash ended
// begins again.

// subscriptionJobs is the Kind of the jobs that run subscriptions.
const subscriptionJobs = "subscription"

// SubscriptionRun is how far a subscription is.
type SubscriptionRun struct {
	ScheduleId       int
	JobID            int
	Next             Time // when the schedule calls it; zero: never again
	Runs             int  // how many have ended
	Last             Time // when the last one ended
	ReportDeliveryId int  // what that one delivered; 0: nothing, since it failed
	Error            Text // why
}

// never is when a job may be taken whose schedule has come to its end: the last year that a Time can be stored with.
var never = record.At(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))

// scheduleFirst queues a new subscription.
func scheduleFirst(tx *Tx, s *Subscription) error {
	next, err := s.after(tx.Now, tx.Now)
	if err != nil {
		return err
	}
	job := &Job{Kind: subscriptionJobs, Subject: s.ScheduleId, NotBefore: orNever(next), UserID: s.UserID}
	if err := record.Jobs.Insert(tx, job); err != nil {
		return err
	}
	return SubscriptionRuns.Insert(tx, &SubscriptionRun{ScheduleId: s.ScheduleId, JobID: job.ID, Next: next})
}

func (s *Subscription) after(last, now Time) (Time, error) {
	schedule, err := ParseSchedule(s.Schedule)
	if err != nil {
		return Time{}, err
	}
	return schedule.After(last, now), nil
}

func orNever(t Time) Time {
	if t.IsZero() {
		return never
	}
	return t
}

// reschedule moves a subscription to the times of its new schedule. One that runs goes on.
func reschedule(tx *Tx, s *Subscription) error {
	run, err := SubscriptionRuns.Get(tx, s.ScheduleId)
	if err != nil {
		return err
	}
	if run.Next, err = s.after(tx.Now, tx.Now); err != nil {
		return err
	}
	if err := SubscriptionRuns.Put(tx, run); err != nil {
		return err
	}
	job, err := record.Jobs.Get(tx, run.JobID)
	if err != nil || job.Owner != "" {
		return err
	}
	job.NotBefore = orNever(run.Next)
	return record.Jobs.Put(tx, job)
}

// unschedule takes a deleted subscription off the queue. Who runs it learns of it when they end the run.
func unschedule(tx *Tx, id int) error {
	run, err := SubscriptionRuns.Get(tx, id)
	if err != nil {
		return record.Ignore(ErrNotFound, err)
	}
	return cmp.Or(record.Ignore(ErrNotFound, record.Jobs.Delete(tx, run.JobID)), SubscriptionRuns.Delete(tx, id))
}

// RunNow lets a subscription run as soon as there is a worker for it, beside its schedule. It returns how far the
// subscription is: the run has ended when its Runs are more. It returns ErrBusy while one runs.
func RunNow(tx *Tx, name string) (*SubscriptionRun, error) {
	s, err := SubscriptionByName(tx, name)
	if err != nil {
		return nil, err
	}
	run, err := SubscriptionRuns.Get(tx, s.ScheduleId)
	if err != nil {
		return nil, err
	}
	job, err := record.Jobs.Get(tx, run.JobID)
	if err != nil {
		return nil, err
	}
	if job.Owner != "" {
		return nil, record.Error(ErrBusy, "Subscription %q is being run", s.Name)
	}
	if tx.Now.Before(job.NotBefore) {
		job.NotBefore = tx.Now
	}
	return run, record.Jobs.Put(tx, job)
}

// TakeSubscription takes the job of the subscription that is due the longest, for as long as the lease says. It returns nil
// when none is due.
func TakeSubscription(tx *Tx, owner string, lease time.Duration) (*Job, error) {
	return record.Take(tx, subscriptionJobs, owner, lease)
}

// EndRun notes what became of a run that was taken and lets the subscription wait for its next one: the delivery that was
// made, or with 0 why there is none. It leaves an audit row. It returns an error of Holds.
func EndRun(tx *Tx, job *Job, deliveryID int, reason string) error {
	current, err := record.Held(tx, job)
	if err != nil {
		return err
	}
	s, err := Subscriptions.Get(tx, job.Subject)
	if err != nil {
		return err
	}
	run, err := SubscriptionRuns.Get(tx, job.Subject)
	if err != nil {
		return err
	}
	if !tx.Now.Before(run.Next) && !run.Next.IsZero() { // else it was run beside its schedule, or that has changed
		if run.Next, err = s.after(run.Next, tx.Now); err != nil {
			return err
		}
	}
	run.Runs, run.Last, run.ReportDeliveryId, run.Error = run.Runs+1, tx.Now, deliveryID, Text(reason)
	if err := SubscriptionRuns.Put(tx, run); err != nil {
		return err
	}
	current.Owner, current.NotBefore, current.UserID = "", orNever(run.Next), s.UserID
	if err := record.Jobs.Put(tx, current); err != nil {
		return err
	}
	return tx.Audit(record.ActionProcess, Subscriptions.Name(), record.Detail("ScheduleId", s.ScheduleId, s.ScheduleId), record.Detail("Name", s.Name, s.Name),
		record.Detail("ReportDeliveryId", "", deliveryID), record.Detail("Error", "", reason))
}

// ReturnRun gives a run that could not be ended back to the queue, to begin again at once. It leaves one alone that another
// has taken.
func ReturnRun(tx *Tx, job *Job) error { return record.Release(tx, job) }

// ReclaimSubscriptions gives back what an earlier process was running, and has what it left of unfinished deliveries cleared
// away. Nobody else may be at work on this store.
func ReclaimSubscriptions(ctx context.Context, db *DB) error {
	return Change(ctx, db, System("subscriptions"), func(tx *Tx) error {
		var left []int
		for d, err := range deliveryDrafts.All(tx) {
			if err != nil {
				return err
			}
			left = append(left, d.ReportDeliveryId)
		}
		for _, id := range left {
			if err := dropDraft(tx, id); err != nil {
				return err
			}
		}
		return record.ReleaseAll(tx, subscriptionJobs)
	})
}

// As returns the transaction as a user sees it who is not signed in, with what they need for what is done in their name. It
// returns ErrDenied for one who lacks that, and ErrSignIn for one who is gone, inactive or quarantined.
func As(tx *Tx, userID int, door string, need authz.Need) (*Tx, error) {
	rights, err := RightsOf(tx, userID)
	if err != nil {
		return nil, err
	}
	if !rights.claims(0).Satisfies(need) {
		return nil, Denied(need.Required())
	}
	return tx.As(Actor{UserID: userID, UserName: rights.User.UserName, Door: door, Admin: rights.Admin, Groups: rights.Groups}), nil
}

// SubscriptionState is a subscription as the host shows it: with its owner's name and how far it is.
type SubscriptionState struct {
	Subscription
	Run     SubscriptionRun
	Owner   string // empty: they are gone
	Running bool
}

// ListSubscriptions returns all subscriptions in the order of their ids.
func ListSubscriptions(tx *Tx) ([]SubscriptionState, error) {
	states := []SubscriptionState{}
	for s, err := range Subscriptions.All(tx) {
		if err != nil {
			return nil, err
		}
		state, err := s.state(tx)
		if err != nil {
			return nil, err
		}
		states = append(states, state)
	}
	return states, nil
}

func (s *Subscription) state(tx *Tx) (state SubscriptionState, err error) {
	state.Subscription = *s
	run, err := SubscriptionRuns.Get(tx, s.ScheduleId)
	if err != nil {
		return state, err
	}
	state.Run = *run
	job, err := record.Jobs.Get(tx, run.JobID)
	if err != nil {
		return state, err
	}
	state.Running = job.Owner != ""
	owner, err := Users.Get(tx, s.UserID)
	if errors.Is(err, ErrNotFound) {
		return state, nil
	}
	if err == nil {
		state.Owner = owner.UserName
	}
	return state, err
}
