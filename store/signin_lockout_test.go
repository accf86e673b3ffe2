package store

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
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

func TestFiveFailuresLockAnAddress(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		from   []string // of five failures, each for another account; the first is what is unlocked
		then   string
		locked bool
	}{
		"one address":                        {[]string{"192.0.2.1"}, "192.0.2.1", true},
		"another address":                    {[]string{"192.0.2.1"}, "192.0.2.2", false},
		"IPv4 in IPv6 form":                  {[]string{"192.0.2.1", "::ffff:192.0.2.1"}, "192.0.2.1", true},
		"one network of IPv6":                {[]string{"2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::3"}, "2001:db8::4", true},
		"the next network of IPv6":           {[]string{"2001:db8::1"}, "2001:db8:0:1::1", false},
		"a zone":                             {[]string{"fe80::1%eth0", "fe80::1%eth1"}, "fe80::1", true},
		"the unix socket, which has none":    {[]string{""}, "", false},
		"a locked address and another's IP6": {[]string{"192.0.2.1"}, "::192.0.2.1", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLockouts(t, "5/15m")
			for i := range 5 {
				l.tries(test.from[i%len(test.from)], fmt.Sprint("user ", i), "wrong")
			}
			passed, checked := l.tries(test.then, `LAB\olga`, "secret")
			if passed == test.locked || checked == test.locked {
				t.Errorf("the right password passes: %t, and is checked: %t", passed, checked)
			}
			if test.locked {
				printed := strings.TrimPrefix(addressKey(test.from[0]), addressPrefix)
				for _, unlocks := range []string{printed, test.from[0]} {
					if known := view(l, func(tx *Tx) (bool, error) { return Lockouts.Has(tx, addressPrefix+printed) }); known {
						l.change(func(tx *Tx) error { return Unlock(tx, unlocks) })
					}
				}
				if passed, _ := l.tries(test.then, `LAB\olga`, "secret"); !passed {
					t.Error("it is locked after the unlock")
				}
			}
		})
	}
}

// TestASuccessClearsNoAddress keeps whoever has one account from trying others all day.
func TestASuccessClearsNoAddress(t *testing.T) {
	t.Parallel()
	l := newLockouts(t, "5/15m")
	for i := range 5 {
		l.tries("192.0.2.1", fmt.Sprint("user ", i), "wrong")
		l.tries("192.0.2.1", `LAB\olga`, "secret")
	}
	if passed, checked := l.tries("192.0.2.1", `LAB\olga`, "secret"); passed || checked {
		t.Errorf("passed %t, checked %t", passed, checked)
	}
}

// TestAHundredTriesAtOnce lets five be checked when they are wrong, and all when they are right.
func TestAHundredTriesAtOnce(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string][2]string{"an account": {"5/15m", "off"}, "an address": {"off", "5/15m"}, "both": {"5/15m", "5/15m"}} {
		for password, want := range map[string]int64{"wrong": 5, "secret": 100} {
			t.Run(name+", "+password, func(t *testing.T) {
				t.Parallel()
				l := newLockouts(t, "off").withLimits(limits[0], limits[1])
				if password == "wrong" { // a check must take so long that all would be under way at once
					l.change(func(tx *Tx) error {
						u, err := UserByName(tx, `LAB\olga`)
						if err != nil {
							return err
						}
						salt := base64.RawStdEncoding.EncodeToString(make([]byte, 16))
						return SetPassword(tx, u.UserID, "$argon2id$v=19$m=4096,t=1,p=1$"+salt+"$"+base64.RawStdEncoding.EncodeToString(make([]byte, 32)))
					})
				}
				before := l.hasher.Computed()
				var passed atomic.Int64
				var all sync.WaitGroup
				for range 100 {
					all.Go(func() {
						if ok, _ := l.tries("192.0.2.7", `LAB\olga`, password); ok {
							passed.Add(1)
						}
					})
				}
				all.Wait()
				if checked := l.hasher.Computed() - before; checked != want {
					t.Errorf("%d tries were checked, want %d", checked, want)
				}
				if got := passed.Load(); (got == 100) != (password == "secret") || got != 0 && got != 100 {
					t.Errorf("%d passed", got)
				}
				if len(l.attempts.waiters) != 0 {
					t.Errorf("%d lines are left", len(l.attempts.waiters))
				}
			})
		}
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

// TestRefusalsKeepPace holds back refusals without a check for the median of those with one, and takes the measure itself when there were
// none lately.
func TestRefusalsKeepPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, hasher := &responseTime{}, authz.NewHasher(1)
		waits := func() time.Duration {
			start := time.Now()
			p.await(t.Context(), hasher, start.Add(-10*time.Millisecond))
			return time.Since(start)
		}
		waits() // the clock stands still during the check: it takes no time here
		if got := hasher.Computed(); got != 1 {
			t.Errorf("the measure was taken %d times", got)
		}
		for _, ms := range []int{30, 40, 50, 60, 5000} {
			p.note(time.Duration(ms) * time.Millisecond)
		}
		if got := waits(); got != 40*time.Millisecond {
			t.Errorf("it waits %v longer", got)
		}
		for range responsesKept {
			p.note(100 * time.Millisecond)
		}
		if got := waits(); got != 90*time.Millisecond {
			t.Errorf("when all take longer, it waits %v longer", got)
		}
		time.Sleep(responseAge + time.Second)
		if waits(); hasher.Computed() != 2 {
			t.Errorf("later, the measure was taken %d times", hasher.Computed())
		}
	})
}
