package badgerkv

import (
	"fmt"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

// TestOldVersionsStay holds a snapshot while its keys change and tables are written and merged.
func TestOldVersionsStay(t *testing.T) {
	t.Parallel()
	e := open(t, Options{Dir: t.TempDir(), Key: masterKey, NoSync: true})
	set(t, e, "key", "old")
	err := e.View(t.Context(), func(r kv.Reader) error {
		filler := string(make([]byte, kv.MaxValue))
		for i := range 160 { // five memtables
			set(t, e, "key", fmt.Sprint("new", i))
			set(t, e, fmt.Sprint("filler", i%4), filler)
		}
		if err := e.db.Flatten(1); err != nil {
			return err
		}
		values, err := r.Get([]byte("key"))
		if err == nil && string(values[0]) != "old" {
			t.Errorf("the snapshot has changed: %q", values[0])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
