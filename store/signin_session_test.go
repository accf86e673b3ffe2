package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

func TestATokenSaysWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	s := signIn(t, CookieIdle)
	c := s.token
	if c.UserID() != s.user || c.Name != "olga" || c.Admin || c.Registration != keyRegistration {
		t.Errorf("the token says %d %q, an administrator: %v, registration %d", c.UserID(), c.Name, c.Admin, c.Registration)
	}
	equal(t, "groups", c.Groups, []int{s.callers, s.operators})
	if want := (grants{authz.AssetManagement: authz.Read, authz.EPM: authz.Read}); !maps.Equal(c.Grants, want) {
		t.Errorf("grants %v, want %v", c.Grants, want)
	}
	session := get(s.fixture, Sessions, c.ID)
	now := record.At(s.clock.Now())
	want := Session{
		ID: c.ID, UserID: s.user, RegistrationID: keyRegistration, Registration: "muster key", Door: door, Idle: CookieIdle,
		SecretVersion: 1, KeyVersion: 1, Created: now, Expires: now.Add(time.Hour), LastSeen: now,
	}
	if *session != want {
		t.Errorf("the session is %+v, want %+v", *session, want)
	}
	if !c.ExpiresAt.Equal(time.Time(want.Expires).Truncate(time.Second)) {
		t.Errorf("the token ends at %v", c.ExpiresAt)
	}
}

func TestAnIdleSessionEnds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		idle  time.Duration
		steps []time.Duration // between requests
		lives bool
	}{
		"a request in time":        {CookieIdle, []time.Duration{CookieIdle - time.Millisecond}, true},
		"too late":                 {CookieIdle, []time.Duration{CookieIdle}, false},
		"a request prolongs it":    {CookieIdle, []time.Duration{CookieIdle / 2, CookieIdle - time.Millisecond}, true},
		"many small ones, too":     {CookieIdle, slices.Repeat([]time.Duration{59 * time.Second}, 40), true},
		"but not beyond its end":   {CookieIdle, []time.Duration{19 * time.Minute, 19 * time.Minute, 19 * time.Minute, 19 * time.Minute}, false},
		"a token has no idle time": {0, []time.Duration{time.Hour - time.Millisecond}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := signIn(t, test.idle)
			var err error
			for _, step := range test.steps {
				if err != nil {
					t.Fatalf("refused too early: %v", err)
				}
				s.clock.step(step)
				if _, err = s.resume(); err == nil {
					err = Touch(s.ctx, s.DB, get(s.fixture, Sessions, s.token.ID))
				}
			}
			if lives := err == nil; lives != test.lives || !lives && !errors.Is(err, ErrSignIn) {
				t.Errorf("the session lives: %v, error %v", lives, err)
			}
		})
	}
}

func TestTouchWritesOnceAMinuteAndNoAudit(t *testing.T) {
	t.Parallel()
	s := signIn(t, CookieIdle)
	touch := func() Time {
		equal(t, "audits", s.audits(func() {
			if err := Touch(s.ctx, s.DB, get(s.fixture, Sessions, s.token.ID)); err != nil {
				t.Fatal(err)
			}
		}), nil)
		return get(s.fixture, Sessions, s.token.ID).LastSeen
	}
	s.clock.step(time.Minute - time.Millisecond)
	if got := touch(); got != record.At(begin) {
		t.Errorf("within the minute it was noted at %v", got)
	}
	s.clock.step(time.Millisecond)
	if got := touch(); got != record.At(begin.Add(time.Minute)) {
		t.Errorf("after the minute it was noted at %v", got)
	}
	session := get(s.fixture, Sessions, s.token.ID)
	s.signOut(s.token)
	s.clock.step(time.Minute)
	if err := Touch(s.ctx, s.DB, session); err != nil {
		t.Errorf("after the sign-out: %v", err)
	}
	s.refused(ErrNotFound, func(tx *Tx) error { _, err := Sessions.Get(tx, s.token.ID); return err })
}

func TestSignOutIsAuditedOnce(t *testing.T) {
	t.Parallel()
	s := signIn(t, CookieIdle)
	by := Actor{UserID: s.user, UserName: "olga", SignsOut: s.token.ID}
	out := func() {
		if err := Change(s.ctx, s.DB, by, SignOut); err != nil {
			t.Error(err)
		}
	}
	equal(t, "audits", s.audits(out), []string{"Logout Authentication"})
	equal(t, "audits of a second one", s.audits(out), nil)
	by.SignsOut = "" // by a PS-Auth header alone
	equal(t, "audits without a session", s.audits(out), nil)
}

func TestASessionIsMadeOfAnother(t *testing.T) {
	t.Parallel()
	s := signIn(t, 0)
	by := Actor{UserID: s.user, Session: get(s.fixture, Sessions, s.token.ID)}
	made, err := Update(s.ctx, s.DB, by, func(tx *Tx) (*Session, error) {
		in, err := SignedInBy(tx)
		if err != nil {
			return nil, err
		}
		_, made, err := NewSession(tx, in, door, CookieLifetime, CookieIdle)
		return made, err
	})
	if err != nil {
		t.Fatal(err)
	}
	if made.ID == s.token.ID || made.RegistrationID != keyRegistration || made.KeyVersion != 1 || made.SecretVersion != 1 || made.Idle != CookieIdle {
		t.Errorf("made %+v", made)
	}
	s.signOut(s.token)
	if got := get(s.fixture, Sessions, made.ID); *got != *made {
		t.Errorf("the other one became %+v", got)
	}
}

func TestSweepRemovesWhatIsOver(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	const over = 450
	l.change(func(tx *Tx) error {
		for i := range over {
			if err := Sessions.Insert(tx, &Session{ID: fmt.Sprintf("over-%03d", i), Expires: tx.Now.Add(-time.Duration(i) * time.Second)}); err != nil {
				return err
			}
		}
		return Sessions.Insert(tx, &Session{ID: "lives", Expires: tx.Now.Add(time.Millisecond)})
	})
	swept := []int{}
	equal(t, "audits", l.audits(func() {
		for range 4 {
			n, err := SweepSessions(l.ctx, l.DB)
			if err != nil {
				t.Fatal(err)
			}
			swept = append(swept, n)
		}
	}), nil)
	equal(t, "swept at a time", swept, []int{200, 200, 50, 0})
	equal(t, "left", l.keys("se="), []string{"se=lives\x00\x00"})
}

func TestRecordLogin(t *testing.T) {
	t.Parallel()
	s := signIn(t, 0)
	recordLogin := func(key string) {
		in, err := CheckPSAuth(s.ctx, s.DB, Actor{Door: door}, authz.PSAuth{Key: key, RunAs: "olga"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = Change(s.ctx, s.DB, Actor{IPAddress: "10.9.8.7", Door: door}, func(tx *Tx) error { return RecordLogin(tx, in) })
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		s.clock.step(time.Minute)
		equal(t, "audits", s.audits(func() { recordLogin(firstStart.ApiKey) }), []string{`Login Authentication: Method "" → "API Key"`})
		if got, want := *get(s.fixture, LastLogins, s.user), (LastLogin{s.user, record.At(s.clock.Now()), "API Key"}); got != want {
			t.Errorf("the last login is %v, want %v", got, want)
		}
	}
	a := get(s.fixture, record.Audits, s.lastAudit())
	if a.UserID != s.user || a.UserName != "olga" || a.IPAddress != "10.9.8.7" ||
		a.Details[0].NewValue != door || a.Details[1].NewValue != "muster key" {
		t.Errorf("the audit is %+v", a)
	}
}

func TestOnHost(t *testing.T) {
	t.Parallel()
	s := signIn(t, 0)
	s.change(edit(Users, applicationID, func(u *User) { u.IsActive = false }))
	for name, test := range map[string]struct {
		kind error
		says string
	}{
		"olga":   {nil, ""},
		"muster": {ErrDenied, `User "muster" is inactive or quarantined`},
		"nobody": {ErrNotFound, `User "nobody" not found`},
	} {
		in, err := View(s.ctx, s.DB, System("host"), func(tx *Tx) (*SignedIn, error) { return OnHost(tx, name) })
		if test.kind == nil {
			if err != nil || in.Method != "Host" || in.session.RegistrationID != 0 || in.session.SecretVersion != 1 {
				t.Errorf("%s: %+v, error %v", name, in, err)
			}
		} else if !errors.Is(err, test.kind) || err.Error() != test.says {
			t.Errorf("%s: %v, want %s", name, err, test.says)
		}
	}
}

func TestASignInThatIsGivenUpIsNoRefusal(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	ctx, cancel := context.WithCancel(l.ctx)
	cancel()
	equal(t, "audits", l.audits(func() {
		_, err := CheckPSAuth(ctx, l.DB, Actor{}, authz.PSAuth{Key: firstStart.ApiKey, RunAs: "administrator"}, nil)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the error is %v", err)
		}
	}), nil)
}
