package store

import (
	"cmp"
	"errors"
	"maps"
	"testing"

	"github.com/musterhq/muster/authz"
)

// grants are what a group gives.
type grants = map[authz.Permission]authz.Level

// group inserts an active group and returns its id.
func (l *fixture) group(name string, gives ...grants) int {
	l.t.Helper()
	g := &UserGroup{Name: name, GroupType: BeyondInsightType, IsActive: true}
	l.change(func(tx *Tx) error {
		err := UserGroups.Insert(tx, g)
		for _, grants := range gives {
			for p, level := range grants {
				err = cmp.Or(err, GroupPermission.Set(tx, g.GroupID, int(p), int(level)))
			}
		}
		return err
	})
	return g.GroupID
}

// user inserts an active user with a secret and returns his id.
func (l *fixture) user(name string, groups ...int) int {
	l.t.Helper()
	u := &User{UserName: name, UserType: BeyondInsightType, IsActive: true}
	l.change(func(tx *Tx) error {
		err := Users.Insert(tx, u)
		err = cmp.Or(err, UserSecrets.Insert(tx, &UserSecret{UserID: u.UserID, Version: 1}))
		for _, g := range groups {
			err = cmp.Or(err, GroupMember.Set(tx, g, u.UserID, 0))
		}
		return err
	})
	return u.UserID
}

// edit changes one record.
func edit[ID int | string, T any](c *Collection[ID, T], id ID, change func(*T)) func(*Tx) error {
	return func(tx *Tx) error {
		record, err := c.Get(tx, id)
		if err != nil {
			return err
		}
		change(record)
		return c.Put(tx, record)
	}
}

func TestRightsAreTheUnionOfTheActiveGroups(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	const assets, scans = authz.AssetManagement, authz.ScanManagement
	const read, write = authz.Read, authz.ReadWrite
	readers := l.group("Readers", grants{assets: read, scans: read})
	writers := l.group("Writers", grants{assets: write})
	none := l.group("None", grants{assets: authz.None})
	inactive := l.group("Inactive", grants{scans: write})
	l.change(edit(UserGroups, inactive, func(g *UserGroup) { g.IsActive = false }))
	gone := l.group("Gone", grants{scans: write})
	l.change(func(tx *Tx) error { return UserGroups.Delete(tx, gone) }) // its links are another's to cut
	for name, test := range map[string]struct {
		groups, active []int
		admin          bool
		want           grants
	}{
		"no group":                       {nil, nil, false, grants{}},
		"one group":                      {[]int{readers}, []int{readers}, false, grants{assets: read, scans: read}},
		"the highest level wins":         {[]int{writers, none, readers}, []int{readers, writers, none}, false, grants{assets: write, scans: read}},
		"an inactive group":              {[]int{inactive}, nil, false, grants{}},
		"beside an active one":           {[]int{inactive, readers}, []int{readers}, false, grants{assets: read, scans: read}},
		"a group that is gone":           {[]int{gone, readers}, []int{readers}, false, grants{assets: read, scans: read}},
		"Administrators may do all":      {[]int{Administrators}, []int{Administrators}, true, grants{}},
		"the others count none the less": {[]int{Administrators, readers}, []int{Administrators, readers}, true, grants{assets: read, scans: read}},
	} {
		t.Run(name, func(t *testing.T) {
			l := l.in(t)
			id := l.user(name, test.groups...)
			got := view(l, func(tx *Tx) (*Rights, error) { return RightsOf(tx, id) })
			equal(t, "groups", got.Groups, test.active)
			if got.Admin != test.admin || !maps.Equal(got.Grants, test.want) || got.User.UserName != name {
				t.Errorf("got %+v, an administrator: %v; want %v", got.Grants, got.Admin, test.want)
			}
		})
	}
}

func TestWhoMayNotSignInHasNoRights(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for name, change := range map[string]func(id int) func(*Tx) error{
		"inactive":    func(id int) func(*Tx) error { return edit(Users, id, func(u *User) { u.IsActive = false }) },
		"quarantined": func(id int) func(*Tx) error { return edit(Users, id, func(u *User) { u.IsQuarantined = true }) },
		"gone":        func(id int) func(*Tx) error { return func(tx *Tx) error { return Users.Delete(tx, id) } },
	} {
		t.Run(name, func(t *testing.T) {
			l := l.in(t)
			id := l.user(name, Administrators)
			l.change(change(id))
			_, err := View(l.ctx, l.DB, System("test"), func(tx *Tx) (*Rights, error) { return RightsOf(tx, id) })
			if !errors.Is(err, ErrSignIn) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestARegistrationIsUsedThroughAGroup(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	with, without := l.group("With", nil), l.group("Without", nil)
	l.change(func(tx *Tx) error { return GroupRegistration.Set(tx, with, keyRegistration, 0) })
	for name, test := range map[string]struct {
		groups []int
		want   bool
	}{
		"the group lists it":          {[]int{with}, true},
		"the group does not":          {[]int{without}, false},
		"one of them does":            {[]int{without, with}, true},
		"no group":                    {nil, false},
		"administrators need it, too": {[]int{Administrators}, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := l.in(t)
			id := l.user(name, test.groups...)
			got := view(l, func(tx *Tx) (bool, error) {
				r, err := RightsOf(tx, id)
				if err != nil {
					return false, err
				}
				return r.MayUse(tx, keyRegistration)
			})
			if got != test.want {
				t.Errorf("may use it: %v", got)
			}
		})
	}
}

// What moves an epoch makes the rights of those concerned be read again, at their next request; what does not, costs nobody.
func TestWhatMovesWhoseEpoch(t *testing.T) {
	t.Parallel()
	const nobody, his, everybodys = "nobody's", "his own", "everybody's"
	for name, test := range map[string]struct {
		change func(l *fixture, user, group int) func(*Tx) error
		moves  string
	}{
		"another user is made": {func(*fixture, int, int) func(*Tx) error {
			return func(tx *Tx) error { return Users.Insert(tx, &User{UserType: BeyondInsightType, UserName: "hedda"}) }
		}, nobody},
		"the user is edited": {func(_ *fixture, user, _ int) func(*Tx) error {
			return edit(Users, user, func(u *User) { u.IsActive = false })
		}, his},
		"another is edited": {func(*fixture, int, int) func(*Tx) error {
			return edit(Users, administratorID, func(u *User) { u.FirstName = "X" })
		}, nobody},
		"the user is put as he is": {func(_ *fixture, user, _ int) func(*Tx) error { return putAgain(Users, user) }, nobody},
		"the user is deleted": {func(_ *fixture, user, _ int) func(*Tx) error {
			return func(tx *Tx) error { return Users.Delete(tx, user) }
		}, his},
		"his secret is changed": {func(_ *fixture, user, _ int) func(*Tx) error {
			return edit(UserSecrets, user, func(s *UserSecret) { s.Version++ })
		}, his},
		"he signs in": {func(_ *fixture, user, _ int) func(*Tx) error {
			return func(tx *Tx) error { return LastLogins.Insert(tx, &LastLogin{UserID: user, Date: tx.Now}) }
		}, nobody},
		"he joins a group": {func(_ *fixture, user, _ int) func(*Tx) error {
			return func(tx *Tx) error { return GroupMember.Set(tx, Administrators, user, 0) }
		}, his},
		"he joins a group that he is in": {func(_ *fixture, user, group int) func(*Tx) error {
			return func(tx *Tx) error { return GroupMember.Set(tx, group, user, 0) }
		}, nobody},
		"he leaves a group": {func(_ *fixture, user, group int) func(*Tx) error { return cutting(GroupMember, group, user, true) }, his},
		"a group is made": {func(*fixture, int, int) func(*Tx) error {
			return func(tx *Tx) error { return UserGroups.Insert(tx, &UserGroup{GroupType: BeyondInsightType, Name: "x"}) }
		}, nobody},
		"a group is edited": {func(_ *fixture, _, group int) func(*Tx) error {
			return edit(UserGroups, group, func(g *UserGroup) { g.IsActive = false })
		}, everybodys},
		"a group is put as it is": {func(_ *fixture, _, group int) func(*Tx) error { return putAgain(UserGroups, group) }, nobody},
		"a group is deleted": {func(_ *fixture, _, group int) func(*Tx) error {
			return func(tx *Tx) error { return UserGroups.Delete(tx, group) }
		}, everybodys},
		"a permission is given": {func(_ *fixture, _, group int) func(*Tx) error {
			return func(tx *Tx) error { return GroupPermission.Set(tx, group, int(authz.EPM), int(authz.Read)) }
		}, everybodys},
		"a permission is given again": {func(_ *fixture, _, group int) func(*Tx) error {
			return func(tx *Tx) error { return GroupPermission.Set(tx, group, int(authz.AssetManagement), int(authz.Read)) }
		}, nobody},
		"a permission is taken": {func(_ *fixture, _, group int) func(*Tx) error {
			return cutting(GroupPermission, group, int(authz.AssetManagement), true)
		}, everybodys},
		"a registration is listed": {func(_ *fixture, _, group int) func(*Tx) error {
			return func(tx *Tx) error { return GroupRegistration.Set(tx, group, tokenRegistration, 0) }
		}, everybodys},
		"an organization is opened": {func(_ *fixture, _, group int) func(*Tx) error {
			return func(tx *Tx) error { return GroupOrganization.Set(tx, group, "x", 0) }
		}, everybodys},
		"a registration is made": {func(*fixture, int, int) func(*Tx) error {
			return func(tx *Tx) error {
				return ApiRegistrations.Insert(tx, &ApiRegistration{Name: "x", RegistrationType: ApiKeyPolicy})
			}
		}, nobody},
		"a registration is edited": {func(*fixture, int, int) func(*Tx) error {
			return edit(ApiRegistrations, keyRegistration, func(r *ApiRegistration) { r.Active = false })
		}, everybodys},
		"a key is rotated": {func(*fixture, int, int) func(*Tx) error {
			return func(tx *Tx) error { return SetApiKey(tx, keyRegistration, "x") }
		}, everybodys},
		"a registration gets its first key": {func(*fixture, int, int) func(*Tx) error {
			return func(tx *Tx) error { return SetApiKey(tx, tokenRegistration, "x") }
		}, nobody},
		"an asset is made": {func(*fixture, int, int) func(*Tx) error {
			return func(tx *Tx) error {
				return Assets.Insert(tx, &Asset{WorkgroupID: firstWorkgroupID, IPAddress: "10.0.0.1"})
			}
		}, nobody},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			group := l.group("Operators", grants{authz.AssetManagement: authz.Read})
			user := l.user("olga", group)
			read := func(tx *Tx) (Epochs, error) { return epochs(tx, user) }
			before := view(l, read)
			l.change(test.change(l, user, group))
			after := view(l, read)
			if own := before[0] != after[0]; own != (test.moves == his) {
				t.Errorf("his own epoch moved: %v, from %d to %d", own, before[0], after[0])
			}
			if all := before[1] != after[1]; all != (test.moves == everybodys) {
				t.Errorf("everybody's epoch moved: %v, from %d to %d", all, before[1], after[1])
			}
		})
	}
}
