package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// withLimits opens the store again with limits.
func (l *fixture) withLimits(accounts, addresses string) *fixture {
	l.t.Helper()
	var err error
	if l.limits.Accounts, err = ParseLimit(accounts); err != nil {
		l.t.Fatalf("%v", err)
	}
	if l.limits.Addresses, err = ParseLimit(addresses); err != nil {
		l.t.Fatalf("%v", err)
	}
	l.reopen()
	return l
}

// newLockouts is a lab in which five failures in fifteen minutes lock an account, and in which signing in needs a password.
func newLockouts(t *testing.T, addresses string) *fixture {
	t.Helper()
	l := newSignIns(t).withLimits("5/15m", addresses)
	l.change(func(tx *Tx) error { // what a wrong password costs does not matter here
		s, err := UserSecrets.Get(tx, administratorID)
		if err != nil {
			return err
		}
		s.Password = cheapHash(firstStart.Password)
		return UserSecrets.Put(tx, s)
	})
	return l
}

// tries signs in from an address and reports whether that passed, and whether the secret was looked at.
func (l *fixture) tries(from, name, password string) (passed, checked bool) {
	l.t.Helper()
	before := l.hasher.Computed()
	_, err := CheckPSAuth(l.ctx, l.DB, Actor{IPAddress: from, Door: door},
		authz.PSAuth{Key: strictKey, RunAs: name, Password: password, HasPassword: true}, nil)
	if err != nil && !errors.Is(err, ErrRefused) {
		l.t.Errorf("%s from %s: %v", name, from, err)
	}
	return err == nil, l.hasher.Computed() > before
}

// fails lets sign-ins fail, each from an address of its own.
func (l *fixture) fails(n int, name string) {
	l.t.Helper()
	for range n {
		l.peers++
		if passed, checked := l.tries(fmt.Sprintf("198.51.100.%d", l.peers), name, "wrong"); passed || !checked {
			l.t.Errorf("%s: passed %t, checked %t", name, passed, checked)
		}
	}
}

func TestFiveFailuresLockAnAccount(t *testing.T) {
	t.Parallel()
	const olga = `LAB\olga`
	for name, test := range map[string]struct {
		before func(l *fixture)
		locked bool
	}{
		"four failures": {func(l *fixture) { l.fails(4, olga) }, false},
		"five":          {func(l *fixture) { l.fails(5, olga) }, true},
		"five, and almost fifteen minutes": {func(l *fixture) {
			l.fails(5, olga)
			l.clock.step(15*time.Minute - time.Millisecond)
		}, true},
		"five, and fifteen minutes": {func(l *fixture) {
			l.fails(5, olga)
			l.clock.step(15 * time.Minute)
		}, false},
		"four, the first of them long ago": {func(l *fixture) {
			l.fails(1, olga)
			l.clock.step(15 * time.Minute)
			l.fails(4, olga)
		}, false},
		"five within the time": {func(l *fixture) {
			for range 5 {
				l.fails(1, olga)
				l.clock.step(3 * time.Minute)
			}
		}, true},
		"five, more slowly": {func(l *fixture) {
			for range 9 {
				l.fails(1, olga)
				l.clock.step(4 * time.Minute)
			}
		}, false},
		"tries while it is locked make that no longer": {func(l *fixture) {
			l.fails(5, olga)
			for range 14 {
				l.clock.step(time.Minute)
				l.tries("192.0.2.99", olga, "wrong")
			}
			l.clock.step(time.Minute)
		}, false},
		"four after a lock": {func(l *fixture) {
			l.fails(5, olga)
			l.clock.step(15 * time.Minute)
			l.fails(4, olga)
		}, false},
		"a restart": {func(l *fixture) {
			l.fails(5, olga)
			l.reopen()
		}, true},
		"a restart before the fifth": {func(l *fixture) {
			l.fails(4, olga)
			l.reopen()
			l.fails(1, olga)
		}, true},
		"five of somebody else": {func(l *fixture) { l.fails(5, "administrator") }, false},
		"unlocked": {func(l *fixture) {
			l.fails(5, olga)
			l.change(func(tx *Tx) error { return Unlock(tx, "olga@lab") })
		}, false},
		"four, a success from elsewhere, one": {func(l *fixture) {
			l.fails(4, olga)
			l.tries("192.0.2.99", olga, "secret")
			l.fails(1, olga)
		}, true},
		"four, a success from there, one": {func(l *fixture) {
			for range 4 {
				l.tries("192.0.2.99", olga, "wrong")
			}
			l.tries("192.0.2.99", olga, "secret")
			l.fails(1, olga)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLockouts(t, "off")
			test.before(l)
			passed, checked := l.tries("192.0.2.7", olga, "secret")
			if passed == test.locked || checked == test.locked {
				t.Errorf("the right password passes: %t, and is checked: %t", passed, checked)
			}
		})
	}
}

// TestSpellingsShareACounter locks an account by one spelling each and finds it locked by all.
func TestSpellingsShareACounter(t *testing.T) {
	t.Parallel()
	for name, spellings := range map[string][]string{
		"a user of a domain": {`LAB\olga`, `lab\OLGA`, "olga@lab", "Olga@LAB", ` lab\olga`, `lab \ olga `, "olga@lab\u00a0"},
		"a local user":       {"administrator", "ADMINISTRATOR", `\administrator`, " administrator", "administrator\t"},
		"nobody":             {`lab\nobody`, `LAB\Nobody`, "nobody@lab", "NOBODY@Lab ", `lab\ nobody`},
		"nobody, locally":    {"nobody", "NoBody", `\nobody`, " nobody "},
		"a long name":        {strings.Repeat("n", 3000), strings.Repeat("N", 3000) + " "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLockouts(t, "off")
			for i := range 5 {
				l.fails(1, spellings[i%len(spellings)])
			}
			for _, spelling := range spellings {
				if _, checked := l.tries("192.0.2.7", spelling, "wrong"); checked {
					t.Errorf("%q is checked", spelling)
				}
			}
			if _, checked := l.tries("192.0.2.7", "somebody else", "wrong"); !checked {
				t.Error("somebody else is locked, too")
			}
		})
	}
}

// TestAnApplicationHasOneCounter counts wrong client secrets, and wrong API keys for the same account.
func TestAnApplicationHasOneCounter(t *testing.T) {
	t.Parallel()
	l := newLockouts(t, "off")
	client := func(id, secret string) error {
		_, _, err := CheckClient(l.ctx, l.DB, Actor{IPAddress: "192.0.2.7"}, id, secret)
		return err
	}
	for i := range 4 {
		id := []string{firstStart.ClientID, strings.ToLower(firstStart.ClientID)}[i%2]
		if err := client(id, "wrong"); !errors.Is(err, ErrRefused) {
			t.Error(err)
		}
	}
	l.fails(1, firstApplication)
	if err := client(firstStart.ClientID, firstStart.ClientSecret); !errors.Is(err, ErrRefused) {
		t.Errorf("the right secret after five failures: %v", err)
	}
	l.change(func(tx *Tx) error { return Unlock(tx, firstStart.ClientID) })
	if err := client(firstStart.ClientID, firstStart.ClientSecret); err != nil {
		t.Errorf("the right secret after the unlock: %v", err)
	}
}

// TestTheLastAdministratorGetsIn is never locked out for good.
func TestTheLastAdministratorGetsIn(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]func(l *fixture){
		"by waiting":  func(l *fixture) { l.clock.step(15 * time.Minute) },
		"by the host": func(l *fixture) { l.change(func(tx *Tx) error { return Unlock(tx, "Administrator") }) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLockouts(t, "off")
			l.fails(5, "administrator")
			if passed, _ := l.tries("192.0.2.7", "administrator", firstStart.Password); passed {
				t.Fatal("not locked")
			}
			way(l)
			if passed, _ := l.tries("192.0.2.7", "administrator", firstStart.Password); !passed {
				t.Error("still locked")
			}
		})
	}
}

func TestLockoutsAreAudited(t *testing.T) {
	t.Parallel()
	l := newLockouts(t, "off")
	l.fails(4, `LAB\olga`)
	equal(t, "the fifth failure", l.audits(func() { l.fails(1, `LAB\olga`) }), []string{
		`AccessDenied Authentication: Method "" → "API Key", Reason "" → "wrong-password"`,
		`Lockout Authentication: Locked "" → "account lab\\olga", Failures "" → "5", Until "" → "2024-12-06T18:14:40.36Z"`,
	})
	if a := get(l, record.Audits, l.lastAudit()); a.UserName != `LAB\olga` || a.IPAddress != "198.51.100.5" || a.UserID != 0 {
		t.Errorf("the audit is %+v", a)
	}
	equal(t, "a locked try", l.audits(func() { l.tries("192.0.2.7", `lab\olga`, "secret") }),
		[]string{`AccessDenied Authentication: Method "" → "API Key", Reason "" → "locked-account"`})
	equal(t, "the unlock", l.audits(func() { l.change(func(tx *Tx) error { return Unlock(tx, `lab\olga`) }) }),
		[]string{`Unlock Authentication: Unlocked "account lab\\olga" → ""`})
	l.refused(ErrNotFound, func(tx *Tx) error { return Unlock(tx, `lab\olga`) })
}

func TestSweptLockouts(t *testing.T) {
	t.Parallel()
	l := newLockouts(t, "5/15m")
	l.fails(4, `LAB\olga`)
	for range 2 {
		if n, err := SweepLockouts(l.ctx, l.DB); n != 0 || err != nil {
			t.Errorf("%d were swept in time, error %v", n, err)
		}
		l.clock.step(15*time.Minute - time.Millisecond)
	}
	l.clock.step(time.Millisecond)
	if n, err := SweepLockouts(l.ctx, l.DB); n != 5 || err != nil {
		t.Errorf("%d were swept, error %v; want an account and four addresses", n, err)
	}
	equal(t, "keys", l.keys("lo"), nil)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Limit{
		"off": {}, "5/15m": {5, 15 * time.Minute}, "1/1s": {1, time.Second}, "1000/24h": {1000, 24 * time.Hour}, "3/1h30m": {3, 90 * time.Minute},
	} {
		got, err := ParseLimit(text)
		if got != want || err != nil {
			t.Errorf("%s is %+v, error %v", text, got, err)
		}
		if again, err := ParseLimit(got.String()); again != want || err != nil {
			t.Errorf("%s prints as %v: %v", text, got, err)
		}
	}
	for _, text := range []string{"", "5", "/", "5/", "/15m", "0/15m", "-1/15m", "1001/15m", "5/0s", "5/25h", "5/15", "5/15m/1", "OFF", "on", "5/15m "} {
		if _, err := ParseLimit(text); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "5/15m is expected") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
