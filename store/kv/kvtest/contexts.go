package kvtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/musterhq/muster/store/kv"
)

var contexts = []sentence{
	{"that is over before: nothing runs and its error is returned", contextBefore},
	{"that ends during fn: Get returns its error", contextDuringGet},
	{"that ends during a scan: its error is the last thing yielded", contextDuringScan},
	{"that ends before the commit: nothing is committed", contextBeforeCommit},
	{"that ends between two tries: there is no further one", contextBetweenTries},
}

func contextBefore(t *testing.T, e kv.Engine) {
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for ctx, want := range map[context.Context]error{cancelled(): context.Canceled, late: context.DeadlineExceeded} {
		err := e.View(ctx, func(kv.Reader) error { t.Error("View ran fn"); return nil })
		if !errors.Is(err, want) {
			t.Errorf("View returned %v, want %v", err, want)
		}
		err = e.Update(ctx, func(kv.Txn) error { t.Error("Update ran fn"); return nil })
		if !errors.Is(err, want) {
			t.Errorf("Update returned %v, want %v", err, want)
		}
	}
}

func contextDuringGet(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1")
	check := func(r kv.Reader, cancel func()) error {
		if err := wantGet(t, r, "a", "1"); err != nil {
			return err
		}
		cancel()
		_, err := r.Get(b("a"))
		return err
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := e.View(ctx, func(r kv.Reader) error { return check(r, cancel) }); !errors.Is(err, context.Canceled) {
		t.Errorf("View returned %v, want Canceled", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	if err := e.Update(ctx, func(tx kv.Txn) error { return check(tx, cancel) }); !errors.Is(err, context.Canceled) {
		t.Errorf("Update returned %v, want Canceled", err)
	}
}

func contextDuringScan(t *testing.T, e kv.Engine) {
	const many = 5_000 // More than an engine may fetch at once.
	update(t, e, func(tx kv.Txn) error {
		for i := range many {
			if err := tx.Set(fmt.Appendf(nil, "%06d", i), nil); err != nil {
				return err
			}
		}
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	yielded := 0
	err := e.View(ctx, func(r kv.Reader) error {
		var last error
		for _, err := range r.Scan(kv.Range{}) {
			if last != nil {
				t.Error("the scan goes on after its error")
			}
			if last = err; err == nil {
				yielded++
			}
			cancel()
		}
		return last
	})
	if !errors.Is(err, context.Canceled) || yielded == many {
		t.Errorf("a cancelled scan yields %d of %d pairs and %v, want fewer and Canceled", yielded, many, err)
	}
}

func contextBeforeCommit(t *testing.T, e kv.Engine) {
	ctx, cancel := context.WithCancel(t.Context())
	err := e.Update(ctx, func(tx kv.Txn) error {
		defer cancel()
		return set(tx, "a", "1")
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Update returned %v, want Canceled", err)
	}
	wantStored(t, e)
}

func contextBetweenTries(t *testing.T, e kv.Engine) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	runs := 0
	err := e.Update(ctx, func(tx kv.Txn) error {
		if _, err := get(tx, "key"); err != nil {
			return err
		}
		if runs++; runs == 3 {
			cancel()
		}
		put(t, e, "key", fmt.Sprint(runs))
		return set(tx, "loser", "1")
	})
	if !errors.Is(err, context.Canceled) || runs != 3 {
		t.Errorf("Update returned %v after %d runs, want Canceled after 3", err, runs)
	}
	wantStored(t, e, "key=3")
}
