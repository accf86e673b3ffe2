package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// countRequest counts a request of the administrator as the doors do: ten a minute.
func (l *fixture) countRequest() Allowance {
	l.t.Helper()
	a, err := CountRequest(l.ctx, l.DB, administratorID, 10, time.Minute)
	if err != nil {
		l.t.Fatalf("%v", err)
	}
	return a
}

func TestTenRequestsAMinuteAndThenNone(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	rows := l.audits(func() {
		for i := range 10 {
			got := l.countRequest()
			want := Allowance{Allowed: true, Limit: 10, Remaining: 9 - i, Reset: time.Minute - time.Duration(i)*time.Second}
			if got != want {
				t.Errorf("request %d: %+v, want %+v", i+1, got, want)
			}
			l.clock.step(time.Second)
		}
	})
	equal(t, "audits", rows, []string{})
	for _, step := range []struct {
		when string
		do   func()
		want Allowance
	}{
		{"at once", func() {}, Allowance{Limit: 10, Reset: 50 * time.Second}},
		{"after a restart", l.reopen, Allowance{Limit: 10, Reset: 50 * time.Second}},
		{"a moment too early", func() { l.clock.step(50*time.Second - time.Millisecond) }, Allowance{Limit: 10, Reset: time.Millisecond}},
		{"in time", func() { l.clock.step(time.Millisecond) }, Allowance{Allowed: true, Limit: 10, Reset: time.Second}},
		{"one too many", func() {}, Allowance{Limit: 10, Reset: time.Second}},
		{"when the next one is a minute old", func() { l.clock.step(time.Second) }, Allowance{Allowed: true, Limit: 10, Reset: time.Second}},
		{"after a minute of silence", func() { l.clock.step(time.Minute) }, Allowance{Allowed: true, Limit: 10, Remaining: 9, Reset: time.Minute}},
		{"by a clock that was set back a day", func() { l.clock.step(-24 * time.Hour) }, Allowance{Allowed: true, Limit: 10, Remaining: 9, Reset: time.Minute}},
	} {
		step.do()
		if got := l.countRequest(); got != step.want {
			t.Errorf("%s: %+v, want %+v", step.when, got, step.want)
		}
	}
}

// Another's requests, and another limit from now on.
func TestRequestsAreCountedForEachUser(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for range 10 {
		l.countRequest()
	}
	for _, test := range []struct {
		user, limit int
		want        Allowance
	}{
		{applicationID, 10, Allowance{Allowed: true, Limit: 10, Remaining: 9, Reset: time.Minute}},
		{administratorID, 10, Allowance{Limit: 10, Reset: time.Minute}},
		{administratorID, 3, Allowance{Limit: 3, Reset: time.Minute}},
		{administratorID, 12, Allowance{Allowed: true, Limit: 12, Remaining: 1, Reset: time.Minute}},
	} {
		got, err := CountRequest(l.ctx, l.DB, test.user, test.limit, time.Minute)
		if err != nil || got != test.want {
			t.Errorf("user %d with %d: %+v, error %v, want %+v", test.user, test.limit, got, err, test.want)
		}
	}
	l.change(func(tx *Tx) error { return Users.Delete(tx, applicationID) })
	if left := l.keys("rq=" + string(K(applicationID))); len(left) > 0 {
		t.Errorf("of a deleted user is left: %q", left)
	}
	if _, err := CountRequest(l.ctx, l.DB, applicationID, 10, time.Minute); !errors.Is(err, ErrSignIn) {
		t.Errorf("a deleted user's request: %v", err)
	}
}

// Of a hundred that come at once at two servers over one engine, ten pass.
func TestExactlyTenOfAHundredRequestsPass(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	other := *l
	other.reopen()
	servers := []*DB{l.DB, other.DB}
	passed := make(chan int, 100)
	for _, err := range atOnce(100, func(i int) error {
		a, err := CountRequest(context.Background(), servers[i%2], administratorID, 10, time.Minute)
		if a.Allowed {
			passed <- i
		}
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	if len(passed) != 10 {
		t.Errorf("%d passed", len(passed))
	}
}

// No window of a minute has more than the limit, wherever it begins, and nobody is refused who would not exceed it.
func TestTheWindowSlides(t *testing.T) {
	t.Parallel()
	oneIn(4, t, func(t *rapid.T) {
		l := newFixture(t)
		var passed []time.Time
		for i := range rapid.IntRange(5, 60).Draw(t, "requests") {
			l.clock.step(time.Duration(rapid.IntRange(0, 30_000).Draw(t, fmt.Sprint("pause", i))) * time.Millisecond)
			now, within := l.clock.Now(), 0
			for _, p := range passed {
				if now.Sub(p) < time.Minute {
					within++
				}
			}
			a, err := CountRequest(l.ctx, l.DB, administratorID, 4, time.Minute)
			if err != nil || a.Allowed != (within < 4) {
				t.Fatalf("%d passed within a minute, and the next: %+v, error %v", within, a, err)
			}
			if a.Allowed {
				passed = append(passed, now)
			}
		}
	})
}
