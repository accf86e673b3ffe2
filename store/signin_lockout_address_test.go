package store

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/musterhq/muster/authz"
)

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
