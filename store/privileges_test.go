package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/musterhq/muster/authz"
)

// emptyRule inserts a Smart Rule and returns its id.
func (l *fixture) emptyRule(title string) int {
	l.t.Helper()
	return update(l, func(tx *Tx) (int, error) {
		r := &SmartRule{Title: title, RuleType: AssetRule}
		err := SmartRules.Insert(tx, r)
		return r.SmartRuleID, err
	})
}

// as is how a user acts now.
func (l *fixture) as(user int) Actor {
	l.t.Helper()
	r := view(l, func(tx *Tx) (*Rights, error) { return RightsOf(tx, user) })
	return Actor{UserID: user, UserName: r.User.UserName, Groups: r.Groups, Admin: r.Admin}
}

// try writes as somebody and returns how that ends.
func (l *fixture) try(by Actor, fn func(*Tx) error) error { return Change(l.ctx, l.DB, by, fn) }

// A holding is one thing that membership of a group brings.
type holding struct {
	name string
	give func(tx *Tx, group int) error
}

// holdingsOn are all the things there are, each of which somebody may lack. They are about a Smart Rule and an Organization.
func holdingsOn(rule int, organization string) []holding {
	permission := func(p authz.Permission, level authz.Level) func(*Tx, int) error {
		return func(tx *Tx, group int) error { return GroupPermission.Set(tx, group, int(p), int(level)) }
	}
	return []holding{
		{"Asset Management (Read) is", permission(authz.AssetManagement, authz.Read)},
		{"Asset Management (Read/Write) is", permission(authz.AssetManagement, authz.ReadWrite)},
		{"the same access to its Smart Rules is", func(tx *Tx, group int) error { return GroupRule.Set(tx, group, rule, int(authz.ReadWrite)) }},
		{"the same roles on its Smart Rules is", func(tx *Tx, group int) error {
			return RuleRoles.Insert(tx, &GroupRuleRoles{GroupID: group, SmartRuleID: rule, Roles: []int{2}})
		}},
		{"use of its API registrations is", func(tx *Tx, group int) error { return GroupRegistration.Set(tx, group, keyRegistration, 0) }},
		{"access to its Organizations is", func(tx *Tx, group int) error { return GroupOrganization.Set(tx, group, organization, 0) }},
	}
}

func TestNobodyChangesWhoHasWhatHeLacks(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	organization := view(l, DefaultOrganization)
	for _, h := range holdingsOn(l.emptyRule("Rule"), organization) {
		t.Run(h.name, func(t *testing.T) {
			weak, strong, member := l.group("weak "+h.name), l.group("strong "+h.name), l.group("members "+h.name)
			l.change(func(tx *Tx) error { return h.give(tx, strong) })
			low, peer, high := l.user("low "+h.name, weak), l.user("peer "+h.name, strong), l.user("high "+h.name, strong, member)
			for act, fn := range map[string]func(*Tx) error{
				"change the group":             func(tx *Tx) error { return MayChangeGroup(tx, strong) },
				"change the user":              func(tx *Tx) error { return MayChangeUser(tx, high) },
				"join the group":               func(tx *Tx) error { _, err := Join(tx, tx.By.UserID, strong); return err },
				"put the user into a group":    func(tx *Tx) error { _, err := Join(tx, high, weak); return err },
				"take the user out of a group": func(tx *Tx) error { return Leave(tx, high, member) },
				"delete the user":              func(tx *Tx) error { return DeleteUser(tx, high) },
				"delete the group":             func(tx *Tx) error { return DeleteUserGroup(tx, strong) },
				"take the group's permissions": func(tx *Tx) error { return ClearPermissions(tx, strong) },
			} {
				rollback := errors.New("rollback")
				without := func(tx *Tx) error { return errors.Join(fn(tx), rollback) }
				if err := l.try(l.as(low), without); !errors.Is(err, ErrDenied) || !strings.Contains(err.Error(), h.name+" required") {
					t.Errorf("%s by one who lacks it: %v", act, err)
				}
				if err := l.try(l.as(peer), without); errors.Is(err, ErrDenied) {
					t.Errorf("%s by one who has it: %v", act, err)
				}
				free := l.as(low)
				free.AllowEscalation = true
				if err := l.try(free, without); errors.Is(err, ErrDenied) {
					t.Errorf("%s by one who is free to: %v", act, err)
				}
				if err := l.try(l.as(administratorID), without); errors.Is(err, ErrDenied) {
					t.Errorf("%s by an administrator: %v", act, err)
				}
			}
		})
	}
}

func TestNobodyButAdministratorsChangesAnAdministrator(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	all := l.group("everything but that")
	l.change(func(tx *Tx) error {
		for _, p := range authz.Permissions() {
			if err := GroupPermission.Set(tx, all, int(p), int(authz.ReadWrite)); err != nil {
				return err
			}
		}
		return nil
	})
	by := l.as(l.user("almost", all))
	for act, fn := range map[string]func(*Tx) error{
		"the group":            func(tx *Tx) error { return MayChangeGroup(tx, Administrators) },
		"the user":             func(tx *Tx) error { return MayChangeUser(tx, administratorID) },
		"joining":              func(tx *Tx) error { _, err := Join(tx, by.UserID, Administrators); return err },
		"a key of their group": func(tx *Tx) error { _, err := Join(tx, administratorID, all); return err },
	} {
		if err := l.try(by, fn); !errors.Is(err, ErrDenied) || !strings.Contains(err.Error(), "membership of Administrators") {
			t.Errorf("%s: %v", act, err)
		}
	}
}

func TestEverybodyChangesHimself(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	asleep := update(l, func(tx *Tx) (int, error) {
		g := &UserGroup{Name: "asleep", GroupType: BeyondInsightType}
		if err := UserGroups.Insert(tx, g); err != nil {
			return 0, err
		}
		return g.GroupID, GroupPermission.Set(tx, g.GroupID, int(authz.EPM), int(authz.Read))
	})
	self, other := l.user("self", asleep), l.user("other")
	if err := l.try(l.as(self), func(tx *Tx) error { return MayChangeUser(tx, self) }); err != nil {
		t.Error(err)
	}
	if err := l.try(l.as(other), func(tx *Tx) error { return MayChangeUser(tx, self) }); !errors.Is(err, ErrDenied) {
		t.Errorf("somebody in an inactive group with a permission: %v", err)
	}
}

func TestNobodyGivesWhatHeLacks(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	rule, hidden := l.emptyRule("Rule"), l.emptyRule("Hidden")
	own := l.group("own")
	l.change(func(tx *Tx) error {
		return errors.Join(
			GroupPermission.Set(tx, own, int(authz.AssetManagement), int(authz.Read)),
			GroupRule.Set(tx, own, rule, int(authz.Read)),
			GroupRegistration.Set(tx, own, tokenRegistration, 0),
			RuleRoles.Insert(tx, &GroupRuleRoles{GroupID: own, SmartRuleID: rule, Roles: []int{2}}),
		)
	})
	user := l.user("giver", own)
	make := func(e GroupGrants) func(*Tx) error {
		return func(tx *Tx) error {
			return CreateUserGroup(tx, &UserGroup{Name: "new", GroupType: BeyondInsightType}, e)
		}
	}
	grant := func(p authz.Permission, level authz.Level) GroupGrants {
		return GroupGrants{Permissions: []authz.Grant{{Permission: p, Level: level}}}
	}
	access := func(rule int, level authz.Level) GroupGrants {
		return GroupGrants{Rules: []RuleAccess{{rule, level}}}
	}
	roles := func(policy int, ids ...int) func(*Tx) error {
		return func(tx *Tx) error { return SetRoles(tx, own, rule, ids, policy) }
	}
	for name, c := range map[string]struct {
		give          func(*Tx) error
		own, unbound  error // what it is for him, and for him if he is free to
		administrator error
	}{
		"his permission":               {make(grant(authz.AssetManagement, authz.Read)), nil, nil, nil},
		"his permission, written":      {make(grant(authz.AssetManagement, authz.ReadWrite)), ErrDenied, nil, nil},
		"another permission":           {make(grant(authz.EPM, authz.Read)), ErrDenied, nil, nil},
		"another permission's none":    {make(grant(authz.EPM, authz.None)), nil, nil, nil},
		"Secrets Safe":                 {make(grant(authz.SecretsSafe, authz.Read)), ErrDenied, ErrDenied, nil},
		"Secrets Safe's none":          {make(grant(authz.SecretsSafe, authz.None)), nil, nil, nil},
		"a permission to his group":    {func(tx *Tx) error { return SetPermissions(tx, own, grant(authz.EPM, authz.Read).Permissions) }, ErrDenied, nil, nil},
		"his rule":                     {make(access(rule, authz.Read)), nil, nil, nil},
		"his rule, written":            {make(access(rule, authz.ReadWrite)), ErrDenied, nil, nil},
		"a rule he cannot see":         {make(access(hidden, authz.Read)), ErrInvalid, nil, nil},
		"his registration":             {make(GroupGrants{Registrations: []int{tokenRegistration}}), nil, nil, nil},
		"another registration":         {make(GroupGrants{Registrations: []int{keyRegistration}}), ErrDenied, nil, nil},
		"his role":                     {roles(0, 2), nil, nil, nil},
		"his role and another":         {roles(0, 2, 4), ErrDenied, nil, nil},
		"no role":                      {roles(0), nil, nil, nil},
		"a role that is none":          {roles(0, 6), ErrInvalid, ErrInvalid, ErrInvalid},
		"a role twice":                 {roles(0, 2, 2), ErrInvalid, ErrInvalid, ErrInvalid},
		"a requestor without a policy": {roles(0, 1), ErrInvalid, ErrInvalid, ErrInvalid},
		"a policy that is none":        {roles(7, 1), ErrInvalid, ErrInvalid, ErrInvalid},
	} {
		rollback := errors.New("rollback")
		free := l.as(user)
		free.AllowEscalation = true
		for who, by := range map[string]struct {
			Actor
			want error
		}{"himself": {l.as(user), c.own}, "himself, free to": {free, c.unbound}, "an administrator": {l.as(administratorID), c.administrator}} {
			want := by.want
			if want == nil {
				want = rollback
			}
			err := l.try(by.Actor, func(tx *Tx) error {
				if err := c.give(tx); err != nil {
					return err
				}
				return rollback
			})
			if !errors.Is(err, want) {
				t.Errorf("%s by %s: %v, want %v", name, who, err, want)
			}
		}
	}
}

// A password is changed by one who may, or its owner gets more rights than he has: not both unseen.
func TestRightsThatComeInBetweenCount(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	own := l.group("own")
	changer, victim := l.user("changer", own), l.user("victim")
	by := l.as(changer)
	tries := 0
	err := l.try(by, func(tx *Tx) error {
		if err := MayChangeUser(tx, victim); err != nil {
			return err
		}
		if tries++; tries == 1 {
			l.change(func(tx *Tx) error { _, err := Join(tx, victim, Administrators); return err })
		}
		return SetPassword(tx, victim, "hash")
	})
	if !errors.Is(err, ErrDenied) {
		t.Errorf("after %d tries: %v", tries, err)
	}
}
