package kvtest

import (
	"errors"
	"testing"
	"time"

	"github.com/musterhq/muster/store/kv"
)

var closes = []sentence{
	{"may be called again", closeTwice},
	{"makes every later call return ErrClosed", closeRefuses},
	{"waits for a running View", closeWaitsForView},
	{"waits for a running Update, which still commits", closeWaitsForUpdate},
	{"does not hang over an Update inside an Update", closeDuringNested},
}

func closeTwice(t *testing.T, e kv.Engine) {
	for range 2 {
		if err := e.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}

func closeRefuses(t *testing.T, e kv.Engine) {
	if err := e.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	wantClosed(t, e.View(t.Context(), func(kv.Reader) error { t.Error("View ran fn"); return nil }))
	wantClosed(t, e.Update(t.Context(), func(kv.Txn) error { t.Error("Update ran fn"); return nil }))
	wantClosed(t, e.Update(cancelled(), func(kv.Txn) error { t.Error("Update ran fn"); return nil }))
}

func wantClosed(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, kv.ErrClosed) {
		t.Errorf("after Close: %v, want ErrClosed", err)
	}
}

func closeWaitsForView(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1")
	var closed <-chan error
	view(t, e, func(r kv.Reader) error {
		closed = beginClose(t, e)
		return wantGet(t, r, "a", "1")
	})
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
}

func closeWaitsForUpdate(t *testing.T, e kv.Engine) {
	var closed <-chan error
	update(t, e, func(tx kv.Txn) error {
		closed = beginClose(t, e)
		if err := wantGet(t, tx, "a", absent); err != nil {
			return err
		}
		return set(tx, "a", "1")
	})
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
}

func closeDuringNested(t *testing.T, e kv.Engine) {
	var closed <-chan error
	err := e.Update(t.Context(), func(tx kv.Txn) error {
		closed = beginClose(t, e)
		return e.Update(t.Context(), func(inner kv.Txn) error { return set(inner, "inner", "1") })
	})
	wantClosed(t, err)
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
}

// beginClose calls Close inside a running transaction. It returns once Close has begun, which shows in calls being
// refused, and checks that it has not ended. The channel gives the error of Close.
func beginClose(t *testing.T, e kv.Engine) <-chan error {
	t.Helper()
	closed := make(chan error, 1)
	go func() { closed <- e.Close() }()
	for !errors.Is(e.View(t.Context(), func(kv.Reader) error { return nil }), kv.ErrClosed) {
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-closed:
		t.Errorf("Close returned %v during a transaction", err)
		closed <- err
	case <-time.After(20 * time.Millisecond):
	}
	return closed
}
