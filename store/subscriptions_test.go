package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/store/record"
)

// subscription makes one for a user, every hour, and returns its id.
func (l *fixture) subscription(owner int) int {
	l.t.Helper()
	return l.subscribe(Subscription{UserID: owner})
}

// subscribe makes a subscription of which only what matters is said.
func (l *fixture) subscribe(s Subscription) int {
	l.t.Helper()
	for _, d := range []struct {
		member *string
		value  string
	}{{&s.Report, ReportAssets}, {&s.Format, FormatCSV}, {&s.Schedule, "every 1h"}} {
		if *d.member == "" {
			*d.member = d.value
		}
	}
	l.change(func(tx *Tx) error {
		if s.Name == "" {
			states, err := ListSubscriptions(tx)
			if err != nil {
				return err
			}
			s.Name = fmt.Sprintf("Subscription %d", len(states)+1)
		}
		return PutSubscription(tx, &s)
	})
	return s.ScheduleId
}

func TestASubscriptionIsPutByItsName(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	nightly := Subscription{Name: "Nightly assets", Report: "assets", Format: "xlsx", Schedule: "0 3 * * *", UserID: administratorID}
	first := l.subscribe(nightly)
	l.clock.step(time.Hour)
	left := l.audits(func() { same(t, "the same again", l.subscribe(nightly), first) })
	same(t, "audit rows of the same again", len(left), 0)
	nightly.Name, nightly.KeepDays = "NIGHTLY ASSETS", 7
	same(t, "with another retention", l.subscribe(nightly), first)
	got := view(l, func(tx *Tx) (*Subscription, error) { return SubscriptionByName(tx, "nightly assets") })
	same(t, "the subscription", *got, Subscription{
		ScheduleId: first, Name: "NIGHTLY ASSETS", Report: "Assets", Format: "XLSX", Schedule: "0 3 * * *",
		UserID: administratorID, KeepCount: 30, KeepDays: 7,
	})
}

// same compares two values.
func same[T comparable](t tb, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestSubscriptionsThatCannotBe(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	valid := Subscription{Name: "a", Report: ReportAssets, Format: FormatPDF, Schedule: "@daily", UserID: administratorID}
	for name, c := range map[string]struct {
		spoil func(*Subscription)
		says  string
	}{
		"no name":                      {func(s *Subscription) { s.Name = "" }, "Name is required"},
		"a long name":                  {func(s *Subscription) { s.Name = strings.Repeat("n", 129) }, "Name is longer than 128 characters"},
		"a name that is no text":       {func(s *Subscription) { s.Name = "\xff" }, "Name is not UTF-8"},
		"an unknown report":            {func(s *Subscription) { s.Report = "Secrets" }, `invalid Report "Secrets"`},
		"an unknown format":            {func(s *Subscription) { s.Format = "HTML" }, `invalid Format "HTML"`},
		"a schedule of no sense":       {func(s *Subscription) { s.Schedule = "daily" }, `Schedule: "daily": an interval`},
		"members of no rule":           {func(s *Subscription) { s.Report = ReportRuleMembers }, "SmartRuleID is required"},
		"members of a rule not there":  {func(s *Subscription) { s.Report, s.SmartRuleID = ReportRuleMembers, 99 }, "SmartRuleID: there is no Smart Rule 99"},
		"a rule for another report":    {func(s *Subscription) { s.SmartRuleID = 1 }, "SmartRuleID: only for the report Smart Rule members"},
		"an owner who is not there":    {func(s *Subscription) { s.UserID = 99 }, "UserID: there is no User 99"},
		"more deliveries than may be":  {func(s *Subscription) { s.KeepCount = 1001 }, "KeepCount: 1 to 1000"},
		"fewer deliveries than may be": {func(s *Subscription) { s.KeepCount = -1 }, "KeepCount: 1 to 1000"},
		"a long time":                  {func(s *Subscription) { s.KeepDays = 3661 }, "KeepDays: 0 to 3660"},
	} {
		s := valid
		c.spoil(&s)
		if text := l.refused(ErrInvalid, func(tx *Tx) error { return PutSubscription(tx, &s) }); !strings.Contains(text, c.says) {
			t.Errorf("%s: %q does not say %q", name, text, c.says)
		}
	}
}

// run takes the subscription that is due, and ends its run with a delivery of nothing, or with a reason. It returns which
// one it was, 0 if none is due.
func (l *fixture) run(reason string) int {
	l.t.Helper()
	job := l.takeSubscription()
	if job == nil {
		return 0
	}
	l.change(func(tx *Tx) error { return EndRun(tx, job, 0, reason) })
	return job.Subject
}

func (l *fixture) takeSubscription() *Job {
	l.t.Helper()
	var job *Job
	l.change(func(tx *Tx) (err error) {
		job, err = TakeSubscription(tx, "worker", time.Minute)
		return err
	})
	return job
}

func (l *fixture) state(id int) SubscriptionState {
	l.t.Helper()
	return view(l, func(tx *Tx) (SubscriptionState, error) {
		s, err := Subscriptions.Get(tx, id)
		if err != nil {
			return SubscriptionState{}, err
		}
		return s.state(tx)
	})
}

func TestASubscriptionRunsWhenItIsTime(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	id := l.subscription(administratorID)
	same(t, "before its time runs", l.run(""), 0)
	l.clock.step(59*time.Minute + 59*time.Second)
	same(t, "a second before its time runs", l.run(""), 0)
	l.clock.step(time.Second)
	same(t, "in time runs", l.run(""), id)
	same(t, "after that runs", l.run(""), 0)
	same(t, "the next time", l.state(id).Run.Next, record.At(begin.Add(2*time.Hour)))
}

func TestAMissedRunIsMadeUpOnce(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	id := l.subscription(administratorID)
	l.clock.step(72*time.Hour + 10*time.Minute) // nobody served
	l.reopen()
	same(t, "after three days runs", l.run(""), id)
	same(t, "then runs", l.run(""), 0)
	same(t, "the next time, in the old rhythm", l.state(id).Run.Next, record.At(begin.Add(73*time.Hour)))
}

func TestASubscriptionRunsOnceAtATime(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	id := l.subscription(administratorID)
	l.clock.step(time.Hour)
	job := l.takeSubscription()
	if job == nil || job.Subject != id {
		t.Fatalf("due is %+v", job)
	}
	same(t, "beside it runs", l.run(""), 0)
	name := l.state(id).Name
	l.refused(ErrBusy, func(tx *Tx) error { _, err := RunNow(tx, name); return err })
	if !l.state(id).Running {
		t.Error("it does not show that it runs")
	}

	// A crash gives it back, and what the lost worker says counts no more.
	l.reopen()
	if err := ReclaimSubscriptions(l.ctx, l.DB); err != nil {
		t.Fatal(err)
	}
	same(t, "after a crash runs", l.run(""), id)
	l.refused(ErrBusy, func(tx *Tx) error { return EndRun(tx, job, 1, "") })
}

func TestAFailedRunDoesNotStopTheSchedule(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	id := l.subscription(administratorID)
	l.clock.step(time.Hour)
	l.run("Asset Management (Read) is required")
	same(t, "the error", l.state(id).Run.Error, Text("Asset Management (Read) is required"))
	newest := view(l, func(tx *Tx) (*Audit, error) {
		for a, err := range record.FindAudits(tx, AuditFilter{}) {
			return a, err
		}
		return nil, nil
	})
	same(t, "the audit", newest.Section, "Subscription")
	same(t, "its error", newest.Details[5].NewValue, "Asset Management (Read) is required")
	l.clock.step(time.Hour)
	same(t, "an hour later runs", l.run(""), id)
	same(t, "the error after that", l.state(id).Run.Error, Text(""))
}

func TestARunBesideTheSchedule(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	id := l.subscribe(Subscription{Name: "Now", UserID: administratorID})
	l.clock.step(10 * time.Minute)
	before := update(l, func(tx *Tx) (*SubscriptionRun, error) { return RunNow(tx, "now") })
	same(t, "at once runs", l.run(""), id)
	state := l.state(id)
	same(t, "runs", state.Run.Runs, before.Runs+1)
	same(t, "the next time, as if nothing had been", state.Run.Next, record.At(begin.Add(time.Hour)))
	l.refused(ErrNotFound, func(tx *Tx) error { _, err := RunNow(tx, "later"); return err })
}

func TestAChangedScheduleCountsAtOnce(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	id := l.subscribe(Subscription{Name: "s", UserID: administratorID})
	l.subscribe(Subscription{Name: "s", UserID: administratorID, Schedule: "every 1m"})
	l.clock.step(time.Minute)
	same(t, "after a minute runs", l.run(""), id)

	l.subscribe(Subscription{Name: "s", UserID: administratorID, Schedule: "0 0 30 2 *"})
	l.clock.step(10 * 365 * 24 * time.Hour)
	same(t, "on a day that never comes runs", l.run(""), 0)
	same(t, "the next time", l.state(id).Run.Next, Time{})
	l.change(func(tx *Tx) error { _, err := RunNow(tx, "s"); return err })
	same(t, "when asked to runs", l.run(""), id)
	same(t, "after that runs", l.run(""), 0)
}

func TestADeletedSubscriptionRunsNoMore(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	id, other := l.subscription(administratorID), l.subscription(administratorID)
	l.clock.step(time.Hour)
	running := l.takeSubscription()
	for _, s := range []int{id, other} {
		l.change(func(tx *Tx) error { return Subscriptions.Delete(tx, s) })
	}
	l.refused(ErrNotFound, func(tx *Tx) error { return EndRun(tx, running, 1, "") })
	same(t, "of two that are gone runs", l.run(""), 0)
}

func TestAsRefusesWhoCannotSignIn(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for _, owner := range []int{99, l.user("rosa")} {
		if owner != 99 {
			l.change(func(tx *Tx) error { _, err := QuarantineUser(tx, owner); return err })
		}
		l.refused(ErrSignIn, func(tx *Tx) error { _, err := As(tx, owner, "test", nil); return err })
	}
}
