package store

import (
	"fmt"
	"slices"
	"testing"

	"github.com/musterhq/muster/store/record"
)

// insertWorkgroups inserts n Workgroups of new names and returns their ids.
func (l *fixture) insertWorkgroups(prefix string, n int) (ids []int) {
	l.t.Helper()
	for i := range n {
		ids = append(ids, l.workgroup(fmt.Sprint(prefix, i), ""))
	}
	return ids
}

func ascending(first, n int) (ids []int) {
	for i := range n {
		ids = append(ids, first+i)
	}
	return ids
}

func TestIDsGoOnWithoutAGapAfterAClose(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	equal(t, "ids across the end of a block", l.insertWorkgroups("a", record.Leased), ascending(2, record.Leased))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l.reopen()
	equal(t, "ids after a close", l.insertWorkgroups("b", 3), ascending(2+record.Leased, 3))
}

func TestIDsAreNeverGivenOutAgain(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	ids := l.insertWorkgroups("a", 3)
	for _, id := range ids {
		l.change(func(tx *Tx) error { return Workgroups.Delete(tx, id) })
	}
	equal(t, "ids after deletes", l.insertWorkgroups("b", 3), ascending(ids[2]+1, 3))
	l.reopen() // without a close: the rest of the block is lost
	equal(t, "ids after a crash", l.insertWorkgroups("c", 3), ascending(2+record.Leased, 3))
}

// A new asset is not looked up: even a store that has lost count must give it an id that no other has.
func TestIDsLieBehindThoseOfAssets(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	insert := func(name string) *Asset {
		a := &Asset{WorkgroupID: firstWorkgroupID, AssetName: name, IPAddress: "10.0.0.1"}
		l.change(func(tx *Tx) error { return Assets.Insert(tx, a) })
		return a
	}
	first := insert("a")
	last := insert("b")
	l.change(func(tx *Tx) error { return tx.Writer.Delete(record.SequenceKey(Assets.Tag())) })
	l.reopen()
	if c := insert("c"); c.AssetID != last.AssetID+1 {
		t.Errorf("an asset behind %d and %d gets id %d", first.AssetID, last.AssetID, c.AssetID)
	}
}

func TestIDsOfManyWritersAreDistinct(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	const writers, each = 8, 20
	given := make([][]int, writers)
	for _, err := range atOnce(writers, func(i int) error {
		for range each {
			id, err := View(l.ctx, l.DB, System("test"), Workgroups.NextID)
			if err != nil {
				return err
			}
			given[i] = append(given[i], id)
		}
		return nil
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	for i, ids := range given {
		if !slices.IsSorted(ids) {
			t.Errorf("writer %d saw ids that do not increase: %v", i, ids)
		}
	}
	equal(t, "ids", slices.Sorted(slices.Values(slices.Concat(given...))), ascending(2, writers*each))
}

func TestTheStoreKeepsItsOwnIDsToItself(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	g := &UserGroup{GroupType: BeyondInsightType, Name: "Operators"}
	l.change(func(tx *Tx) error { return UserGroups.Insert(tx, g) })
	if g.GroupID != Administrators+1 {
		t.Errorf("the first group has the id %d", g.GroupID)
	}
}

// A caller may choose an id that the sequence has not come to yet. The record that comes to it later takes the next.
func TestAChosenIDIsSteppedOver(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	chosen := &UserGroup{GroupType: BeyondInsightType, GroupID: 3, Name: "Chosen"}
	l.change(func(tx *Tx) error { return UserGroups.Insert(tx, chosen) })
	ids := []int{}
	for i := range 3 {
		g := &UserGroup{GroupType: BeyondInsightType, Name: fmt.Sprint("Operators ", i)}
		l.change(func(tx *Tx) error { return UserGroups.Insert(tx, g) })
		ids = append(ids, g.GroupID)
	}
	equal(t, "ids", ids, []int{2, 4, 5})
	if got := get(l, UserGroups, 3).Name; got != "Chosen" {
		t.Errorf("group 3 is now %q", got)
	}
}

func TestAnUpdateThatFailsGivesNoIDBack(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.refused(ErrExists, func(tx *Tx) error {
		w, err := WorkgroupByName(tx, firstWorkgroup)
		if err != nil {
			return err
		}
		return Workgroups.Insert(tx, &Workgroup{Name: w.Name, OrganizationID: w.OrganizationID})
	})
	equal(t, "ids after a refused insert", l.insertWorkgroups("a", 2), ascending(3, 2))
}

func TestABlockIsNotGivenBackOnceAnotherWasLeased(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	equal(t, "ids of the one", l.insertWorkgroups("a", 1), ascending(2, 1))
	one := l.DB
	l.reopen()
	equal(t, "ids of the other", l.insertWorkgroups("b", 1), ascending(2+record.Leased, 1))
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	l.reopen()
	equal(t, "ids of the next", l.insertWorkgroups("c", 1), ascending(2+2*record.Leased, 1))
}
