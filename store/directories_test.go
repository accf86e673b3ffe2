package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// ldapAccess is a directory with a credential that came along.
func ldapAccess() DirectoryAccess {
	return DirectoryAccess{
		Directory: Directory{Kind: LdapDirectoryType, Host: "ldap.example", Port: 636, UseSSL: true, Account: "cn=reader"}, Secret: "hunter2", IsNew: true,
	}
}

// directoryGroup makes a user group of a directory.
func (l *fixture) directoryGroup(name string) int {
	l.t.Helper()
	return update(l, func(tx *Tx) (int, error) {
		g := &UserGroup{Name: name, IsActive: true, AccountAttribute: "uid", MembershipAttribute: "member"}
		err := CreateDirectoryGroup(tx, ldapAccess(), DirectoryEntry{ID: name, Name: name, DistinguishedName: "cn=" + name}, g, GroupGrants{})
		return g.GroupID, err
	})
}

// synchronize brings a group to what a directory says.
func (l *fixture) synchronize(group int, members ...DirectoryEntry) SyncCounts {
	l.t.Helper()
	g := get(l, UserGroups, group)
	counts, err := SynchronizeGroup(l.ctx, l.DB, group, DirectoryMembers{
		Group: DirectoryEntry{ID: InDirectory(g.DirectoryEntry), Name: g.Name, DistinguishedName: string(g.DistinguishedName)}, Members: members,
	})
	if err != nil {
		l.t.Fatalf("synchronize: %v", err)
	}
	return counts
}

// person is an entry of a directory.
func person(id, name string) DirectoryEntry {
	return DirectoryEntry{ID: id, Name: name, DomainName: "ldap.example", DistinguishedName: "uid=" + name}
}

// mustHaveMembers compares the users in a group; one who is inactive stands in brackets.
func (l *fixture) mustHaveMembers(what string, group int, want ...string) {
	l.t.Helper()
	names := []string{}
	for _, u := range view(l, func(tx *Tx) ([]*User, error) { return record.Collect(MembersOf(tx, group)) }) {
		name := u.UserName
		if !u.IsActive {
			name = "(" + name + ")"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		l.t.Errorf("%s: the members are %q, want %q", what, names, want)
	}
}

func TestDirectoriesKeepTheirCredentials(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.directoryGroup("staff")
	l.directoryGroup("others") // with the same credential
	if got := view(l, func(tx *Tx) ([]*Directory, error) { return record.Collect(Directories.All(tx)) }); len(got) != 1 {
		t.Fatalf("%d directories, want one", len(got))
	}
	sealed := get(l, DirectoryCredentials, 1).Sealed
	opened := view(l, func(tx *Tx) (DirectoryAccess, error) { return OpenDirectory(tx, 1) })
	if bytes.Contains(sealed, []byte("hunter2")) || opened.Secret != "hunter2" || opened.IsNew || !opened.UseSSL || opened.Host != "ldap.example" {
		t.Errorf("sealed %q, opened %s", sealed, opened.Secret)
	}
	for _, form := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		for _, printed := range []string{fmt.Sprintf(form, opened), fmt.Sprintf(form, &opened), fmt.Sprintf(form, []DirectoryAccess{opened})} {
			if strings.Contains(printed, "hunter2") {
				t.Errorf("%s prints %s", form, printed)
			}
		}
	}
	rows := l.audits(func() {
		l.change(func(tx *Tx) error {
			a := ldapAccess()
			a.Host, a.Secret = "LDAP.example", "another"
			return SetDirectory(tx, &a)
		})
	})
	if want := []string{`Edit Directory Credential: DirectoryID "1" → "1", Secret "(hidden)" → "(hidden)"`}; !slices.Equal(rows, want) {
		t.Errorf("a new secret leaves %q", rows)
	}
	if again := view(l, func(tx *Tx) (DirectoryAccess, error) { return OpenDirectory(tx, 1) }); again.Secret != "another" {
		t.Error("the new secret is not there")
	}
	l.change(func(tx *Tx) error { return Directories.Delete(tx, 1) })
	if left := l.keys("dc="); len(left) > 0 {
		t.Errorf("the credential outlives its directory: %q", left)
	}
}

func TestStoredCredentialsAreFound(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.directoryGroup("staff")
	group := l.group("readers", grants{authz.CredentialManagement: authz.Read})
	reader := l.as(l.user("ursula", group))
	for name, test := range map[string]struct {
		by    Actor
		asked Directory
		want  error
	}{
		"by its host":               {reader, Directory{Kind: LdapDirectoryType, Host: "LDAP.Example"}, nil},
		"by its port too":           {reader, Directory{Kind: LdapDirectoryType, Host: "ldap.example", Port: 636}, nil},
		"another port":              {reader, Directory{Kind: LdapDirectoryType, Host: "ldap.example", Port: 389}, ErrInvalid},
		"another host":              {reader, Directory{Kind: LdapDirectoryType, Host: "ldap"}, ErrInvalid},
		"another kind":              {reader, Directory{Kind: ActiveDirectoryType, Host: "ldap.example"}, ErrInvalid},
		"a new one":                 {reader, Directory{Kind: LdapDirectoryType, Host: "ldap.example", Account: "cn=x"}, ErrDenied},
		"without permission":        {l.as(l.user("uma")), Directory{Kind: LdapDirectoryType, Host: "ldap.example"}, ErrDenied},
		"a new one of muster's own": {System("test"), Directory{Kind: LdapDirectoryType, Host: "ldap.example", Account: "cn=x"}, nil},
	} {
		err := l.try(test.by, func(tx *Tx) error { _, err := FindAccess(tx, DirectoryAccess{Directory: test.asked}); return err })
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

func TestASynchronizationIsOneAct(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	group := l.directoryGroup("staff")
	off := person("2", "bob")
	off.IsDisabled = true
	rows := l.audits(func() { l.synchronize(group, person("1", "alice"), off, person("3", "carol")) })
	if len(rows) != 1 || !strings.HasPrefix(rows[0], "Process User Group: GroupID") || !strings.Contains(rows[0], `Created "" → "3"`) {
		t.Errorf("it leaves %q", rows)
	}
	l.mustHaveMembers("at first", group, "alice", "(bob)", "carol")
	if rows := l.audits(func() { l.synchronize(group, person("1", "alice"), off, person("3", "carol")) }); len(rows) > 0 {
		t.Errorf("without a change it leaves %q", rows)
	}
	if counts := l.synchronize(group, person("1", "alicia"), person("2", "bob")); counts.Created != 0 || counts.Changed != 2 || counts.Joined != 0 || counts.Left != 1 {
		t.Errorf("it did %+v", counts)
	}
	l.mustHaveMembers("changed", group, "alicia", "bob")
}

// TestEntriesThatCannotBeUsers are skipped, and hold up nobody.
func TestEntriesThatCannotBeUsers(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	group := l.directoryGroup("staff")
	long, noisy, nameless, unnamed, binary := person("1", strings.Repeat("ä", 65)), person("2", "a\nb"), person("3", ""), person("", "x"), person("5", "\xff")
	fits := person("6", strings.Repeat("ä", 64))
	fits.FirstName, fits.LastName, fits.EmailAddress = strings.Repeat("x", 100), " a\x00b\xff ", "not an address"
	counts := l.synchronize(group, long, noisy, nameless, unnamed, binary, fits, person("7", "last"))
	if counts.Skipped != 5 || counts.Joined != 2 {
		t.Errorf("it did %+v", counts)
	}
	l.mustHaveMembers("the others", group, fits.Name, "last")
	u := view(l, func(tx *Tx) (*User, error) { return UserByName(tx, `ldap.example\`+fits.Name) })
	if len(u.FirstName) != 64 || u.LastName != "ab" || u.EmailAddress != "" {
		t.Errorf("fitted: %+v", u)
	}
}

// TestTheLastAdministratorOfADirectoryStays, whatever it says of him.
func TestTheLastAdministratorOfADirectoryStays(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	group := l.directoryGroup("staff")
	l.synchronize(group, person("1", "alice"), person("2", "bob"))
	alice := view(l, func(tx *Tx) (*User, error) { return UserByName(tx, `ldap.example\alice`) }).UserID
	l.change(func(tx *Tx) error {
		if _, err := Join(tx, alice, Administrators); err != nil {
			return err
		}
		for _, id := range []int{administratorID, applicationID} {
			if err := Leave(tx, id, Administrators); err != nil {
				return err
			}
		}
		return nil
	})
	off, other := person("1", "alice"), person("2", "bobby")
	off.IsDisabled = true
	if counts := l.synchronize(group, off, other); counts.Skipped != 1 {
		t.Errorf("it did %+v", counts)
	}
	l.mustHaveMembers("the administrator stays active", group, "alice", "bobby")
	l.refused(ErrInvalid, func(tx *Tx) error { return RefreshUser(tx, alice, nil) })
}

// TestDisabledUsersAreSignedOut and are not signed in again when they are enabled.
func TestDisabledUsersAreSignedOut(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	group := l.directoryGroup("staff")
	l.change(func(tx *Tx) error { return GroupRegistration.Set(tx, group, keyRegistration, 0) })
	l.synchronize(group, person("1", "alice"))
	token := l.session(`ldap.example\alice`, CookieLifetime, CookieIdle)
	resume := func() error {
		_, err := View(l.ctx, l.DB, Actor{Door: door}, func(tx *Tx) (*Session, error) { _, s, err := Resume(tx, token); return s, err })
		return err
	}
	if err := resume(); err != nil {
		t.Fatalf("at first: %v", err)
	}
	off := person("1", "alice")
	off.IsDisabled = true
	for _, e := range []DirectoryEntry{off, person("1", "alice")} {
		l.synchronize(group, e)
		if err := resume(); !errors.Is(err, ErrSignIn) {
			t.Errorf("disabled %t: %v", e.IsDisabled, err)
		}
	}
}

// TestMissedGroupsGiveNothing until their directory has them again.
func TestMissedGroupsGiveNothing(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	group := l.directoryGroup("staff")
	l.synchronize(group, person("1", "alice"))
	l.change(func(tx *Tx) error { return MarkGroupMissing(tx, group) })
	if g := get(l, UserGroups, group); g.IsActive || !g.IsGone {
		t.Errorf("the missed group is %+v", g)
	}
	l.mustHaveMembers("missed", group, "alice")
	l.synchronize(group, person("1", "alice"))
	if g := get(l, UserGroups, group); !g.IsActive || g.IsGone {
		t.Errorf("the group that is there again is %+v", g)
	}
	l.change(edit(UserGroups, group, func(g *UserGroup) { g.IsActive = false }))
	l.change(func(tx *Tx) error { return MarkGroupMissing(tx, group) })
	l.synchronize(group, person("1", "alice"))
	if get(l, UserGroups, group).IsActive {
		t.Error("a group that was inactive here is active")
	}
}

// TestDirectoriesAreAskedLast asks for a password only where it counts.
func TestDirectoriesAreAskedLast(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	group := l.directoryGroup("staff")
	l.change(func(tx *Tx) error { return GroupRegistration.Set(tx, group, keyRegistration, 0) })
	off := person("2", "off")
	off.IsDisabled = true
	l.synchronize(group, person("1", "alice"), off)
	l.change(edit(ApiRegistrations, keyRegistration, func(r *ApiRegistration) { r.UserPasswordRequired = true }))
	unreachable := errors.New("unreachable")
	for name, test := range map[string]struct {
		runas, key, password string
		says                 bool
		fails                error
		asked                bool
		want                 error
	}{
		"the right password": {`ldap.example\alice`, firstStart.ApiKey, "pw", true, nil, true, nil},
		"a wrong one":        {`ldap.example\alice`, firstStart.ApiKey, "pw", false, nil, true, ErrSignIn},
		"nobody answers":     {`ldap.example\alice`, firstStart.ApiKey, "pw", false, unreachable, true, unreachable},
		"an empty one":       {`ldap.example\alice`, firstStart.ApiKey, "", true, nil, false, ErrSignIn},
		"a long one":         {`ldap.example\alice`, firstStart.ApiKey, strings.Repeat("x", authz.MaxPassword+1), true, nil, false, ErrSignIn},
		"a wrong key":        {`ldap.example\alice`, strings.Repeat("0", 128), "pw", true, nil, false, ErrSignIn},
		"a disabled user":    {`ldap.example\off`, firstStart.ApiKey, "pw", true, nil, false, ErrSignIn},
		"a local user":       {"administrator", firstStart.ApiKey, "pw", true, nil, false, ErrSignIn},
	} {
		t.Run(name, func(t *testing.T) {
			l, asked := l.in(t), false
			_, err := CheckPSAuth(l.ctx, l.DB, Actor{Door: door}, authz.PSAuth{Key: test.key, RunAs: test.runas, Password: test.password, HasPassword: true},
				func(_ context.Context, u *User, password string) (bool, error) {
					asked = true
					if u.UserName != "alice" || password != test.password {
						t.Errorf("asked of %s", u.UserName)
					}
					return test.says, test.fails
				})
			if !errors.Is(err, test.want) || asked != test.asked {
				t.Errorf("got %v, asked %t", err, asked)
			}
		})
	}
}
