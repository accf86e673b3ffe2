package store

import (
	"bytes"
	"cmp"
	"fmt"
	"testing"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// TestGroupsOfAnOldStoreAreFoundByKind takes the entries away that a store of schema 1 does not have. That all of them are
// back is seen by the walk that ends every test, too.
func TestGroupsOfAnOldStoreAreFoundByKind(t *testing.T) {
	t.Parallel()
	const groups = kv.MaxWrites + 20 // more than a transaction takes
	l := newFixture(t)
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
		for pair, err := range tx.Reader.Scan(kv.Prefix(userGroupsByKind.Key(nil))) {
			if err != nil {
				return err
			}
			keys = append(keys, bytes.Clone(pair.Key))
		}
		for _, key := range keys {
			if err := tx.Writer.Delete(key); err != nil {
				return err
			}
		}
		return tx.Writer.Set(record.StoreKey("schema"), K(1))
	})
	l.reopen()
	for kind, want := range map[GroupKind]int{OwnGroups: groups + 1, DirectoryGroups: 1, AnyGroups: groups + 2} { // with Administrators
		got := view(l, func(tx *Tx) (int, error) { return record.CountOf(UserGroupsByName(tx, NameSearch{Of: kind})) })
		if got != want {
			t.Errorf("%d groups of kind %d, want %d", got, kind, want)
		}
	}
}

// TestAuditsOfAnOldStoreAreSealed takes away what a store of schema 1 does not have: marks, blocks and the end of the chain.
func TestAuditsOfAnOldStoreAreSealed(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for n := range kv.MaxWrites + 20 {
		l.change(func(tx *Tx) error {
			return tx.Audit(record.ActionView, "Row", record.Detail("Number", "", fmt.Sprint(n)))
		})
	}
	l.change(func(tx *Tx) error {
		for id, err := range record.Unsealed(tx) {
			if err != nil {
				return err
			}
			if err := tx.Writer.Delete(record.UnsealedKey(id)); err != nil {
				return err
			}
		}
		for pair, err := range tx.Reader.Scan(kv.Prefix(record.AuditSeals.Key(record.KindRecord, nil))) {
			if err == nil {
				err = tx.Writer.Delete(bytes.Clone(pair.Key))
			}
			if err != nil {
				return err
			}
		}
		return cmp.Or(tx.Writer.Delete(record.StoreKey(record.AuditHead)), tx.Writer.Set(record.StoreKey("schema"), K(1)))
	})
	l.reopen()
	if sealed, err := l.DB.SealAudits(t.Context()); err != nil || sealed < kv.MaxWrites+20 {
		t.Errorf("%d audits are sealed, %v", sealed, err)
	}
}
