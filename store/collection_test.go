package store

import (
	"cmp"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

func TestARecordIsInsertedReadPutAndDeleted(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	w := Workgroup{Name: "Floor 1", OrganizationID: view(l, DefaultOrganization)}
	l.change(func(tx *Tx) error { return Workgroups.Insert(tx, &w) })
	if got := get(l, Workgroups, w.ID); *got != w {
		t.Errorf("inserted %v, read %v", w, *got)
	}
	raw := view(l, func(tx *Tx) (string, error) { raw, err := Workgroups.Raw(tx, w.ID); return string(raw), err })
	if want := fmt.Sprintf(`{"OrganizationID":%q,"ID":2,"Name":"Floor 1"}`, w.OrganizationID); raw != want {
		t.Errorf("stored as %s, want %s", raw, want)
	}
	w.Name = "Floor 2"
	l.change(func(tx *Tx) error { return Workgroups.Put(tx, &w) })
	if got := get(l, Workgroups, w.ID); *got != w {
		t.Errorf("put %v, read %v", w, *got)
	}
	l.change(func(tx *Tx) error { return Workgroups.Delete(tx, w.ID) })
	for _, id := range []int{w.ID, 0, -1} {
		if view(l, func(tx *Tx) (bool, error) { return Workgroups.Has(tx, id) }) {
			t.Errorf("there is a Workgroup %d", id)
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for name, test := range map[string]struct {
		do   func(*Tx) error
		says string
	}{
		"get":             {func(tx *Tx) error { _, err := Workgroups.Get(tx, 17); return err }, "Workgroup 17 not found"},
		"get, by pointer": {func(tx *Tx) error { _, err := Assets.Get(tx, 17); return err }, "Asset 17 not found"},
		"get, by text":    {func(tx *Tx) error { _, err := Sessions.Get(tx, "x"); return err }, `Session "x" not found`},
		"raw":             {func(tx *Tx) error { _, err := Assets.Raw(tx, 17); return err }, "Asset 17 not found"},
		"put":             {func(tx *Tx) error { return Workgroups.Put(tx, &Workgroup{ID: 17, Name: "x"}) }, "Workgroup 17 not found"},
		"delete":          {func(tx *Tx) error { return Assets.Delete(tx, 17) }, "Asset 17 not found"},
		"by an index":     {func(tx *Tx) error { _, err := UserByName(tx, "nobody"); return err }, `User "nobody" not found`},
	} {
		t.Run(name, func(t *testing.T) {
			l := l.in(t)
			if got := l.refused(ErrNotFound, test.do); got != test.says {
				t.Errorf("the error is %q, want %q", got, test.says)
			}
		})
	}
}

func TestPutOfAnEqualRecordWritesNothing(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	id := l.asset(Asset{AssetName: "srv01", IPAddress: "10.0.0.1", OperatingSystem: "Linux"})
	for name, put := range map[string]func(*Tx) error{
		"Workgroup": putAgain(Workgroups, firstWorkgroupID),
		"asset":     putAgain(Assets, id),
		"user":      putAgain(Users, administratorID),
		"secret":    putAgain(UserSecrets, administratorID),
		"group":     putAgain(UserGroups, Administrators),
		"asset made anew, its address in IPv6 form": func(tx *Tx) error {
			return Assets.Put(tx, &Asset{WorkgroupID: 1, AssetID: id, AssetName: "srv01", IPAddress: "::ffff:10.0.0.1", OperatingSystem: "Linux"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := l.in(t)
			l.clock.step(time.Minute)
			before := l.dump()
			l.change(put)
			if after := l.dump(); !maps.Equal(before, after) {
				t.Errorf("%d keys became %d, or others, or other values", len(before), len(after))
			}
		})
	}
}

// putAgain puts a record as it is stored.
func putAgain[ID int | string, T any](c *Collection[ID, T], id ID) func(*Tx) error {
	return func(tx *Tx) error {
		record, err := c.Get(tx, id)
		return cmp.Or(err, c.Put(tx, record))
	}
}

func TestWhatIsRefusedWritesNothing(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.asset(Asset{AssetName: "srv01", IPAddress: "10.0.0.1"})
	before := l.dump()
	l.refused(ErrExists, func(tx *Tx) error {
		if err := Workgroups.Insert(tx, &Workgroup{Name: "Floor 1", OrganizationID: view(l, DefaultOrganization)}); err != nil {
			return err
		}
		return Assets.Insert(tx, &Asset{WorkgroupID: firstWorkgroupID, AssetName: "srv01", IPAddress: "10.0.0.2"})
	})
	if after := l.dump(); !maps.Equal(before, after) {
		t.Errorf("%d keys became %d, or others, or other values", len(before), len(after))
	}
}

func TestAReadingTransactionDoesNotWrite(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for name, write := range map[string]func(*Tx) error{
		"insert": func(tx *Tx) error { return OperatingSystems.Insert(tx, &OperatingSystem{Name: "x"}) },
		"delete": func(tx *Tx) error { return Workgroups.Delete(tx, firstWorkgroupID) },
		"audit":  func(tx *Tx) error { return tx.Audit(record.ActionAdd, "Test") },
		"link":   func(tx *Tx) error { return GroupMember.Set(tx, 7, 7, 0) },
		"cut": func(tx *Tx) error {
			_, err := GroupMember.Cut(tx, Administrators, administratorID)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := l.in(t)
			_, err := View(l.ctx, l.DB, System("test"), func(tx *Tx) (struct{}, error) { return struct{}{}, write(tx) })
			if err == nil || !strings.Contains(err.Error(), "a write within a reading transaction") {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestAllYieldsRecordsInTheOrderOfTheirPlaces(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	other := l.workgroup("Floor 1", "")
	for i, workgroup := range []int{other, firstWorkgroupID, other, firstWorkgroupID} {
		l.asset(Asset{WorkgroupID: workgroup, AssetName: fmt.Sprint("srv", i), IPAddress: "10.0.0.1"})
	}
	got := []string{}
	for _, a := range view(l, func(tx *Tx) ([]*Asset, error) { return record.Collect(Assets.All(tx)) }) {
		got = append(got, fmt.Sprint(a.WorkgroupID, " ", a.AssetName))
	}
	equal(t, "assets", got, []string{"1 srv1", "1 srv3", "2 srv0", "2 srv2"})
}

func TestAMovedAssetTakesItsKeysAlong(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	from, to := 1, l.workgroup("Floor 1", "")
	a := &Asset{WorkgroupID: from, AssetName: "Srv01", IPAddress: "10.0.0.1"}
	l.change(func(tx *Tx) error { return Assets.Insert(tx, a) })
	keysIn := func(workgroup int) []string {
		address := a.address()
		tail := K(workgroup, a.AssetID)
		return []string{
			"as!p" + string(K(workgroup, address)), "as+", "as=" + string(tail), "as@" + string(K(a.AssetID)),
			"asa" + string(K("srv01", tail)), "asi" + string(K(address, tail)),
			"asn" + string(K(workgroup, "srv01")), "asp" + string(K(workgroup, address, tail)),
		}
	}
	equal(t, "keys of the asset", l.keys("as"), keysIn(from))
	a.WorkgroupID = to
	l.change(func(tx *Tx) error { return Assets.Put(tx, a) })
	equal(t, "keys of the moved asset", l.keys("as"), keysIn(to))
	l.change(func(tx *Tx) error { return Assets.Delete(tx, a.AssetID) })
	equal(t, "keys of the deleted asset", l.keys("as"), []string{"as+"})
}

func TestADamagedStoreSaysSo(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.unsound = true
	id := l.asset(Asset{AssetName: "srv01", IPAddress: "10.0.0.1"})
	record := Assets.Key(record.KindRecord, K(firstWorkgroupID, id))
	for name, damage := range map[string]func(kv.Txn) error{
		"a record that is no JSON":  func(w kv.Txn) error { return w.Set(record, []byte("{")) },
		"an index without a record": func(w kv.Txn) error { return w.Delete(record) },
	} {
		t.Run(name, func(t *testing.T) {
			l := l.in(t)
			if err := l.engine.Update(l.ctx, damage); err != nil {
				t.Fatal(err)
			}
			l.refused(ErrDamaged, func(tx *Tx) error { _, err := AssetByName(tx, firstWorkgroupID, "srv01"); return err })
		})
	}
}
