package badgerkv

import (
	"fmt"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

// TestTheLedgerForgets commits many keys, alone and beside a running transaction: what is known of them goes as soon as nobody can
// ask, else the memory of a server would grow with each key that it ever wrote.
func TestTheLedgerForgets(t *testing.T) {
	t.Parallel()
	e, err := Open(Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	write := func(from, to int) {
		t.Helper()
		for n := from; n < to; n++ {
			if err := e.Update(t.Context(), writing(fmt.Sprintf("key %d", n), "1")); err != nil {
				t.Fatal(err)
			}
		}
	}
	ledger := &e.commits.conflicts
	write(0, 100)
	if keys, commits := len(ledger.newest), len(ledger.commits); keys > 1 || commits > 1 {
		t.Errorf("%d keys of %d commits are remembered, and nobody can ask for any but the last", keys, commits)
	}
	err = e.Update(t.Context(), func(tx kv.Txn) error {
		write(100, 200)
		write(150, 200) // known by the later commit
		if keys, commits := len(ledger.newest), len(ledger.commits); keys < 100 || commits < 150 {
			t.Errorf("%d keys of %d commits are remembered beside a transaction that may have read them", keys, commits)
		}
		return tx.Set([]byte("own"), []byte("1"))
	})
	if err != nil {
		t.Fatal(err)
	}
	write(200, 202)
	if keys, commits := len(ledger.newest), len(ledger.commits); keys > 1 || commits > 1 {
		t.Errorf("%d keys of %d commits are remembered when the transaction has ended", keys, commits)
	}
}
