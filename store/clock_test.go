package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/musterhq/muster/store/record"
)

// setBack has the clock set back by a day, and followed if that is said.
func (l *fixture) setBack(follow bool) {
	l.t.Helper()
	l.clock.step(-24 * time.Hour)
	if !follow {
		return
	}
	if err := FollowClock(l.ctx, l.DB); err != nil {
		l.t.Errorf("%v", err)
	}
}

// TestALockIsNeverLongerThanItsDuration locks an account and an address while the clock is a day ahead.
func TestALockIsNeverLongerThanItsDuration(t *testing.T) {
	t.Parallel()
	for _, follow := range []bool{false, true} {
		t.Run(fmt.Sprintf("followed %t", follow), func(t *testing.T) {
			t.Parallel()
			l := newLockouts(t, "5/15m")
			l.clock.step(24 * time.Hour)
			for range 5 {
				l.tries("192.0.2.7", `LAB\olga`, "wrong")
			}
			l.setBack(follow)
			if passed, _ := l.tries("192.0.2.7", `LAB\olga`, "secret"); passed {
				t.Error("the lock ended with the clock")
			}
			l.clock.step(15*time.Minute - time.Millisecond)
			if passed, _ := l.tries("192.0.2.7", `LAB\olga`, "secret"); passed {
				t.Error("the lock is shorter than its duration")
			}
			l.clock.step(time.Millisecond)
			if passed, _ := l.tries("192.0.2.7", `LAB\olga`, "secret"); !passed {
				t.Error("the lock is longer than its duration")
			}
			l.clock.step(time.Minute)
			if n, err := SweepLockouts(l.ctx, l.DB); err != nil || n == 0 {
				t.Errorf("%d are swept: %v", n, err)
			}
		})
	}
}

// TestFailuresOfAClockThatWasAheadEnd counts them no longer than others.
func TestFailuresOfAClockThatWasAheadEnd(t *testing.T) {
	t.Parallel()
	l := newLockouts(t, "off")
	l.clock.step(24 * time.Hour)
	l.fails(4, `LAB\olga`)
	l.setBack(true)
	l.clock.step(15 * time.Minute)
	l.fails(4, `LAB\olga`)
	if passed, _ := l.tries("192.0.2.7", `LAB\olga`, "secret"); !passed {
		t.Error("old failures count")
	}
}

// TestSchedulesFollowTheClock has subscriptions and other jobs put off by a clock that was a day ahead.
func TestSchedulesFollowTheClock(t *testing.T) {
	t.Parallel()
	for schedule, within := range map[string]time.Duration{"every 1h": time.Hour, "every 96h": 96 * time.Hour, "0 * * * *": time.Hour, "@daily": 24 * time.Hour} {
		t.Run(schedule, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			l.clock.step(24 * time.Hour)
			id := l.subscribe(Subscription{UserID: administratorID, Schedule: schedule})
			l.change(func(tx *Tx) error { return record.Enqueue(tx, "import", 7) })
			if err := FollowClock(l.ctx, l.DB); err != nil {
				t.Fatal(err)
			}
			before := l.state(id).Run.Next
			l.setBack(true)
			now := record.At(l.clock.Now())
			next := l.state(id).Run.Next
			if next.Sub(now) > within || !now.Before(next) || !next.Before(before) {
				t.Errorf("next at %v, which was %v; it is %v", next, before, now)
			}
			if job := update(l, func(tx *Tx) (*Job, error) { return record.Take(tx, "import", "test", time.Minute) }); job == nil || job.Subject != 7 {
				t.Errorf("the import waits: %+v", job)
			}
			l.clock.step(within)
			if job := update(l, func(tx *Tx) (*Job, error) { return TakeSubscription(tx, "test", time.Minute) }); job == nil {
				t.Error("it is not due")
			}
		})
	}
}

// TestFollowingTheClockLeavesTheRest: what waits as it should, what a worker holds, and what is over for good.
func TestFollowingTheClockLeavesTheRest(t *testing.T) {
	t.Parallel()
	l := newLockouts(t, "5/15m")
	l.fails(5, `LAB\olga`)
	for _, schedule := range []string{"every 96h", "30 4 * * 1", "0 0 31 2 *"} {
		if _, err := ParseSchedule(schedule); err == nil {
			l.subscribe(Subscription{UserID: administratorID, Schedule: schedule})
		}
	}
	l.change(func(tx *Tx) error { return record.Enqueue(tx, "import", 7) })
	update(l, func(tx *Tx) (*Job, error) { return record.Take(tx, "import", "test", time.Hour) })
	before := fmt.Sprint(l.keys("jo"), l.keys("lo"))
	for _, step := range []time.Duration{0, time.Minute, -time.Minute} {
		l.clock.step(step)
		if err := FollowClock(l.ctx, l.DB); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(l.keys("jo"), l.keys("lo")); step >= 0 && got != before {
			t.Errorf("after %v: %s, was %s", step, got, before)
		}
	}
}

// TestASessionOfAClockThatWasAheadIsTouched, so that it ends when it is not used.
func TestASessionOfAClockThatWasAheadIsTouched(t *testing.T) {
	t.Parallel()
	s := signIn(t, CookieIdle)
	s.clock.step(30 * time.Minute)
	s.change(func(tx *Tx) error {
		session, err := Sessions.Get(tx, s.token.ID)
		if err != nil {
			return err
		}
		session.LastSeen = tx.Now
		return Sessions.Put(tx, session)
	})
	s.clock.step(-25 * time.Minute)
	if err := Touch(s.ctx, s.DB, get(s.fixture, Sessions, s.token.ID)); err != nil {
		t.Fatal(err)
	}
	if got := get(s.fixture, Sessions, s.token.ID).LastSeen; got != record.At(s.clock.Now()) {
		t.Errorf("last seen %v", got)
	}
}
