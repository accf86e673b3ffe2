package store

import (
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// people inserts a user group with n members and returns its id.
func (l *fixture) people(name string, n int) int {
	l.t.Helper()
	return update(l, func(tx *Tx) (int, error) {
		tx = tx.Unaudited()
		g := &UserGroup{Name: name, GroupType: BeyondInsightType, IsActive: true}
		if err := UserGroups.Insert(tx, g); err != nil {
			return 0, err
		}
		for i := range n {
			u := &User{UserType: ApplicationType, UserName: fmt.Sprintf("%s-%d", name, i), IsActive: true}
			if err := cmp.Or(Users.Insert(tx, u)); err != nil {
				return 0, err
			}
			if err := GroupMember.Set(tx, g.GroupID, u.UserID, 0); err != nil {
				return 0, err
			}
		}
		return g.GroupID, nil
	})
}

// accounts inserts managed accounts of the given names, on one system, and returns their ids.
func (l *fixture) accounts(system string, names ...string) (all []int) {
	l.t.Helper()
	asset := l.asset(Asset{IPAddress: "192.0.2.9", AssetName: system})
	id := update(l, func(tx *Tx) (int, error) {
		s := &ManagedSystem{AssetID: &asset, PlatformID: 2}
		err := ManagedSystems.Insert(tx, s)
		return s.ManagedSystemID, err
	})
	for some := range slices.Chunk(names, 100) {
		all = append(all, update(l, func(tx *Tx) (ids []int, err error) {
			for _, name := range some {
				a := &ManagedAccount{ManagedSystemID: id, AccountName: name}
				if err := ManagedAccounts.Insert(tx.Unaudited(), a); err != nil {
					return nil, err
				}
				ids = append(ids, a.ManagedAccountID)
			}
			return ids, nil
		})...)
	}
	return all
}

// allManagedAccounts is the id of the built-in rule.
const allManagedAccounts = 2

// entitlements prints what Entitlements yields, without administrators: group user rule level role account.
func (l *fixture) entitlements(by Actor, groups ...int) []string {
	l.t.Helper()
	rows, err := View(l.ctx, l.DB, by, func(tx *Tx) (rows []string, err error) {
		for e, err := range rowsOfEntitlements(tx, groups) {
			if err != nil {
				return nil, err
			}
			if e.IsAdministratorGroup {
				continue
			}
			rows = append(rows, fmt.Sprintf("%s %s %s (%s) %s %s\\%s", e.Name, e.UserName, e.Title, e.AccessLevel, e.RoleName, e.RationalizedSystemName, e.AccountName))
		}
		slices.Sort(rows)
		return rows, nil
	})
	if err != nil {
		l.t.Fatalf("%v", err)
	}
	return rows
}

// rowsOfEntitlements reads the rows back.
func rowsOfEntitlements(tx *Tx, groups []int) iter.Seq2[*RuleEntitlement, error] {
	return func(yield func(*RuleEntitlement, error) bool) {
		for row, err := range Entitlements(groups, true).Rows(tx, 0, math.MaxInt) {
			e := new(RuleEntitlement)
			if err == nil {
				err = json.Unmarshal(row, e)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func TestEntitlementsLeaveOutWhoAndWhatReachesNothing(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.accounts("srv01", "root")
	staff, idle := l.people("staff", 3), l.people("idle", 1)
	l.change(func(tx *Tx) error {
		for i, change := range []func(*User){func(u *User) { u.IsActive = false }, func(u *User) { u.IsQuarantined = true }} {
			u, err := UserByName(tx, fmt.Sprintf("staff-%d", i))
			if err != nil {
				return err
			}
			change(u)
			if err := Users.Put(tx, u); err != nil {
				return err
			}
		}
		g, err := UserGroups.Get(tx, idle)
		if err != nil {
			return err
		}
		g.IsActive = false
		return cmp.Or(
			UserGroups.Put(tx, g),
			GroupRule.Set(tx, idle, allManagedAccounts, int(authz.Read)),
			GroupRule.Set(tx, staff, allManagedAccounts, int(authz.Read)),
			GroupRule.Set(tx, staff, 1, int(authz.ReadWrite)),
			GroupRule.Set(tx, staff, 3, int(authz.ReadWrite)),
		)
	})
	want := []string{`staff staff-2 All Managed Accounts (Read)  srv01\root`}
	equal(t, "entitlements", l.entitlements(System("test")), want)
	equal(t, "of one group", l.entitlements(System("test"), idle), nil)
	equal(t, "for somebody who may not read the rule", l.entitlements(Actor{UserID: 9, Groups: []int{idle + 1}}), nil)
	equal(t, "for somebody who may not see the asset", l.entitlements(Actor{UserID: 9, Groups: []int{staff}}), nil)
}

func TestAdministratorsHaveOneEntitlementEach(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.accounts("srv01", "root", "admin")
	names := view(l, func(tx *Tx) (names []string, err error) {
		for e, err := range rowsOfEntitlements(tx, []int{Administrators}) {
			if err != nil {
				return nil, err
			}
			if !e.IsAdministratorGroup || e.ManagedAccountId != 0 || e.SmartRuleId != 0 {
				return nil, fmt.Errorf("%+v", *e)
			}
			names = append(names, e.UserName)
		}
		return names, nil
	})
	equal(t, "administrators", names, []string{"administrator", "muster"})
}

// The rows are put together from parts; they have to read as if they had been encoded whole.
func TestEntitlementsAreSpelledAsTheirTypes(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.accounts("srv01", "root", `<&>"`)
	staff := l.people("staff", 2)
	l.change(func(tx *Tx) error { return GroupRule.Set(tx, staff, allManagedAccounts, int(authz.Read)) })
	view(l, func(tx *Tx) (struct{}, error) {
		for row, err := range Entitlements(nil, false).Rows(tx, 0, math.MaxInt) {
			mustBeSpelled[Entitlement](t, row, err)
		}
		n := 0
		for row, err := range Entitlements(nil, true).Rows(tx, 1, 3) {
			mustBeSpelled[RuleEntitlement](t, row, err)
			n++
		}
		if total, err := Entitlements(nil, true).Count(tx); n != 3 || total != 6 || err != nil {
			t.Errorf("%d rows of %d: %v", n, total, err)
		}
		return struct{}{}, nil
	})
}

func mustBeSpelled[T any](t *testing.T, row json.RawMessage, err error) {
	t.Helper()
	e := new(T)
	if err == nil {
		err = json.Unmarshal(row, e)
	}
	whole, err2 := record.Encode(e)
	if err := cmp.Or(err, err2); err != nil || string(whole) != string(row) {
		t.Errorf("%v\n got %s\nwant %s", err, row, whole)
	}
}

// TestEntitlementsAreWhatBruteForceFinds draws groups, rules, roles and accounts and multiplies them out.
func TestEntitlementsAreWhatBruteForceFinds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := newFixture(rt)
		accounts := map[string][]int{"": nil}
		for _, system := range []string{"srv01", "srv02"} {
			names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"root", "admin", "sa"}), 0, 3, rapid.ID).Draw(rt, system)
			for i, id := range l.accounts(system, names...) {
				accounts[system+`\`+names[i]] = []int{id}
			}
		}
		rules := map[string]int{"All Managed Accounts": allManagedAccounts}
		delete(accounts, "")
		for name, id := range accounts {
			rules[name] = update(l, func(tx *Tx) (int, error) {
				r, err := InsertAccountRule(tx, id[0], name)
				if err != nil {
					return 0, err
				}
				return r.SmartRuleID, nil
			})
		}
		var want []string
		for _, group := range []string{"a", "b"} {
			members := rapid.IntRange(0, 3).Draw(rt, "members of "+group)
			id := l.people(group, members)
			for title, rule := range rules {
				level := rapid.SampledFrom(authz.Levels()).Draw(rt, "level of "+group)
				roles := rapid.SliceOfNDistinct(rapid.SampledFrom([]int{2, 4, 5}), 0, 3, rapid.ID).Draw(rt, "roles of "+group)
				if level == authz.None {
					roles = nil // there are none without a level
				}
				l.change(func(tx *Tx) error {
					if level != authz.None {
						if err := GroupRule.Set(tx, id, rule, int(level)); err != nil {
							return err
						}
					}
					return SetRoles(tx, id, rule, slices.Clone(roles), 0)
				})
				want = append(want, multiplied(group, members, title, level, roles, accounts)...)
			}
		}
		slices.Sort(want)
		equal(rt, "entitlements", l.entitlements(System("test")), want)
	})
}

func multiplied(group string, members int, rule string, level authz.Level, roles []int, accounts map[string][]int) (rows []string) {
	names := map[int]string{0: ""}
	for _, r := range builtInRoles() {
		names[r.RoleID] = r.Name
	}
	if len(roles) == 0 {
		roles = []int{0}
	}
	for account := range accounts {
		if level == authz.None || rule != "All Managed Accounts" && rule != account {
			continue
		}
		for i := range members {
			for _, role := range roles {
				rows = append(rows, fmt.Sprintf("%s %s-%d %s (%s) %s %s", group, group, i, rule, level, names[role], account))
			}
		}
	}
	return rows
}

// BenchmarkEntitlements reads the entitlements of 50 groups of 20 members each to 10,000 accounts: ten million rows.
func BenchmarkEntitlements(b *testing.B) {
	l := newFixture(b)
	names := make([]string, 10_000)
	for i := range names {
		names[i] = fmt.Sprintf("account-%d", i)
	}
	l.accounts("srv01", names...)
	for i := range 50 {
		id := l.people(fmt.Sprintf("group-%d", i), 20)
		l.change(func(tx *Tx) error { return GroupRule.Set(tx, id, allManagedAccounts, int(authz.Read)) })
	}
	list := Entitlements(nil, true)
	for b.Loop() {
		rows, bytes := 0, 0
		view(l, func(tx *Tx) (struct{}, error) {
			for row, err := range list.Rows(tx, 0, 1<<60) {
				if err != nil {
					return struct{}{}, err
				}
				rows, bytes = rows+1, bytes+len(row)
			}
			return struct{}{}, nil
		})
		b.ReportMetric(float64(rows), "rows")
		b.ReportMetric(float64(bytes)/1e6, "MB")
	}
}
