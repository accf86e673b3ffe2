package store

import (
	"errors"
	"fmt"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

// TestARehearsalLeavesNothing makes things in a rehearsal, finds them in it, and nowhere afterwards, sequences included.
func TestARehearsalLeavesNothing(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	dump := func() (all []string) {
		view(l, func(tx *Tx) (struct{}, error) {
			for pair, err := range tx.Reader.Scan(kv.Range{}) {
				if err != nil {
					return struct{}{}, err
				}
				all = append(all, fmt.Sprintf("%x %x", pair.Key, pair.Value))
			}
			return struct{}{}, nil
		})
		return all
	}
	before := dump()
	err := Rehearse(l.ctx, l.DB, System("test"), func(tx *Tx) error {
		a := &Asset{WorkgroupID: firstWorkgroupID, IPAddress: "10.0.0.1", AssetName: "srv01"}
		if err := Assets.Insert(tx, a); err != nil {
			return err
		}
		if again := Assets.Insert(tx, &Asset{WorkgroupID: firstWorkgroupID, IPAddress: "10.0.0.2", AssetName: "SRV01"}); !errors.Is(again, ErrExists) {
			t.Errorf("the same name again: %v", again)
		}
		found, err := AssetByName(tx, firstWorkgroupID, "Srv01")
		if err != nil || found.AssetID != a.AssetID {
			t.Errorf("found %v: %v", found, err)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the store", dump(), before)
}
