package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/store/record"
)

// dismissals are the ways to do away with an administrator.
var dismissals = map[string]func(tx *Tx, id int) error{
	"delete":     DeleteUser,
	"quarantine": func(tx *Tx, id int) error { _, err := QuarantineUser(tx, id); return err },
	"leave":      func(tx *Tx, id int) error { return Leave(tx, id, Administrators) },
	"deactivate": func(tx *Tx, id int) error {
		u, err := Users.Get(tx, id)
		if err != nil {
			return err
		}
		u.IsActive = false
		return Users.Put(tx, u)
	},
}

// administrators are those who can act.
func (l *fixture) administrators() []int {
	l.t.Helper()
	return view(l, func(tx *Tx) (able []int, err error) {
		for u, err := range MembersOf(tx, Administrators) {
			if err != nil {
				return nil, err
			}
			if u.mayAct() {
				able = append(able, u.UserID)
			}
		}
		return able, nil
	})
}

func TestTheLastActiveAdministratorStays(t *testing.T) {
	t.Parallel()
	for how, dismiss := range dismissals {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			plain := l.user("nobody")
			l.change(func(tx *Tx) error { return dismiss(tx, applicationID) })
			l.refused(ErrInvalid, func(tx *Tx) error { return dismiss(tx, administratorID) })
			if how != "leave" {
				l.change(func(tx *Tx) error { return dismiss(tx, plain) })
			}
			equal(t, "administrators", l.administrators(), []int{administratorID})
		})
	}
}

// Some who cannot act do not count, and may go.
func TestInactiveAdministratorsAreNone(t *testing.T) {
	t.Parallel()
	for how, dismiss := range dismissals {
		l := newFixture(t)
		l.change(func(tx *Tx) error { _, err := QuarantineUser(tx, applicationID); return err })
		l.refused(ErrInvalid, func(tx *Tx) error { return dismiss(tx, administratorID) })
		l.change(func(tx *Tx) error { return dismiss(tx, applicationID) })
		if got := l.administrators(); !slices.Equal(got, []int{administratorID}) {
			t.Errorf("%s: administrators %v", how, got)
		}
	}
}

// All administrators do away with each other in a ring, in whatever ways: one is left.
func TestAdministratorsDoAwayWithEachOther(t *testing.T) {
	t.Parallel()
	ways := slices.Sorted(func(yield func(string) bool) {
		for way := range dismissals {
			if !yield(way) {
				return
			}
		}
	})
	for round := range 4 * len(ways) {
		l := newFixture(t)
		ring := []int{administratorID, applicationID}
		if round%2 == 1 {
			ring = append(ring, l.user("third", Administrators))
		}
		errs := atOnce(len(ring), func(i int) error {
			dismiss := dismissals[ways[(round+i*(1+round/len(ways)))%len(ways)]]
			by := Actor{UserID: ring[i], Admin: true, Groups: []int{Administrators}}
			return Change(l.ctx, l.DB, by, func(tx *Tx) error { return dismiss(tx, ring[(i+1)%len(ring)]) })
		})
		refused := 0
		for _, err := range errs {
			if errors.Is(err, ErrInvalid) {
				refused++
			} else if err != nil {
				t.Errorf("round %d: %v", round, err)
			}
		}
		if left := l.administrators(); len(left) != 1 || refused != 1 {
			t.Errorf("round %d: administrators %v, %d refused", round, left, refused)
		}
	}
}

// A large group goes in small transactions, and nobody finds it in the meantime.
func TestTheEndOfALargeGroup(t *testing.T) {
	t.Parallel()
	const members = 1500
	l := newFixture(t)
	group, rule := l.group("large"), l.emptyRule("Rule")
	organization := view(l, DefaultOrganization)
	l.change(func(tx *Tx) error {
		for _, h := range holdingsOn(rule, organization) {
			if err := h.give(tx, group); err != nil {
				return err
			}
		}
		return nil
	})
	user := l.user("member", group)
	for n := range members / 100 {
		l.change(func(tx *Tx) error {
			for i := range 100 {
				if err := GroupMember.Set(tx.Unaudited(), group, 10_000+100*n+i, 0); err != nil {
					return err
				}
			}
			return nil
		})
	}
	before := l.as(user)
	audits := l.audits(func() { l.change(func(tx *Tx) error { return DeleteUserGroup(tx, group) }) })
	counts := fmt.Sprintf(`Members "%d" → "", Permissions "1" → "", API Registrations "1" → "", Smart Rules "1" → "", Organizations "1" → ""`, members+1)
	if len(audits) != 1 || !strings.HasPrefix(audits[0], "Delete User Group:") || !strings.HasSuffix(audits[0], counts) {
		t.Errorf("audits of the end: %q", audits)
	}
	if now := l.as(user); len(before.Groups) != 1 || len(now.Groups) != 0 {
		t.Errorf("groups before %v, now %v", before.Groups, now.Groups)
	}
	if groups := view(l, func(tx *Tx) ([]*UserGroup, error) { return GroupsOf(tx, user) }); len(groups) != 0 {
		t.Errorf("the user is still in %v", groups)
	}
	equal(t, "audits of the sweep", l.audits(l.sweep), []string{})
	for _, prefix := range []string{"gm>", "gr>", "ga>", "gs>", "go>", "ro="} {
		for _, key := range l.keys(prefix + string(K(group))) {
			t.Errorf("%q is left", key)
		}
	}
	if left := l.keys("ro="); len(left) != 0 {
		t.Errorf("%q are left", left)
	}
}

func TestTheEndOfAUser(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	group := l.group("group")
	user := l.user("user", group)
	l.change(func(tx *Tx) error {
		return errors.Join(SetPassword(tx, user, "hash"), LastLogins.Insert(tx, &LastLogin{UserID: user, Date: tx.Now}))
	})
	l.change(func(tx *Tx) error { return DeleteUser(tx, user) })
	if members := view(l, func(tx *Tx) ([]*User, error) { return record.Collect(MembersOf(tx, group)) }); len(members) != 0 {
		t.Errorf("members %v", members)
	}
	l.sweep()
	for _, prefix := range []string{"up=", "ul=", "gm<"} {
		for _, key := range l.keys(prefix + string(K(user))) {
			t.Errorf("%q is left", key)
		}
	}
}

// A session ends with the secret that it began with, also if that is the first, and does not come back after a quarantine.
func TestSessionsEndForGood(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for name, end := range map[string]func(tx *Tx, id int) error{
		"a first password":        func(tx *Tx, id int) error { return SetPassword(tx, id, "hash") },
		"a client secret":         func(tx *Tx, id int) error { return SetClientSecret(tx, id, "hash") },
		"a quarantine, lifted":    dismissals["quarantine"],
		"a deactivation, undone":  dismissals["deactivate"],
		"the end of the user":     DeleteUser,
		"a quarantine of another": func(tx *Tx, id int) error { return nil },
	} {
		id := l.user(name)
		token := update(l, func(tx *Tx) (string, error) {
			in, err := OnHost(tx, name)
			if err != nil {
				return "", err
			}
			token, _, err := NewSession(tx, in, "test", time.Hour, 0)
			return token, err
		})
		claims, err := l.Keys().Parse(token, "test", l.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		l.change(func(tx *Tx) error { return end(tx, id) })
		l.change(func(tx *Tx) error {
			u, err := Users.Get(tx, id)
			if err != nil {
				return record.Ignore(ErrNotFound, err)
			}
			u.IsQuarantined, u.IsActive = false, true
			return Users.Put(tx, u)
		})
		err = l.try(Actor{}, func(tx *Tx) error { _, _, err := Resume(tx, claims); return err })
		if ended := errors.Is(err, ErrSignIn); ended == (name == "a quarantine of another") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUsersAreFoundByWhatPeopleType(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	local := l.user("alice")
	address := l.user("bob@corp.example")
	directory := update(l, func(tx *Tx) ([]int, error) {
		var ids []int
		for _, name := range []string{"alice", "bob"} {
			u := &User{UserType: ActiveDirectoryType, UserName: name, DomainName: "corp.example", IsActive: true}
			if err := Users.Insert(tx, u); err != nil {
				return nil, err
			}
			ids = append(ids, u.UserID)
		}
		return ids, nil
	})
	for name, want := range map[string]int{
		"alice": local, "ALICE": local, `corp.example\alice`: directory[0], `CORP.example\Alice`: directory[0],
		"alice@corp.example": directory[0], "bob@corp.example": address, `corp.example\bob`: directory[1],
		"bob": 0, "alice@elsewhere": 0, "@corp.example": 0, `\alice`: local, "": 0,
	} {
		u, err := View(l.ctx, l.DB, System("test"), func(tx *Tx) (*User, error) { return UserByName(tx, name) })
		switch {
		case want == 0 && !errors.Is(err, ErrNotFound):
			t.Errorf("%q: %v %v, want nobody", name, u, err)
		case want != 0 && (err != nil || u.UserID != want):
			t.Errorf("%q: %v %v, want %d", name, u, err, want)
		}
	}
}
