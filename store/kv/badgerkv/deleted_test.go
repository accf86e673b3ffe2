package badgerkv

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/musterhq/muster/store/kv"
)

// TestDeletedStaysDeleted is the short form of TestSoakDeletedStaysDeleted.
func TestDeletedStaysDeleted(t *testing.T) {
	t.Parallel()
	deletedStaysDeleted(t, 4, 500)
}

// deletedStaysDeleted writes, overwrites and deletes keys in rounds, and between them compacts the tables, collects the value
// log and opens the store again. After each of these it holds what was written last and not deleted, and nothing else.
func deletedStaysDeleted(t *testing.T, rounds, keys int) (deleted int) {
	t.Helper()
	o := Options{Dir: t.TempDir(), Key: masterKey, NoSync: true}
	e := open(t, o)
	want := map[string]string{}
	for round := range rounds {
		for range keys {
			key := fmt.Sprintf("key%05d", rand.IntN(keys*2))
			if _, there := want[key]; there && rand.IntN(2) == 0 {
				delete(want, key)
				deleted++
				update(t, e, func(tx kv.Txn) error { return tx.Delete([]byte(key)) })
				continue
			}
			want[key] = fmt.Sprintf("%d %0*d", round, rand.IntN(2000), 0)
			set(t, e, key, want[key])
		}
		mustHold(t, e, want, "after writing")
		if err := e.db.Flatten(2); err != nil {
			t.Fatal(err)
		}
		mustHold(t, e, want, "after compacting")
		if err := e.db.RunValueLogGC(0.01); err != nil && !errors.Is(err, badger.ErrNoRewrite) {
			t.Fatal(err)
		}
		mustHold(t, e, want, "after collecting")
		closeNow(t, e)
		e = open(t, o)
		mustHold(t, e, want, "after opening anew")
	}
	return deleted
}

func update(t *testing.T, e *Engine, fn func(kv.Txn) error) {
	t.Helper()
	if err := e.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// mustHold compares all that the store holds.
func mustHold(t *testing.T, e *Engine, want map[string]string, when string) {
	t.Helper()
	found := 0
	err := e.View(t.Context(), func(r kv.Reader) error {
		for pair, err := range r.Scan(kv.Range{}) {
			if err != nil {
				return err
			}
			found++
			if value, there := want[string(pair.Key)]; !there {
				return fmt.Errorf("%s %s is back", when, pair.Key)
			} else if value != string(pair.Value) {
				return fmt.Errorf("%s %s has an older value", when, pair.Key)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found != len(want) {
		t.Fatalf("%s %d keys are there, want %d", when, found, len(want))
	}
}
