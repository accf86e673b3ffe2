package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/musterhq/muster/store/record"
)

// TestRulesOfAnyTypeSelectWhatTheySay makes rules of accounts and systems by each of their criteria, and changes one.
func TestRulesOfAnyTypeSelectWhatTheySay(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	update(l, func(tx *Tx) (int, error) {
		o, err := DefaultOrganization(tx)
		if err != nil {
			return 0, err
		}
		w := &Workgroup{OrganizationID: o, Name: "Elsewhere"}
		return w.ID, cmp.Or(Workgroups.Insert(tx, w))
	})
	elsewhere := view(l, func(tx *Tx) (int, error) {
		w, err := WorkgroupByName(tx, "Elsewhere")
		return w.ID, err
	})
	l.accounts("srv01", "root", "admin")
	l.accounts("srv02", "root")
	l.change(func(tx *Tx) error {
		a := &Asset{WorkgroupID: elsewhere, IPAddress: "192.0.2.77", AssetName: "srv03"}
		if err := Assets.Insert(tx, a); err != nil {
			return err
		}
		s := &ManagedSystem{AssetID: &a.AssetID, PlatformID: 1}
		if err := ManagedSystems.Insert(tx, s); err != nil {
			return err
		}
		return ManagedAccounts.Insert(tx, &ManagedAccount{ManagedSystemID: s.ManagedSystemID, AccountName: "root"})
	})
	selected := func(r *SmartRule) []string {
		return view(l, func(tx *Tx) (names []string, err error) {
			accounts, err := AccountsOfRule(tx, r)
			if err != nil {
				return nil, err
			}
			for a, err := range accounts {
				if err != nil {
					return nil, err
				}
				names = append(names, a.System.SystemName+`\`+a.AccountName)
			}
			systems, err := SystemsOfRule(tx, r)
			if err != nil {
				return nil, err
			}
			for s, err := range systems {
				if err != nil {
					return nil, err
				}
				names = append(names, s.SystemName)
			}
			slices.Sort(names)
			return names, nil
		})
	}
	for _, c := range []struct {
		name, ruleType string
		by             Selection
		want           []string
	}{
		{"accounts of a name", ManagedAccountRule, Selection{AccountName: "ROOT"}, []string{`srv01\root`, `srv02\root`, `srv03\root`}},
		{"accounts on a system", ManagedAccountRule, Selection{SystemName: "SRV01"}, []string{`srv01\admin`, `srv01\root`}},
		{"accounts in a Workgroup", ManagedAccountRule, Selection{WorkgroupID: elsewhere}, []string{`srv03\root`}},
		{"accounts of a platform", ManagedAccountRule, Selection{PlatformID: 2, AccountName: "root"}, []string{`srv01\root`, `srv02\root`}},
		{"nothing fits", ManagedAccountRule, Selection{WorkgroupID: elsewhere, PlatformID: 2}, nil},
		{"systems of a name", ManagedSystemRule, Selection{SystemName: "srv02"}, []string{"srv02"}},
		{"systems of a platform", ManagedSystemRule, Selection{PlatformID: 2}, []string{"srv01", "srv02"}},
		{"systems in a Workgroup", ManagedSystemRule, Selection{WorkgroupID: elsewhere}, []string{"srv03"}},
	} {
		r := &SmartRule{Title: c.name, RuleType: c.ruleType}
		l.change(func(tx *Tx) error { r.SmartRuleID = 0; return InsertRule(tx, r, c.by) })
		equal(t, c.name, selected(r), c.want)
		l.change(func(tx *Tx) error { return PutRule(tx, r, Selection{SystemName: "srv01"}) })
		want := []string{"srv01"}
		if c.ruleType == ManagedAccountRule {
			want = []string{`srv01\admin`, `srv01\root`}
		}
		equal(t, c.name+", changed", selected(r), want)
	}
}

// TestSelectionsThatATypeDoesNotHave are refused.
func TestSelectionsThatATypeDoesNotHave(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for i, c := range []struct {
		ruleType string
		by       Selection
	}{
		{AssetRule, Selection{}},
		{AssetRule, Selection{SystemName: "srv01"}},
		{AssetRule, Selection{Attributes: []int{1, 16}}},
		{ManagedSystemRule, Selection{}},
		{ManagedSystemRule, Selection{SystemName: "x", AccountName: "root"}},
		{ManagedAccountRule, Selection{}},
		{ManagedAccountRule, Selection{AccountName: "x", Attributes: []int{16}}},
		{"Network", Selection{SystemName: "srv01"}},
	} {
		err := Change(l.ctx, l.DB, System("test"), func(tx *Tx) error {
			return InsertRule(tx, &SmartRule{Title: fmt.Sprint(i), RuleType: c.ruleType}, c.by)
		})
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s %+v: %v", c.ruleType, c.by, err)
		}
	}
}

// TestAWorkgroupIsADeviceGroup from its making on, with dates of its own.
func TestAWorkgroupIsADeviceGroup(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	group := func() DeviceGroup {
		return *view(l, func(tx *Tx) (*DeviceGroup, error) { return DeviceGroupOf(tx, firstWorkgroupID) })
	}
	if g := group(); g.CreatedDate != record.At(begin) || g.LastModified != record.At(begin) {
		t.Errorf("a new one: %+v", g)
	}
	l.clock.step(1e9)
	l.change(func(tx *Tx) error {
		w, err := Workgroups.Get(tx, firstWorkgroupID)
		w.Name = "Renamed"
		return cmp.Or(err, Workgroups.Put(tx, w))
	})
	if g := group(); g.CreatedDate != record.At(begin) || g.LastModified != record.At(begin).Add(1e9) {
		t.Errorf("renamed: %+v", g)
	}
	l.clock.step(1e9)
	l.change(func(tx *Tx) error {
		g, err := DeviceGroupOf(tx, firstWorkgroupID)
		g.AutoJoin = true
		return cmp.Or(err, PutDeviceGroup(tx, g))
	})
	if g := group(); g.LastModified != record.At(begin).Add(2e9) {
		t.Errorf("changed: %+v", g)
	}
	err := Change(l.ctx, l.DB, System("test"), func(tx *Tx) error {
		return PutDeviceGroup(tx, &DeviceGroup{WorkgroupID: firstWorkgroupID, PolicyID: 9})
	})
	if !errors.Is(err, ErrInvalid) {
		t.Errorf("a policy that there is not: %v", err)
	}
}

// TestRolesOfOnesOwn stand beside the built-in ones, and in entitlements.
func TestRolesOfOnesOwn(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	update(l, func(tx *Tx) (int, error) {
		r := &Role{Name: "Break Glass"}
		return r.RoleID, cmp.Or(OwnRoles.Insert(tx, r))
	})
	id := view(l, func(tx *Tx) (int, error) {
		r, err := RoleByName(tx, "break glass")
		return r.RoleID, err
	})
	if id < firstOwnID {
		t.Errorf("its id is %d", id)
	}
	l.accounts("srv01", "root")
	staff := l.people("staff", 1)
	l.change(func(tx *Tx) error {
		return cmp.Or(SetRuleLevel(tx, staff, allManagedAccounts, 1), SetRoles(tx, staff, allManagedAccounts, []int{id, 5}, 0))
	})
	equal(t, "entitlements", l.entitlements(System("test"), staff), []string{
		`staff staff-0 All Managed Accounts (Read) Auditor srv01\root`, `staff staff-0 All Managed Accounts (Read) Break Glass srv01\root`,
	})
	for _, r := range []*Role{{Name: "AUDITOR"}, {Name: "X", RoleID: 5}, {Name: "Break glass"}} {
		if err := Change(l.ctx, l.DB, System("test"), func(tx *Tx) error { return OwnRoles.Insert(tx, r) }); !errors.Is(err, ErrExists) {
			t.Errorf("%+v: %v", r, err)
		}
	}
}
