package store

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

// TestGroupsOfAnOldStoreAreFoundByKind takes the entries away that a store of schema 1 does not have. That all of them are
// back is seen by the walk that ends every test, too.
func TestGroupsOfAnOldStoreAreFoundByKind(t *testing.T) {
	t.Parallel()
	const groups = kv.MaxWrites + 20 // more than a transaction takes
	l := newLab(t)
	for n := range groups / 20 {
		l.change(func(tx *Tx) error {
			for i := range 20 {
				g := &UserGroup{Name: fmt.Sprintf("group %04d", 20*n+i), GroupType: BeyondInsightType, IsActive: true}
				if err := UserGroups.Insert(tx.Unaudited(), g); err != nil {
					return err
				}
			}
			return nil
		})
	}
	l.directoryGroup("synced")
	l.change(func(tx *Tx) error {
		var keys [][]byte
		for pair, err := range tx.r.Scan(kv.Prefix(UserGroups.key(userGroupsByKind.kind, nil))) {
			if err != nil {
				return err
			}
			keys = append(keys, bytes.Clone(pair.Key))
		}
		for _, key := range keys {
			if err := tx.w.Delete(key); err != nil {
				return err
			}
		}
		return tx.w.Set(storeKey("schema"), K(1))
	})
	l.reopen()
	for kind, want := range map[GroupKind]int{OwnGroups: groups + 1, DirectoryGroups: 1, AnyGroups: groups + 2} { // with Administrators
		got := view(l, func(tx *Tx) (int, error) { return count(UserGroupsByName(tx, NameSearch{Of: kind})) })
		if got != want {
			t.Errorf("%d groups of kind %d, want %d", got, kind, want)
		}
	}
}

// TestAuditsOfAnOldStoreAreSealed takes away what a store of schema 1 does not have: marks, blocks and the end of the chain.
func TestAuditsOfAnOldStoreAreSealed(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for n := range kv.MaxWrites + 20 {
		l.change(func(tx *Tx) error { return tx.Audit(ActionView, "Row", Detail("Number", "", fmt.Sprint(n))) })
	}
	l.change(func(tx *Tx) error {
		for id, err := range unsealed(tx) {
			if err != nil {
				return err
			}
			if err := tx.w.Delete(unsealedKey(id)); err != nil {
				return err
			}
		}
		for pair, err := range tx.r.Scan(kv.Prefix(auditSeals.key(kindRecord, nil))) {
			if err == nil {
				err = tx.w.Delete(bytes.Clone(pair.Key))
			}
			if err != nil {
				return err
			}
		}
		return first(tx.w.Delete(storeKey(auditHead)), tx.w.Set(storeKey("schema"), K(1)))
	})
	l.reopen()
	if sealed, err := SealAudits(t.Context(), l.DB); err != nil || sealed < kv.MaxWrites+20 {
		t.Errorf("%d audits are sealed, %v", sealed, err)
	}
}
