package store

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
)

func TestRotatedKeysEndNoSession(t *testing.T) {
	t.Parallel()
	s := signIn(t, 0)
	text, err := s.Keys().Sign(s.token)
	if err != nil {
		t.Fatal(err)
	}
	resumes := func(when string) {
		t.Helper()
		claims, err := s.ParseToken(text, door)
		if err == nil {
			_, err = View(s.ctx, s.DB, Actor{}, func(tx *Tx) (*Session, error) { _, session, err := Resume(tx, claims); return session, err })
		}
		if err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	before := s.Keys().ID()
	resumes("before")
	equal(t, "audits", s.audits(func() {
		if err := RotateKeys(s.ctx, s.DB, System("host")); err != nil {
			t.Fatal(err)
		}
	}), []string{`Edit Signing Keys: Key "` + before + `" → "` + s.Keys().ID() + `"`})
	if s.Keys().ID() == before {
		t.Error("the same key signs")
	}
	resumes("after a rotation")
	for range 20 {
		if err := RotateKeys(s.ctx, s.DB, System("host")); err != nil {
			t.Fatal(err)
		}
	}
	resumes("after many")
	s.reopen()
	resumes("after a restart")
}

func TestRotationsAtOnceLoseNoKey(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := RotateKeys(l.ctx, l.DB, System("host")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	current := l.Keys().ID()
	l.reopen()
	if l.Keys().ID() != current {
		t.Errorf("%s signs before a restart and %s after it", current, l.Keys().ID())
	}
}

func TestTooManyRotationsAreRefused(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	var err error
	n := 0
	for ; n < 100 && err == nil; n++ {
		err = RotateKeys(l.ctx, l.DB, System("host"))
	}
	if !errors.Is(err, ErrInvalid) || n < 20 {
		t.Errorf("after %d rotations: %v", n, err)
	}
	l.clock.step(authz.MaxLifetime + time.Minute)
	if err := RotateKeys(l.ctx, l.DB, System("host")); err != nil {
		t.Errorf("a day later: %v", err)
	}
}
