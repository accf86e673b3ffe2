package store

import (
	"errors"
	"fmt"
	"testing"
)

func TestAUniqueNameIsTakenOnce(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
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
	l := newFixture(t)
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
	l := newFixture(t)
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
