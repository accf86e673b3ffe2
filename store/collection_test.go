package store

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/store/kv"
)

func TestARecordIsInsertedReadPutAndDeleted(t *testing.T) {
	t.Parallel()
	l := newLab(t)
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
	l := newLab(t)
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

func TestAUniqueNameIsTakenOnce(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	organization := view(l, DefaultOrganization)
	l.asset(Asset{AssetName: "srv01", IPAddress: "10.0.0.1"})
	other := l.workgroup("Floor 1", "")
	for name, test := range map[string]struct {
		insert func(*Tx) error
		says   string // empty: it is free
	}{
		"Workgroup": {
			func(tx *Tx) error {
				return Workgroups.Insert(tx, &Workgroup{Name: "beyondtrust WORKGROUP", OrganizationID: organization})
			}, "A Workgroup by that name already exists"},
		"asset": {
			func(tx *Tx) error {
				return Assets.Insert(tx, &Asset{WorkgroupID: 1, AssetName: "SRV01", IPAddress: "10.0.0.2"})
			},
			"An Asset by that name already exists"},
		"asset of another Workgroup": {
			func(tx *Tx) error {
				return Assets.Insert(tx, &Asset{WorkgroupID: other, AssetName: "srv01", IPAddress: "10.0.0.2"})
			},
			""},
		"organization": {
			func(tx *Tx) error {
				return Organizations.Insert(tx, &Organization{OrganizationID: anotherOrganization, Name: "DEFAULT organization"})
			}, "An Organization by that name already exists"},
		"user": {
			func(tx *Tx) error {
				return Users.Insert(tx, &User{UserType: BeyondInsightType, UserName: "Administrator"})
			},
			"A User by that name already exists"},
		"user of a domain": {
			func(tx *Tx) error {
				return Users.Insert(tx, &User{UserType: BeyondInsightType, UserName: "administrator", DomainName: "LAB"})
			},
			""},
		"ClientID": {
			func(tx *Tx) error {
				return Users.Insert(tx, &User{UserType: BeyondInsightType, UserName: "x", ClientID: Text(firstStart.ClientID)})
			},
			"A User by that client ID already exists"},
		"group": {
			func(tx *Tx) error {
				return UserGroups.Insert(tx, &UserGroup{GroupType: BeyondInsightType, Name: "administrators"})
			},
			"A User Group by that name already exists"},
		"API registration": {
			func(tx *Tx) error {
				return ApiRegistrations.Insert(tx, &ApiRegistration{Name: "Muster Key", RegistrationType: ApiKeyPolicy})
			},
			"An API Registration by that name already exists"},
		"API key": {
			func(tx *Tx) error { return SetApiKey(tx, tokenRegistration, firstStart.ApiKey) },
			"An API Key by that key already exists"},
		"id": {
			func(tx *Tx) error {
				return UserGroups.Insert(tx, &UserGroup{GroupType: BeyondInsightType, GroupID: Administrators, Name: "Others"})
			},
			"User Group 1 already exists"},
	} {
		t.Run(name, func(t *testing.T) {
			l := l.in(t)
			if test.says == "" {
				l.change(test.insert)
				return
			}
			if got := l.refused(ErrExists, test.insert); got != test.says {
				t.Errorf("the error is %q, want %q", got, test.says)
			}
		})
	}
}

func TestANameIsFreeAgainOnceItsRecordHasAnother(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	id := l.asset(Asset{AssetName: "srv01", IPAddress: "10.0.0.1"})
	l.change(func(tx *Tx) error {
		return Assets.Put(tx, &Asset{WorkgroupID: 1, AssetID: id, AssetName: "SRV01", IPAddress: "10.0.0.1"})
	})
	l.change(func(tx *Tx) error {
		return Assets.Put(tx, &Asset{WorkgroupID: 1, AssetID: id, AssetName: "srv02", IPAddress: "10.0.0.1"})
	})
	second := l.asset(Asset{AssetName: "srv01", IPAddress: "10.0.0.1"})
	l.refused(ErrExists, func(tx *Tx) error {
		return Assets.Put(tx, &Asset{WorkgroupID: 1, AssetID: second, AssetName: "Srv02", IPAddress: "10.0.0.1"})
	})
	l.change(func(tx *Tx) error { return Assets.Delete(tx, id) })
	l.change(func(tx *Tx) error {
		return Assets.Put(tx, &Asset{WorkgroupID: 1, AssetID: second, AssetName: "Srv02", IPAddress: "10.0.0.1"})
	})
}

func TestOneOfManyCreatorsOfANameWins(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	const creators = 8
	organization := view(l, DefaultOrganization)
	for round := range 5 {
		name := fmt.Sprintf("Floor %d", round)
		won := 0
		for _, err := range atOnce(creators, func(int) error {
			return Change(l.ctx, l.DB, System("test"), func(tx *Tx) error {
				return Workgroups.Insert(tx, &Workgroup{Name: name, OrganizationID: organization})
			})
		}) {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, ErrExists):
				t.Errorf("a loser was told: %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d of %d creators won", won, creators)
		}
		view(l, func(tx *Tx) (*Workgroup, error) { return WorkgroupByName(tx, name) })
	}
}

func TestPutOfAnEqualRecordWritesNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t)
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
		return orElse(err, c.Put(tx, record))
	}
}

// dump is all that the store holds but for the sequences.
func (l *lab) dump() map[string]string {
	l.t.Helper()
	all := map[string]string{}
	err := l.engine.View(l.ctx, func(r kv.Reader) error {
		for pair, err := range r.Scan(kv.Range{}) {
			if err != nil {
				return err
			}
			if pair.Key[2] != kindSequence {
				all[string(pair.Key)] = string(pair.Value)
			}
		}
		return nil
	})
	if err != nil {
		l.t.Fatalf("%v", err)
	}
	return all
}

func TestWhatIsRefusedWritesNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t)
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
	l := newLab(t)
	for name, write := range map[string]func(*Tx) error{
		"insert": func(tx *Tx) error { return OperatingSystems.Insert(tx, &OperatingSystem{Name: "x"}) },
		"delete": func(tx *Tx) error { return Workgroups.Delete(tx, firstWorkgroupID) },
		"audit":  func(tx *Tx) error { return tx.Audit(ActionAdd, "Test") },
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
	l := newLab(t)
	other := l.workgroup("Floor 1", "")
	for i, workgroup := range []int{other, firstWorkgroupID, other, firstWorkgroupID} {
		l.asset(Asset{WorkgroupID: workgroup, AssetName: fmt.Sprint("srv", i), IPAddress: "10.0.0.1"})
	}
	got := []string{}
	for _, a := range view(l, func(tx *Tx) ([]*Asset, error) { return gather(Assets.All(tx)) }) {
		got = append(got, fmt.Sprint(a.WorkgroupID, " ", a.AssetName))
	}
	equal(t, "assets", got, []string{"1 srv1", "1 srv3", "2 srv0", "2 srv2"})
}

func TestAMovedAssetTakesItsKeysAlong(t *testing.T) {
	t.Parallel()
	l := newLab(t)
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
	l := newLab(t)
	l.unsound = true
	id := l.asset(Asset{AssetName: "srv01", IPAddress: "10.0.0.1"})
	record := Assets.key(kindRecord, K(firstWorkgroupID, id))
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
