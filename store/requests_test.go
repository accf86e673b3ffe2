package store

import (
	"errors"
	"sync"
	"testing"
	"time"
)

// checkoutLab has an account that an administrator requests, whose password changes after a release.
func checkoutLab(t *testing.T, concurrent int) (*fixture, *AccountOnSystem) {
	t.Helper()
	l := newFixture(t)
	l.asset(Asset{AssetName: "srv01", IPAddress: "192.0.2.1"})
	update(l, system(SystemFacts{PlatformID: 2}))
	update(l, account(AccountFacts{AccountName: "root", Password: "hunter2"}))
	l.change(func(tx *Tx) error {
		a, err := ManagedAccounts.Get(tx, 1)
		if err != nil {
			return err
		}
		a.ApiEnabled, a.ChangePasswordAfterAnyReleaseFlag, a.MaxConcurrentRequests = true, true, &concurrent
		return ManagedAccounts.Put(tx, a)
	})
	return l, view(l, func(tx *Tx) (*AccountOnSystem, error) { return ManagedAccountByID(tx, 1) })
}

// by is an actor with every role.
func by(user int) Actor { return Actor{UserID: user, UserName: "admin", Admin: true} }

func request(l *fixture, user int, n NewRequest) (*Request, error) {
	n.SystemID, n.AccountID = 1, 1
	return Update(l.ctx, l.DB, by(user), func(tx *Tx) (*Request, error) {
		r, _, err := PostRequest(tx, n)
		return r, err
	})
}

// TestMaxConcurrentRequestsHolds has twenty callers ask at once for an account that three may have.
func TestMaxConcurrentRequestsHolds(t *testing.T) {
	t.Parallel()
	l, _ := checkoutLab(t, 3)
	var all sync.WaitGroup
	outcomes := make(chan error, 20)
	for user := range 20 {
		all.Go(func() {
			_, err := request(l, 100+user, NewRequest{DurationMinutes: 5, RotateOnCheckin: true})
			outcomes <- err
		})
	}
	all.Wait()
	close(outcomes)
	made := 0
	for err := range outcomes {
		switch {
		case err == nil:
			made++
		case !errors.Is(err, CodeRequestsConflict):
			t.Errorf("%v", err)
		}
	}
	if made != 3 {
		t.Errorf("%d requests were made, want 3", made)
	}
}

// TestStatesOfARequest walks a request through its states by a clock.
func TestStatesOfARequest(t *testing.T) {
	t.Parallel()
	type act = func(tx *Tx) error
	checkin := func(tx *Tx) error { return Checkin(tx, 1, "") }
	for name, test := range map[string]struct {
		after   time.Duration
		do      act
		sweeps  bool
		status  string
		rotates bool
	}{
		"at first":                     {0, nil, false, RequestActive, false},
		"a millisecond before its end": {5*time.Minute - time.Millisecond, nil, true, RequestActive, false},
		"at its end":                   {5 * time.Minute, nil, false, RequestExpired, false},
		"at its end, swept":            {5 * time.Minute, nil, true, RequestExpired, true},
		"checked in":                   {time.Minute, checkin, false, RequestCheckedIn, true},
		"denied":                       {time.Minute, func(tx *Tx) error { return Deny(tx, 1, "") }, false, RequestDenied, true},
		"terminated":                   {time.Minute, func(tx *Tx) error { return TerminateRequestsFor(tx, 1) }, false, RequestCanceled, true},
		"terminated by its system":     {time.Minute, func(tx *Tx) error { return TerminateRequestsOn(tx, 1) }, false, RequestCanceled, true},
		"its account is deleted":       {time.Minute, func(tx *Tx) error { return ManagedAccounts.Delete(tx, 1) }, false, RequestCanceled, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, _ := checkoutLab(t, 1)
			if _, err := request(l, 7, NewRequest{DurationMinutes: 5, RotateOnCheckin: true}); err != nil {
				t.Fatal(err)
			}
			l.clock.step(test.after)
			if test.do != nil {
				if err := Change(l.ctx, l.DB, by(7), test.do); err != nil {
					t.Fatal(err)
				}
			}
			if test.sweeps {
				if _, err := SweepRequests(l.ctx, l.DB); err != nil {
					t.Fatal(err)
				}
			}
			r := get(l, Requests, 1)
			if got := r.StatusAt(view(l, func(tx *Tx) (Time, error) { return tx.Now, nil })); got != test.status {
				t.Errorf("it is %s, want %s", got, test.status)
			}
			secret := view(l, func(tx *Tx) (*AccountSecrets, error) { return secretsOf(tx, 1) }).Password
			if rotated := secret != "hunter2" && secret != ""; rotated != test.rotates {
				t.Errorf("the password is %q", secret)
			}
		})
	}
}

// TestSweptRequestsAreForgottenAfterAMonth keeps what ended until then.
func TestSweptRequestsAreForgottenAfterAMonth(t *testing.T) {
	t.Parallel()
	l, _ := checkoutLab(t, 1)
	if _, err := request(l, 7, NewRequest{DurationMinutes: 5}); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		after time.Duration
		kept  bool
	}{{10 * time.Minute, true}, {requestsKept - time.Hour, true}, {2 * time.Hour, false}} {
		l.clock.step(step.after)
		if _, err := SweepRequests(l.ctx, l.DB); err != nil {
			t.Fatal(err)
		}
		if kept := view(l, func(tx *Tx) (bool, error) { return Requests.Has(tx, 1) }); kept != step.kept {
			t.Errorf("after %v more: kept is %t", step.after, kept)
		}
	}
}

// TestNextChanges follows the three kinds of frequency.
func TestNextChanges(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		account ManagedAccount
		after   string
		want    string
	}{
		"the first day":                 {ManagedAccount{ChangeFrequencyType: changeFirst, ChangeTime: "23:30"}, "2026-01-02T03:04:05Z", "2026-02-01T23:30:00Z"},
		"the last day":                  {ManagedAccount{ChangeFrequencyType: changeLast, ChangeTime: "23:30"}, "2026-02-02T03:04:05Z", "2026-02-28T23:30:00Z"},
		"the last day, when it is over": {ManagedAccount{ChangeFrequencyType: changeLast, ChangeTime: "01:00"}, "2026-01-31T03:04:05Z", "2026-02-28T01:00:00Z"},
		"so many days":                  {ManagedAccount{ChangeFrequencyType: changeXDays, ChangeFrequencyDays: 30, ChangeTime: "00:05"}, "2026-01-02T03:04:05Z", "2026-02-01T00:05:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			after, err := time.Parse(time.RFC3339, test.after)
			if err != nil {
				t.Fatal(err)
			}
			if got := test.account.nextChange(Time(after)).String(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
