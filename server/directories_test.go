package server_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/directory/directorytest"
	"github.com/musterhq/muster/store"
)

func TestDirectoryUsersAreMade(t *testing.T) {
	t.Parallel()
	l := newLDAPLab(t)
	dn := l.AddUser("alice", "givenName: Alice", "mail: alice@lab.example")
	u := l.newUser(dn)
	want := seenUser{u.UserID, "alice", "localhost", dn, "Alice", "of the lab", "alice@lab.example", true}
	if u != want {
		t.Errorf("got %+v, want %+v", u, want)
	}
	if answer := l.ask("POST", "Users", l.userBody(dn, ""), 409, nil); !strings.Contains(answer, "exists") {
		t.Errorf("twice: %s", answer)
	}
	// The stored credential does for the next one; a wrong one is refused and does not replace it.
	bob := l.AddUser("bob")
	wrong := fmt.Sprintf(`,"BindUser":%q,"BindPassword":"hunter2","Port":%d`, directorytest.ServiceDN, l.Port)
	if answer := l.ask("POST", "Users", l.userBody(bob, wrong), 400, nil); !strings.Contains(answer, "bind: the credential was refused") || strings.Contains(answer, "hunter2") {
		t.Errorf("a wrong password: %s", answer)
	}
	l.ask("POST", "Users", l.userBody(bob, ""), 201, nil)
	for name, test := range map[string][2]string{
		"nobody":      {"uid=nobody,ou=people," + directorytest.Suffix, "there is no such entry"},
		"no name":     {"alice", "it is no distinguished name"},
		"no user":     {"ou=people," + directorytest.Suffix, "the entry is no user"},
		"no uid":      {directorytest.ServiceDN, "the entry has no uid"},
		"a long name": {l.AddUser(strings.Repeat("x", 65)), "longer than 64"},
	} {
		if answer := l.ask("POST", "Users", l.userBody(test[0], ""), 400, nil); !strings.Contains(answer, test[1]) {
			t.Errorf("%s: %s", name, answer)
		}
	}
	l.ask("PUT", fmt.Sprintf("Users/%d", u.UserID), `{"UserName":"x","FirstName":"X","EmailAddress":"x@lab.example"}`, 400, nil)
	for _, name := range []string{`localhost\alice`, "alice@localhost", `LOCALHOST\Alice`} {
		if answer := l.ask("GET", "Users?username="+url.QueryEscape(name), "", 200, nil); !strings.Contains(answer, `"UserName":"alice"`) {
			t.Errorf("%s: %s", name, answer)
		}
	}
}

// TestDirectoryNamesAreOnlyNames makes users and a group of names that mean something in filters, distinguished names and JSON.
func TestDirectoryNamesAreOnlyNames(t *testing.T) {
	t.Parallel()
	l := newLDAPLab(t)
	odd := []string{`*)(uid=*`, `Doe, John`, `"quoted"`, `#1`, `a+b=c;<d>`, `back\slash`, `ünïcødé`, ` blanks `}
	var dns []string
	for _, name := range odd {
		dns = append(dns, l.AddUser(name))
	}
	for i, dn := range dns[:4] {
		if u := l.newUser(dn); u.UserName != odd[i] {
			t.Errorf("%q is %+v", odd[i], u)
		}
	}
	g := l.newGroup(`odd, "group" *)(`, l.AddGroup(`odd, "group" *)(`, dns...))
	l.mustHave("all", g.GroupID, odd...)
	for _, name := range []string{`*)(uid=*`, `Doe, John`, `"quoted"`, `#1`, `back\slash`} {
		if status := l.signIn(`localhost\`+name, "pw of "+name); status != 200 {
			t.Errorf("%s signs in: %d", name, status)
		}
		if status := l.signIn(`localhost\`+name, "pw of *"); status != 401 {
			t.Errorf("%s signs in with another password: %d", name, status)
		}
	}
}

// TestDirectoryGroupsFollow has members come and go, be renamed, disabled, enabled, deleted and made again.
func TestDirectoryGroupsFollow(t *testing.T) {
	t.Parallel()
	l := newLDAPLab(t)
	alice, bob, carol := l.AddUser("alice"), l.AddUser("bob"), l.AddUser("carol")
	inner := l.AddGroup("inner", carol)
	outer := l.AddGroup("outer", alice, bob, inner)
	g := l.newGroup("Staff", outer)
	if g.Name != "Staff" || g.DistinguishedName != outer || g.GroupType != "LdapDirectory" || g.AccountAttribute != "uid" || g.MembershipAttribute != "member" || !g.IsActive {
		t.Errorf("the group is %+v", g)
	}
	l.mustHave("at first", g.GroupID, "alice", "bob", "carol")
	ids := l.ask("GET", "Users?includeInactive=true", "", 200, nil)

	renamed := l.Rename(alice, "uid=alicia")
	l.Set(outer, "member", renamed, bob, inner)
	l.mustHave("renamed", g.GroupID, "alicia", "bob", "carol")
	if now := l.ask("GET", "Users?includeInactive=true", "", 200, nil); strings.Count(now, "UserID") != strings.Count(ids, "UserID") {
		t.Errorf("a renamed user was made anew: %s", now)
	}
	l.Set(bob, "pwdAccountLockedTime", "000001010000Z")
	l.mustHave("disabled", g.GroupID, "alicia", "(bob)", "carol")
	l.Set(bob, "pwdAccountLockedTime")
	l.mustHave("enabled", g.GroupID, "alicia", "bob", "carol")
	l.Set(inner, "member", outer)
	l.mustHave("no more within", g.GroupID, "alicia", "bob")
	l.Delete(bob)
	l.mustHave("deleted", g.GroupID, "alicia")
	l.Set(outer, "member", "cn=nobody")
	l.mustHave("emptied by the directory", g.GroupID)
	l.Set(outer, "member", renamed)
	l.mustHave("back", g.GroupID, "alicia")

	moved := l.Rename(outer, "cn=moved")
	l.mustHave("a renamed group", g.GroupID, "alicia")
	l.ask("GET", fmt.Sprintf("UserGroups/%d", g.GroupID), "", 200, &g)
	if g.DistinguishedName != moved || g.Name != "Staff" {
		t.Errorf("the renamed group is %+v", g)
	}
	l.Delete(moved)
	l.mustHave("a deleted group", g.GroupID, "alicia")
	l.ask("GET", fmt.Sprintf("UserGroups/%d", g.GroupID), "", 200, &g)
	if g.IsActive {
		t.Error("a group that its directory has no more still gives rights")
	}
}

// TestDirectoryNamesChangeHands exchanges the names of two users, deletes a third and makes another one of his name.
func TestDirectoryNamesChangeHands(t *testing.T) {
	t.Parallel()
	l := newLDAPLab(t)
	alice, bob, carol := l.AddUser("alice"), l.AddUser("bob"), l.AddUser("carol")
	staff := l.AddGroup("staff", alice, bob, carol)
	g := l.newGroup("Staff", staff)
	l.mustHave("at first", g.GroupID, "alice", "bob", "carol")
	ids := map[string]int{}
	known := func() (users []seenUser) {
		l.ask("GET", "Users?includeInactive=true", "", 200, &users)
		return users
	}
	for _, u := range known() {
		ids[u.UserName] = u.UserID
	}
	was := l.Rename(alice, "uid=x")
	alice = l.Rename(bob, "uid=alice")
	bob = l.Rename(was, "uid=bob")
	l.Delete(carol)
	l.AddUser("carol")
	l.Set(staff, "member", alice, bob, carol)
	l.mustHave("afterwards", g.GroupID, "alice", "bob", "carol")
	for _, u := range known() {
		switch {
		case u.UserName == "alice" && u.UserID != ids["bob"], u.UserName == "bob" && u.UserID != ids["alice"]:
			t.Errorf("%s is user %d", u.UserName, u.UserID)
		case u.UserName == "carol" && u.UserID == ids["carol"]:
			t.Error("the new carol is the old one")
		case u.UserID == ids["carol"] && u.IsActive:
			t.Errorf("the old carol is %+v", u)
		}
	}
	if status := l.signIn(`localhost\alice`, "pw of bob"); status != 200 {
		t.Errorf("who is called alice now signs in: %d", status)
	}
	if status := l.signIn(`localhost\alice`, "pw of alice"); status != 401 {
		t.Errorf("who was called alice signs in: %d", status)
	}
}

// TestNamesAreTakenFromNobody calls the members of a group by an attribute in which one of them may write what he likes.
func TestNamesAreTakenFromNobody(t *testing.T) {
	t.Parallel()
	l := newLDAPLab(t)
	boss := l.newUser(l.AddUser("boss"))
	mallory := l.AddUser("mallory", "description: boss")
	body := strings.Replace(l.groupBody("Staff", l.AddGroup("staff", mallory), ""), `"accountAttribute":"uid"`, `"accountAttribute":"description"`, 1)
	var g seenGroup
	l.ask("POST", "UserGroups", body, 201, &g)
	l.mustHave("nobody can be called so", g.GroupID)
	if answer := l.ask("GET", "Users?username="+url.QueryEscape(`localhost\boss`), "", 200, nil); !strings.Contains(answer, fmt.Sprintf(`"UserID":%d,`, boss.UserID)) {
		t.Errorf("boss is %s", answer)
	}
}

// TestDirectoryGroupsBelongToTheirDirectory changes memberships here.
func TestDirectoryGroupsBelongToTheirDirectory(t *testing.T) {
	t.Parallel()
	l := newLDAPLab(t)
	staff := l.AddGroup("staff", l.AddUser("alice"))
	g := l.newGroup("Staff", staff)
	l.mustHave("at first", g.GroupID, "alice")
	u, err := store.View(t.Context(), l.db, system, func(tx *store.Tx) (*store.User, error) { return store.UserByName(tx, `localhost\alice`) })
	must(t, err)
	for _, request := range []string{"POST Users/1/UserGroups/%[1]d", "DELETE Users/%[2]d/UserGroups/%[1]d"} {
		method, path, _ := strings.Cut(fmt.Sprintf(request, g.GroupID, u.UserID), " ")
		if answer := l.ask(method, path, "", 400, nil); !strings.Contains(answer, "comes from a directory") {
			t.Errorf("%s: %s", request, answer)
		}
	}
	if answer := l.ask("POST", "UserGroups", l.groupBody("Again", staff, ""), 409, nil); !strings.Contains(answer, "exists") {
		t.Errorf("twice: %s", answer)
	}
	if answer := l.ask("POST", "UserGroups", l.groupBody("Staff", l.AddGroup("other", "cn=x"), ""), 409, nil); !strings.Contains(answer, "name already exists") {
		t.Errorf("another one of that name: %s", answer)
	}
	if answer := l.ask("POST", "UserGroups", l.groupBody("Nobody", "cn=nobody,"+directorytest.Suffix, ""), 400, nil); !strings.Contains(answer, "there is no such entry") {
		t.Errorf("no group: %s", answer)
	}
	l.ask("DELETE", fmt.Sprintf("Users/%d", u.UserID), "", 200, nil)
	l.mustHave("a user who was deleted here only", g.GroupID, "alice")
	l.ask("DELETE", fmt.Sprintf("UserGroups/%d", g.GroupID), "", 200, nil)
}

// TestTheBackgroundFollowsDirectories brings groups and lone users up to date without anybody asking.
func TestTheBackgroundFollowsDirectories(t *testing.T) {
	t.Parallel()
	l := newLDAPLab(t)
	alice, lone, gone := l.AddUser("alice"), l.AddUser("lone"), l.AddUser("gone")
	staff := l.AddGroup("staff", alice)
	g := l.newGroup("Staff", staff)
	one, other := l.newUser(lone), l.newUser(gone)
	l.Rename(lone, "uid=renamed")
	l.Delete(gone)
	l.roster.SynchronizeAll(t.Context())
	l.Slapd.Stop()
	l.mustHave("brought in by the background", g.GroupID, "alice")
	var u seenUser
	if l.ask("GET", fmt.Sprintf("Users/%d", one.UserID), "", 200, &u); u.UserName != "renamed" || !u.IsActive {
		t.Errorf("the renamed user is %+v", u)
	}
	if l.ask("GET", fmt.Sprintf("Users/%d", other.UserID), "", 200, &u); u.IsActive {
		t.Errorf("the deleted user is %+v", u)
	}
}

// TestALargeGroupIsOneAct brings in more members than a transaction holds.
func TestALargeGroupIsOneAct(t *testing.T) {
	t.Parallel()
	l := newLDAPLab(t)
	const many = 600
	var dns []string
	for i := range many {
		dns = append(dns, l.AddUser(fmt.Sprintf("user%03d", i)))
	}
	l.AddGroup("large", dns...)
	l.newUser(l.AddUser("twin"))
	g := l.newGroup("Large", "cn=large,ou=groups,"+directorytest.Suffix)
	if got := l.members(g.GroupID); len(got) != many {
		t.Fatalf("%d members, want %d", len(got), many)
	}
	_, audits := l.call(l.admin, "GET", "UserAudits?actiontype=Process&limit=1000", "")
	var rows struct{ Data []struct{ AuditID int } }
	must(t, json.Unmarshal([]byte(audits), &rows))
	if len(rows.Data) != 1 {
		t.Fatalf("%d rows, want one: %s", len(rows.Data), audits)
	}
	_, details := l.call(l.admin, "GET", fmt.Sprintf("UserAudits/%d/UserAuditDetails", rows.Data[0].AuditID), "")
	for _, want := range []string{`"Created","OldValue":"","NewValue":"600"`, `"Joined","OldValue":"","NewValue":"600"`, `"Left","OldValue":"","NewValue":"0"`} {
		if !strings.Contains(details, want) {
			t.Errorf("the details lack %s: %s", want, details)
		}
	}
	l.mustHave("again", g.GroupID, l.members(g.GroupID)...)
	// A name that another user has, in the directory too, holds up nobody else.
	twin := "uid=twin,ou=groups," + directorytest.Suffix
	l.Add(twin, "objectClass: inetOrgPerson", "uid: twin", "cn: twin", "sn: twin")
	l.Set("cn=large,ou=groups,"+directorytest.Suffix, "member", append(dns[:10:10], twin, l.AddUser("another"))...)
	if got := l.members(g.GroupID); len(got) != 11 || !slices.Contains(got, "another") || slices.Contains(got, "twin") {
		t.Errorf("the members are %q", got)
	}
}
