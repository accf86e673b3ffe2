//go:build soak

package server_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// soakTries is how many tries of each kind are timed; MUSTER_SOAK_SIGNINS makes it another number.
func soakTries(t *testing.T) int {
	n := 500
	if text := os.Getenv("MUSTER_SOAK_SIGNINS"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		must(t, err)
	}
	return n
}

// takes is how long a refused sign-in takes.
func (l *fixture) takes(name, key, password string) time.Duration {
	l.t.Helper()
	header := http.Header{"Authorization": {fmt.Sprintf("PS-Auth key=%s; runas=%s;%s", key, name, password)}}
	start := time.Now()
	w := l.request("GET", insight.Base+"/Auth", "", header)
	took := time.Since(start)
	if w.Code != http.StatusUnauthorized {
		l.t.Fatalf("%s: %d %s", name, w.Code, w.Body)
	}
	return took
}

func median(all []time.Duration) time.Duration { return slices.Sorted(slices.Values(all))[len(all)/2] }

// TestSoakRefusalsTakeAsLong interleaves tries that are refused for different reasons and compares the medians of their times.
func TestSoakRefusalsTakeAsLong(t *testing.T) {
	t.Attr("promise", "Refusals take as long, whatever their reason, within 10 % of the medians")
	pairs, most := 0, 0.0
	const wrong = " pwd=[wrong];"
	no := strings.Repeat("0", 128)
	for name, c := range map[string]struct {
		limits store.SignInLimits
		before func(l *fixture)
		try    [2]func(l *fixture, i int) time.Duration
	}{
		"a known and an unknown user": {store.SignInLimits{}, func(*fixture) {}, [2]func(*fixture, int) time.Duration{
			func(l *fixture, _ int) time.Duration { return l.takes("administrator", l.first.ApiKey, wrong) },
			func(l *fixture, _ int) time.Duration { return l.takes("nobody", l.first.ApiKey, wrong) },
		}},
		"a wrong key of a known user and of an unknown one, without a password": {store.SignInLimits{}, func(*fixture) {}, [2]func(*fixture, int) time.Duration{
			func(l *fixture, _ int) time.Duration { return l.takes("administrator", no, "") },
			func(l *fixture, _ int) time.Duration { return l.takes("nobody", no, "") },
		}},
		"a wrong key and a wrong password": {store.SignInLimits{}, func(*fixture) {}, [2]func(*fixture, int) time.Duration{
			func(l *fixture, _ int) time.Duration { return l.takes("administrator", no, "") },
			func(l *fixture, _ int) time.Duration { return l.takes("administrator", l.first.ApiKey, wrong) },
		}},
		"a locked account and a wrong password": {store.SignInLimits{Accounts: store.Limit{Failures: 5, Time: 15 * time.Minute}}, func(l *fixture) {
			for range 5 {
				l.takes("administrator", l.first.ApiKey, wrong)
			}
		}, [2]func(*fixture, int) time.Duration{
			func(l *fixture, _ int) time.Duration { return l.takes("administrator", l.first.ApiKey, wrong) },
			func(l *fixture, i int) time.Duration { return l.takes(fmt.Sprint("nobody ", i), l.first.ApiKey, wrong) },
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Attr("promise", "Refusals take as long: "+name)
			l := newLabOn(t, ground{limits: c.limits, hasher: authz.NewHasher(2)}, false).requirePassword()
			c.before(l)
			var took [2][]time.Duration
			for i := range soakTries(t) {
				for k := range 2 {
					which := (i + k) % 2
					took[which] = append(took[which], c.try[which](l, i))
				}
			}
			one, two := median(took[0]), median(took[1])
			differs := 100 * (two - one).Abs().Seconds() / min(one, two).Seconds()
			t.Attr("figure", fmt.Sprintf("medians of %d tries each: %.2f ms and %.2f ms, %.1f %% apart", len(took[0]), 1000*one.Seconds(), 1000*two.Seconds(), differs))
			pairs, most = pairs+1, max(most, differs)
			if differs > 10 {
				t.Errorf("the medians are %v and %v", one, two)
			}
		})
	}
	t.Attr("figure", fmt.Sprintf("%d pairs of %d tries each, %.1f %% apart at the most", pairs, soakTries(t), most))
}

// TestSoakTooManySignInsAtOnce has more passwords to check than there is time for: each sign-in passes or is told to try again, and who is signed in goes on.
func TestSoakTooManySignInsAtOnce(t *testing.T) {
	t.Attr("promise", "Too many passwords at once: 503 with Retry-After, nobody else waits")
	l := newFixture(t, false).requirePassword()
	salt := []byte("salt of the soak")
	key := argon2.IDKey([]byte("dear"), salt, 8, 64<<10, 1, 32)
	dear := "$argon2id$v=19$m=65536,t=8,p=1$" + base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(key)
	must(t, store.Change(t.Context(), l.db, system, func(tx *store.Tx) error { return store.SetPassword(tx, 1, dear) }))
	token := l.tokenOf("administrator")
	var passed, later atomic.Int64
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			header := http.Header{"Authorization": {fmt.Sprintf("PS-Auth key=%s; runas=administrator%s; pwd=[dear];", l.first.ApiKey, strings.Repeat(" ", i))}}
			switch w := l.request("GET", insight.Base+"/Auth", "", header); {
			case w.Code == http.StatusOK:
				passed.Add(1)
			case w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") != "" && strings.Contains(w.Body.String(), "too many sign-ins at once"):
				later.Add(1)
			default:
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	start := time.Now()
	if w := l.request("GET", insight.Base+"/Workgroups", "", as(token)); w.Code != http.StatusOK {
		t.Errorf("who is signed in: %d %s", w.Code, w.Body)
	}
	meanwhile := time.Since(start)
	all.Wait()
	if passed.Load() == 0 || later.Load() == 0 {
		t.Errorf("%d passed and %d are told to come later", passed.Load(), later.Load())
	}
	t.Attr("figure", fmt.Sprintf("60 at once: %d pass, %d get 503; a read meanwhile takes %.1f ms", passed.Load(), later.Load(), 1000*meanwhile.Seconds()))
}
