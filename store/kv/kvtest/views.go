package kvtest

import (
	"errors"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

var views = []sentence{
	{"reads everything of one moment", viewSnapshot},
	{"does not wait for a writer", viewDuringUpdate},
	{"sees every Update that returned before it", viewLatest},
	{"returns the error of fn as it is", viewError},
	{"leaves a Reader that is dead once fn has returned", viewEnds},
	{"ends with a panic of fn", viewPanic},
}

func viewSnapshot(t *testing.T, e kv.Engine) {
	put(t, e, "changed", "old", "deleted", "old", "unread", "old")
	view(t, e, func(r kv.Reader) error {
		if err := wantGet(t, r, "changed", "old"); err != nil {
			return err
		}
		put(t, e, "changed", "new", "created", "new", "unread", "new")
		update(t, e, func(tx kv.Txn) error { return tx.Delete(b("deleted")) })
		for key, want := range map[string]string{
			"changed": "old", "deleted": "old", "unread": "old", "created": absent,
		} {
			if err := wantGet(t, r, key, want); err != nil {
				return err
			}
		}
		if err := wantScan(t, r, kv.Range{}, "changed=old", "deleted=old", "unread=old"); err != nil {
			return err
		}
		return wantScan(t, r, kv.Range{Reverse: true}, "unread=old", "deleted=old", "changed=old")
	})
	wantStored(t, e, "changed=new", "created=new", "unread=new")
}

func viewDuringUpdate(t *testing.T, e kv.Engine) {
	put(t, e, "a", "old")
	update(t, e, func(tx kv.Txn) error {
		if err := set(tx, "a", "new", "b", "new"); err != nil {
			return err
		}
		wantStored(t, e, "a=old")
		return nil
	})
	wantStored(t, e, "a=new", "b=new")
}

func viewLatest(t *testing.T, e kv.Engine) {
	for _, value := range []string{"1", "2", "3", "4", "5"} {
		put(t, e, "a", value)
		wantStored(t, e, "a="+value)
	}
}

func viewError(t *testing.T, e kv.Engine) {
	want := errors.New("of fn")
	if err := e.View(t.Context(), func(kv.Reader) error { return want }); err != want {
		t.Errorf("View returned %v, want fn's error itself", err)
	}
}

func viewEnds(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1")
	var r kv.Reader
	view(t, e, func(alive kv.Reader) error { r = alive; return nil })
	wantDead(t, r)

	var tx kv.Txn
	update(t, e, func(alive kv.Txn) error { tx = alive; return nil })
	wantDead(t, tx)
	if tx.Set(b("a"), b("2")) == nil {
		t.Error("Set after the end of its transaction returns no error")
	}
	if tx.Delete(b("a")) == nil {
		t.Error("Delete after the end of its transaction returns no error")
	}
	if tx.Add(b("a"), 1) == nil {
		t.Error("Add after the end of its transaction returns no error")
	}
	wantStored(t, e, "a=1")
}

func wantDead(t *testing.T, r kv.Reader) {
	t.Helper()
	if values, err := r.Get(b("a")); err == nil {
		t.Errorf("Get after the end of its transaction returns %q and no error", values)
	}
	if found, err := scan(r, kv.Range{}); err == nil {
		t.Errorf("Scan after the end of its transaction yields %q and no error", found)
	}
}

func viewPanic(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1")
	wantPanic(t, func() {
		_ = e.View(t.Context(), func(r kv.Reader) error {
			for range r.Scan(kv.Range{}) {
				panic("of fn")
			}
			return nil
		})
	})
	wantStored(t, e, "a=1") // And Close, at the end of this test, does not wait for the transaction.
}

func wantPanic(t *testing.T, fn func()) {
	t.Helper()
	defer func() {
		if got := recover(); got != "of fn" {
			t.Errorf("recovered %v, want the panic of fn", got)
		}
	}()
	fn()
}
