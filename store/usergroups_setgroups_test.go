package store

import (
	"errors"
	"testing"

	"github.com/musterhq/muster/authz"
)

// groupsIn are the ids of a user's groups.
func (l *fixture) groupsIn(user int) []int {
	l.t.Helper()
	return view(l, func(tx *Tx) (ids []int, err error) {
		groups, err := GroupsOf(tx, user)
		for _, g := range groups {
			ids = append(ids, g.GroupID)
		}
		return ids, err
	})
}

func TestSetGroups(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	strong := l.group("strong", grants{authz.UserAuditManagement: authz.Read})
	one, two, three := l.group("one"), l.group("two"), l.group("three")
	synced := l.directoryGroup("synced")
	clerk := l.user("clerk", l.group("clerks", grants{authz.UserAccountsManagement: authz.ReadWrite}))
	for _, c := range []struct {
		name    string
		in, set []int
		want    []int
		err     error
		by      Actor
		audited int
	}{
		{name: "some come, some go, some stay", in: []int{one, two}, set: []int{three, two}, want: []int{two, three}, audited: 2},
		{name: "a group twice", set: []int{one, one}, want: []int{one}, audited: 1},
		{name: "none", in: []int{one, two}, set: []int{}, want: nil, audited: 2},
		{name: "those that he is in", in: []int{one, synced}, set: []int{synced, one}, want: []int{one, synced}},
		{name: "what there is not, behind what there is", in: []int{one}, set: []int{two, 9999}, want: []int{one}, err: ErrNotFound},
		{name: "into what a directory decides", in: []int{one}, set: []int{two, synced}, want: []int{one}, err: ErrInDirectory},
		{name: "out of what a directory decides", in: []int{one, synced}, set: []int{two}, want: []int{one, synced}, err: ErrInDirectory},
		{name: "into what has rights that the actor lacks", in: []int{one}, set: []int{two, strong}, by: l.as(clerk), want: []int{one}, err: ErrDenied},
		{name: "out of it", in: []int{strong}, set: []int{}, by: l.as(clerk), want: []int{strong}, err: ErrDenied},
		{name: "beside it, which is out of reach too", in: []int{strong}, set: []int{strong, one}, by: l.as(clerk), want: []int{strong}, err: ErrDenied},
		{name: "nothing new, whatever it has", in: []int{strong}, set: []int{strong}, by: l.as(clerk), want: []int{strong}},
		{name: "by a clerk among equals", in: []int{one}, set: []int{two}, by: l.as(clerk), want: []int{two}, audited: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := l.in(t)
			user := l.user(c.name, c.in...)
			if c.by.UserName == "" {
				c.by = l.as(administratorID)
			}
			rows := l.audits(func() {
				err := l.try(c.by, func(tx *Tx) error { return SetGroups(tx, user, c.set) })
				if !errors.Is(err, c.err) {
					t.Errorf("the error is %v, want %v", err, c.err)
				}
			})
			equal(t, "groups", l.groupsIn(user), c.want)
			if len(rows) != c.audited {
				t.Errorf("audits: %q, want %d", rows, c.audited)
			}
		})
	}
}

// The last administrator cannot be taken out by what is said of all groups.
func TestSetGroupsKeepsAnAdministrator(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	other := l.group("other")
	l.change(func(tx *Tx) error { return SetGroups(tx, applicationID, []int{other}) })
	l.refused(ErrInvalid, func(tx *Tx) error { return SetGroups(tx, administratorID, []int{other}) })
	equal(t, "groups", l.groupsIn(administratorID), []int{Administrators})
}
