package store

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// refusal is one that a stranger causes.
func refusal(reason string) Refusal {
	return Refusal{Section: record.SectionAuthentication, Reason: reason, Details: []UserAuditDetail{record.Detail("Reason", "", reason)}}
}

func (l *fixture) note(from, name string, r Refusal) {
	l.t.Helper()
	if err := NoteRefusal(l.ctx, l.DB, Actor{Door: door, IPAddress: from, UserName: name}, r); err != nil {
		l.t.Errorf("%v", err)
	}
}

func (l *fixture) tell(all bool) {
	l.t.Helper()
	if err := FlushRefusals(l.ctx, l.DB, all); err != nil {
		l.t.Errorf("%v", err)
	}
}

func TestRepeatedRefusalsShareARow(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	first := l.audits(func() {
		for i := range 100 {
			l.note("192.0.2.1", fmt.Sprint("name ", i%3), refusal("invalid token"))
		}
	})
	equal(t, "at once", first, []string{`AccessDenied Authentication: Reason "" → "invalid token"`})
	equal(t, "within the minute", l.audits(func() { l.clock.step(time.Minute - time.Millisecond); l.tell(false) }), nil)
	shared := `AccessDenied Authentication: Reason "" → "invalid token", Since "" → "2024-12-06T17:59:40.36Z", Repeated "" → "99", Names "" → "name 1, name 2, name 0"`
	equal(t, "after it", l.audits(func() { l.clock.step(time.Millisecond); l.tell(false) }), []string{shared})
	a := get(l, record.Audits, l.lastAudit())
	if a.IPAddress != "192.0.2.1" || a.UserName != "name 0" || a.Details[0].NewValue != door {
		t.Errorf("the audit is %+v", a)
	}
	equal(t, "later", l.audits(func() { l.clock.step(time.Hour); l.tell(true) }), nil)
}

func TestWhichRefusalsAreRepeats(t *testing.T) {
	t.Parallel()
	type one struct {
		by     Actor
		reason string
	}
	from := func(address string) Actor { return Actor{Door: door, IPAddress: address} }
	user := func(id int, address string) Actor { return Actor{Door: door, IPAddress: address, UserID: id} }
	for name, test := range map[string]struct {
		first, second one
		shared        bool
	}{
		"the same":                {one{from("192.0.2.1"), "a"}, one{from("192.0.2.1"), "a"}, true},
		"another reason":          {one{from("192.0.2.1"), "a"}, one{from("192.0.2.1"), "b"}, false},
		"another address":         {one{from("192.0.2.1"), "a"}, one{from("192.0.2.2"), "a"}, false},
		"a neighbour by IPv6":     {one{from("2001:db8::1"), "a"}, one{from("2001:db8::2"), "a"}, true},
		"another network of IPv6": {one{from("2001:db8::1"), "a"}, one{from("2001:db8:0:1::1"), "a"}, false},
		"another door":            {one{from("192.0.2.1"), "a"}, one{Actor{Door: "idaas", IPAddress: "192.0.2.1"}, "a"}, false},
		"a user who moves":        {one{user(7, "192.0.2.1"), "a"}, one{user(7, "192.0.2.2"), "a"}, true},
		"another user":            {one{user(7, "192.0.2.1"), "a"}, one{user(8, "192.0.2.1"), "a"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			rows := l.audits(func() {
				for _, r := range []one{test.first, test.second} {
					if err := NoteRefusal(l.ctx, l.DB, r.by, refusal(r.reason)); err != nil {
						t.Error(err)
					}
				}
			})
			if (len(rows) == 1) != test.shared {
				t.Errorf("%d rows", len(rows))
			}
		})
	}
}

// TestRefusalsOfAUserHaveARowEach has one for each of the first ten in a minute.
func TestRefusalsOfAUserHaveARowEach(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	r := Refusal{Section: SectionAuthorization, Reason: "GET Users", Alone: 10}
	rows := l.audits(func() {
		for range 50 {
			if err := NoteRefusal(l.ctx, l.DB, Actor{UserID: 7, UserName: "olga"}, r); err != nil {
				t.Error(err)
			}
		}
	})
	if len(rows) != 10 {
		t.Errorf("%d rows at once", len(rows))
	}
	rows = l.audits(func() { l.tell(true) })
	if len(rows) != 1 || !strings.Contains(rows[0], `Repeated "" → "40"`) || get(l, record.Audits, l.lastAudit()).UserID != 7 {
		t.Errorf("then %q", rows)
	}
}

// TestNoRefusalIsLostWhenTheStoreCloses counts all, and none twice, over two restarts.
func TestNoRefusalIsLostWhenTheStoreCloses(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	rows := l.audits(func() {
		for range 3 {
			for range 7 {
				l.note("192.0.2.1", "", refusal("invalid token"))
			}
			if err := l.DB.Close(); err != nil {
				t.Fatal(err)
			}
			l.reopen()
		}
	})
	shared := `AccessDenied Authentication: Reason "" → "invalid token", Since "" → "2024-12-06T17:59:40.36Z", Repeated "" → "6"`
	alone := `AccessDenied Authentication: Reason "" → "invalid token"`
	equal(t, "rows", rows, []string{alone, shared, alone, shared, alone, shared})
}

// TestAFloodOfRefusalsIsBounded sends more than the memory holds, from as many addresses: a minute has 1,000 rows, no refusal is
// uncounted, and what known users were refused has its rows.
func TestAFloodOfRefusalsIsBounded(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/quirks.md")
	if said := strings.Join(strings.Fields(string(page)), " "); err != nil || !strings.Contains(said, "at most 1,000 rows a minute") {
		t.Errorf("docs/quirks.md does not say the bound: %v", err)
	}
	for name, test := range map[string]struct {
		weak    bool
		atOnce  int
		foreign int // of the rows at once that are left for known users
	}{
		"of strangers":              {true, 200, 400},
		"of those who have secrets": {false, 400, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			const flood = 30_000
			r := refusal("some reason")
			r.Weak = test.weak
			atOnce := l.audits(func() {
				for i := range flood {
					l.note(fmt.Sprintf("10.%d.%d.1", i/250, i%250), "", r)
				}
			})
			if len(atOnce) != test.atOnce {
				t.Errorf("%d rows at once, want %d", len(atOnce), test.atOnce)
			}
			users := l.audits(func() {
				for i := range 600 {
					denied := Refusal{Section: SectionAuthorization, Reason: "GET Users"}
					if err := NoteRefusal(l.ctx, l.DB, Actor{Door: door, UserID: 100 + i, UserName: fmt.Sprint("user ", i)}, denied); err != nil {
						t.Fatal(err)
					}
				}
			})
			if len(users) != test.foreign {
				t.Errorf("known users have %d rows at once, want %d", len(users), test.foreign)
			}
			if n := len(l.refusals.kinds); n > maxKinds[known]+1 {
				t.Errorf("%d kinds are remembered", n)
			}
			l.clock.step(refusalTime)
			shared := l.audits(func() { l.tell(false) })
			if len(shared) != maxShared+1 || len(atOnce)+len(users)+len(shared) != 1000 {
				t.Errorf("%d shared rows, %d in all", len(shared), len(atOnce)+len(users)+len(shared))
			}
			count, ofUsers := 0, 0
			for _, row := range shared {
				count += repeated(row)
				if strings.Contains(row, "AccessDenied Authorization") {
					ofUsers += repeated(row)
				}
			}
			if want := flood + 600 - len(atOnce) - len(users); count != want {
				t.Errorf("%d are counted, want %d", count, want)
			}
			if want := min(600-len(users), maxShared); ofUsers != want {
				t.Errorf("%d of known users have a row, want %d", ofUsers, want)
			}
			equal(t, "later", l.audits(func() { l.clock.step(time.Hour); l.tell(true) }), nil)
		})
	}
}

// repeated is the count in a shared row.
func repeated(row string) (n int) {
	_, count, _ := strings.Cut(row, `Repeated "" → "`)
	fmt.Sscan(strings.SplitN(count, `"`, 2)[0], &n)
	return n
}

// TestRefusalsThatCannotBeWrittenAreGivenBack, and written by the next call.
func TestRefusalsThatCannotBeWrittenAreGivenBack(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for i := range 10 {
		l.note(fmt.Sprintf("192.0.2.%d", i%5), "", refusal("no credential"))
	}
	taken := l.refusals.take(l.clock.Now(), true)
	l.refusals.giveBack(taken[:3])
	if rows := l.audits(func() { l.tell(true) }); len(rows) != 3 || len(taken) != 5 {
		t.Errorf("%d rows of what was given back of %d, want 3 of 5", len(rows), len(taken))
	}
}

// TestAMinuteOfAClockThatWasAheadIsOver: refusals that it began to count are told, and later ones have rows of their own.
func TestAMinuteOfAClockThatWasAheadIsOver(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.clock.step(24 * time.Hour)
	l.note("192.0.2.1", "", refusal("no credential"))
	l.note("192.0.2.1", "", refusal("no credential"))
	l.clock.step(-24 * time.Hour)
	if rows := l.audits(func() { l.tell(false) }); len(rows) != 1 || repeated(rows[0]) != 1 {
		t.Errorf("%q", rows)
	}
	if rows := l.audits(func() { l.note("192.0.2.1", "", refusal("no credential")) }); len(rows) != 1 {
		t.Errorf("then %q", rows)
	}
}

// TestRefusedSignInsTellWhoWasTried also where they share a row, and never what was tried for a password.
func TestRefusedSignInsTellWhoWasTried(t *testing.T) {
	t.Parallel()
	l := newSignIns(t)
	for i := range 30 {
		c := authz.PSAuth{Key: "0", RunAs: fmt.Sprint("name ", i)}
		if _, err := CheckPSAuth(l.ctx, l.DB, Actor{Door: door, IPAddress: "192.0.2.1"}, c, nil); !errors.Is(err, ErrRefused) {
			t.Fatal(err)
		}
	}
	rows := l.audits(func() { l.tell(true) })
	if len(rows) != 1 || !strings.Contains(rows[0], `Repeated "" → "29", Names "" → "name 1, name 2, `) || strings.Contains(rows[0], "name 21") {
		t.Errorf("%q", rows)
	}
}
