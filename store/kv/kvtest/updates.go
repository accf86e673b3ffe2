package kvtest

import (
	"errors"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

var updates = []sentence{
	{"commits all that fn wrote", updateCommits},
	{"takes the last write of a key", updateLastWrite},
	{"deletes an absent key without an error", updateDeletesAbsent},
	{"rolls back on an error of fn and returns it as it is", updateError},
	{"rolls back on a panic of fn", updatePanic},
	{"may change what it scanned", updateSweep},
	{"may call Update for another transaction", updateNested},
	{"keeps the other transaction when it fails itself", updateNestedThenFails},
}

func updateCommits(t *testing.T, e kv.Engine) {
	put(t, e, "changed", "old", "deleted", "old", "kept", "old")
	update(t, e, func(tx kv.Txn) error {
		if err := tx.Delete(b("deleted")); err != nil {
			return err
		}
		return set(tx, "changed", "new", "created", "new")
	})
	wantStored(t, e, "changed=new", "created=new", "kept=old")
}

func updateLastWrite(t *testing.T, e kv.Engine) {
	put(t, e, "b", "old")
	update(t, e, func(tx kv.Txn) error {
		if err := set(tx, "a", "1", "a", "2", "b", "1"); err != nil {
			return err
		}
		if err := tx.Delete(b("b")); err != nil {
			return err
		}
		if err := tx.Delete(b("c")); err != nil {
			return err
		}
		return set(tx, "c", "1")
	})
	wantStored(t, e, "a=2", "c=1")
}

func updateDeletesAbsent(t *testing.T, e kv.Engine) {
	update(t, e, func(tx kv.Txn) error {
		if err := tx.Delete(b("absent")); err != nil {
			return err
		}
		return tx.Delete(b("absent"))
	})
	wantStored(t, e)
}

func updateError(t *testing.T, e kv.Engine) {
	put(t, e, "a", "old", "b", "old")
	want := errors.New("of fn")
	err := e.Update(t.Context(), func(tx kv.Txn) error {
		if err := set(tx, "a", "new", "c", "new"); err != nil {
			return err
		}
		if err := tx.Delete(b("b")); err != nil {
			return err
		}
		return want
	})
	if err != want {
		t.Errorf("Update returned %v, want fn's error itself", err)
	}
	wantStored(t, e, "a=old", "b=old")
}

func updatePanic(t *testing.T, e kv.Engine) {
	put(t, e, "a", "old")
	wantPanic(t, func() {
		_ = e.Update(t.Context(), func(tx kv.Txn) error {
			if err := set(tx, "a", "new", "b", "new"); err != nil {
				return err
			}
			for range tx.Scan(kv.Range{}) {
				panic("of fn")
			}
			return nil
		})
	})
	wantStored(t, e, "a=old")
	put(t, e, "a", "new")
	wantStored(t, e, "a=new")
}

func updateSweep(t *testing.T, e kv.Engine) {
	put(t, e, "a1", "x", "a2", "x", "a3", "x", "b1", "x")
	update(t, e, func(tx kv.Txn) error {
		var keys [][]byte
		for pair, err := range tx.Scan(kv.Prefix(b("a"))) {
			if err != nil {
				return err
			}
			keys = append(keys, append([]byte(nil), pair.Key...))
		}
		for _, key := range keys {
			if err := tx.Delete(key); err != nil {
				return err
			}
		}
		return nil
	})
	wantStored(t, e, "b1=x")
}

// updateNested takes a number from a sequence, which must stay taken whatever becomes of the taker.
func updateNested(t *testing.T, e kv.Engine) {
	put(t, e, "next", "7")
	update(t, e, func(outer kv.Txn) error {
		if err := set(outer, "outer", "1"); err != nil {
			return err
		}
		update(t, e, func(inner kv.Txn) error {
			if err := wantGet(t, inner, "next", "7"); err != nil {
				return err
			}
			return set(inner, "next", "8")
		})
		wantStored(t, e, "next=8")
		return set(outer, "taken", "7")
	})
	wantStored(t, e, "next=8", "outer=1", "taken=7")
}

func updateNestedThenFails(t *testing.T, e kv.Engine) {
	want := errors.New("of fn")
	err := e.Update(t.Context(), func(tx kv.Txn) error {
		put(t, e, "inner", "1")
		if err := set(tx, "outer", "1"); err != nil {
			return err
		}
		return want
	})
	if err != want {
		t.Errorf("Update returned %v, want fn's error itself", err)
	}
	wantStored(t, e, "inner=1")
}
