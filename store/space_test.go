package store

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/musterhq/muster/store/kv/badgerkv"
	"github.com/musterhq/muster/store/record"
)

// TestNoSpace has a disk that is full for a moment.
func TestNoSpace(t *testing.T) {
	t.Parallel()
	var full atomic.Bool
	l := newFixtureIn(t, badgerkv.Options{InMemory: true, Room: func(int) error {
		if full.Load() {
			return ErrNoSpace
		}
		return nil
	}})
	insert := func(ctx context.Context, address string) error {
		return Change(ctx, l.DB, System("test"), func(tx *Tx) error {
			return Assets.Insert(tx, &Asset{WorkgroupID: firstWorkgroupID, IPAddress: address})
		})
	}
	full.Store(true)
	if err := insert(t.Context(), "10.0.0.1"); !errors.Is(err, ErrNoSpace) {
		t.Errorf("a change on a full disk: %v, want ErrNoSpace", err)
	}
	if err := insert(record.Impatient(record.Patient(t.Context())), "10.0.0.1"); !errors.Is(err, ErrNoSpace) {
		t.Errorf("an impatient one: %v, want ErrNoSpace", err)
	}
	short, stop := context.WithTimeout(record.Patient(t.Context()), 20*time.Millisecond)
	defer stop()
	if err := insert(short, "10.0.0.1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a patient one whose time is over: %v, want DeadlineExceeded", err)
	}
	done := make(chan error)
	go func() { done <- insert(record.Patient(t.Context()), "10.0.0.2") }()
	select {
	case err := <-done:
		t.Errorf("a patient change on a full disk ended with %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	full.Store(false)
	if err := <-done; err != nil {
		t.Errorf("a patient change when there is room again: %v", err)
	}
}
