package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/directory"
	"github.com/musterhq/muster/directory/directorytest"
	"github.com/musterhq/muster/directory/roster"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// ldapLab is a lab whose users and groups come from an OpenLDAP server.
type ldapLab struct {
	*lab
	*directorytest.Slapd
	admin string
}

func newLDAPLab(t *testing.T) *ldapLab {
	t.Helper()
	s := directorytest.StartSlapd(t)
	allow, err := directory.ParseAllow([]string{"localhost"})
	must(t, err)
	l := newLab(t, false, func(o *server.Options) {
		o.Roster = roster.New(roster.Options{DB: o.DB, Client: directory.New(directory.Options{Allow: allow, Roots: s.Authority.Pool(), Members: 5000})})
	})
	return &ldapLab{lab: l, Slapd: s, admin: l.tokenOf("administrator")}
}

// ask sends a request as the administrator and reads the answer into a pointer, if there is one.
func (l *ldapLab) ask(method, path, body string, want int, into any) string {
	l.t.Helper()
	status, answer := l.call(l.admin, method, path, body)
	if status != want {
		l.t.Fatalf("%s %s: %d %s, want %d", method, path, status, answer, want)
	}
	if into != nil {
		must(l.t, json.Unmarshal([]byte(answer), into))
	}
	return answer
}

// seenUser and seenGroup are what tests look at.
type seenUser struct {
	UserID                                                                     int
	UserName, DomainName, DistinguishedName, FirstName, LastName, EmailAddress string
	IsActive                                                                   bool
}

type seenGroup struct {
	GroupID                                                                   int
	Name, DistinguishedName, GroupType, AccountAttribute, MembershipAttribute string
	IsActive                                                                  bool
}

// credential is the part of a body that brings one along.
func (l *ldapLab) credential() string {
	return fmt.Sprintf(`"BindUser":%q,"BindPassword":%q,"Port":%d`, directorytest.ServiceDN, directorytest.ServicePassword, l.Port)
}

func (l *ldapLab) userBody(dn, more string) string {
	return fmt.Sprintf(`{"UserType":"LdapDirectory","HostName":"localhost","DistinguishedName":%q,"AccountNameAttribute":"uid"%s}`, dn, more)
}

func (l *ldapLab) newUser(dn string) (u seenUser) {
	l.t.Helper()
	l.ask("POST", "Users", l.userBody(dn, ","+l.credential()), 201, &u)
	return u
}

func (l *ldapLab) groupBody(name, dn, more string) string {
	return fmt.Sprintf(`{"groupType":"LdapDirectory","groupName":%q,"groupDistinguishedName":%q,"hostName":"localhost","membershipAttribute":"member",
		"accountAttribute":"uid","ApplicationRegistrationIDs":[1]%s}`, name, dn, more)
}

func (l *ldapLab) newGroup(name, dn string) (g seenGroup) {
	l.t.Helper()
	l.ask("POST", "UserGroups", l.groupBody(name, dn, ","+l.credential()), 201, &g)
	return g
}

// members are the users in a group as the API lists them, inactive ones in brackets.
func (l *ldapLab) members(group int) (names []string) {
	l.t.Helper()
	var users []seenUser
	l.ask("GET", fmt.Sprintf("UserGroups/%d/Users", group), "", 200, &users)
	for _, u := range users {
		name := u.UserName
		if !u.IsActive {
			name = "(" + name + ")"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (l *ldapLab) mustHave(what string, group int, want ...string) {
	l.t.Helper()
	slices.Sort(want)
	if got := l.members(group); !slices.Equal(got, want) {
		l.t.Fatalf("%s: the members are %q, want %q", what, got, want)
	}
}

// signIn sends a PS-Auth header and returns the status.
func (l *ldapLab) signIn(runas, password string) int {
	l.t.Helper()
	header := http.Header{"Authorization": {fmt.Sprintf("PS-Auth key=%s; runas=%s; pwd=[%s];", l.first.ApiKey, runas, password)}}
	return l.request("POST", insight.Base+"/Auth/SignAppin", "", header).Code
}

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

// TestDirectoryGroupsFollow has members come and go, be renamed, disabled, enabled, deleted and made anew.
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

// TestAStoppedDirectoryLeavesEverything stops the server: what is stored stays, and is shown.
func TestAStoppedDirectoryLeavesEverything(t *testing.T) {
	t.Parallel()
	l := newLDAPLab(t)
	g := l.newGroup("Staff", l.AddGroup("staff", l.AddUser("alice"), l.AddUser("bob")))
	l.mustHave("at first", g.GroupID, "alice", "bob")
	carol := l.AddUser("carol")
	l.Slapd.Stop()
	l.mustHave("stopped", g.GroupID, "alice", "bob")
	if answer := l.ask("POST", "Users", l.userBody(carol, ""), 503, nil); !strings.Contains(answer, "connect to localhost") || !strings.Contains(answer, "cannot be reached") {
		t.Errorf("a new user: %s", answer)
	}
	if status := l.signIn(`localhost\alice`, "pw of alice"); status != 503 {
		t.Errorf("a sign-in: %d", status)
	}
	l.roster.SynchronizeAll(t.Context())
	l.Slapd.Start()
	l.mustHave("started", g.GroupID, "alice", "bob")
	if status := l.signIn(`localhost\alice`, "pw of alice"); status != 200 {
		t.Errorf("a sign-in: %d", status)
	}
}

// TestUntrustedDirectories refuse to hand their credential to whoever answers.
func TestUntrustedDirectories(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t)
	allow, err := directory.ParseAllow([]string{"127.0.0.0/8", "::1"})
	must(t, err)
	for name, test := range map[string]struct {
		options directory.Options
		port    int
		useSSL  bool
		want    string
	}{
		"an unknown authority":          {directory.Options{Allow: allow}, s.Port, false, "localhost cannot prove who it is: x509"},
		"an unknown authority of LDAPS": {directory.Options{Allow: allow}, s.SecurePort, true, "localhost cannot prove who it is: x509"},
		"the authority of the test":     {directory.Options{Allow: allow, Roots: s.Authority.Pool()}, s.SecurePort, true, "there is no such entry"},
		"nowhere to go":                 {directory.Options{}, s.Port, false, "it is not among the destinations that --directory-allow names"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, false, func(o *server.Options) {
				o.Roster = roster.New(roster.Options{DB: o.DB, Client: directory.New(test.options)})
			})
			body := fmt.Sprintf(`{"UserType":"LdapDirectory","HostName":"localhost","DistinguishedName":"cn=x","AccountNameAttribute":"uid","BindUser":%q,"BindPassword":%q,`,
				directorytest.ServiceDN, directorytest.ServicePassword)
			body += fmt.Sprintf(`"Port":%d,"UseSSL":%t}`, test.port, test.useSSL)
			status, answer := l.call(l.tokenOf("administrator"), "POST", "Users", body)
			if status != 400 || !strings.Contains(answer, test.want) {
				t.Errorf("%d %s", status, answer)
			}
		})
	}
}

// TestDirectoryUsersSignIn proves them where their passwords are.
func TestDirectoryUsersSignIn(t *testing.T) {
	t.Parallel()
	l := newLDAPLab(t)
	alice := l.AddUser("alice")
	lone := l.AddUser("lone")
	g := l.newGroup("Staff", l.AddGroup("staff", alice))
	l.mustHave("at first", g.GroupID, "alice")
	l.newUser(lone)
	try := func(what, runas, password string, want int) {
		t.Helper()
		if got := l.signIn(runas, password); got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	try("domain and name", `localhost\alice`, "pw of alice", 200)
	try("name and domain", "Alice@LOCALHOST", "pw of alice", 200)
	try("a wrong password", `localhost\alice`, "pw of bob", 401)
	try("an empty password", `localhost\alice`, "", 401)
	try("no domain", "alice", "pw of alice", 401)
	try("nobody", `localhost\nobody`, "pw of nobody", 401)
	try("in no group with a registration", `localhost\lone`, "pw of lone", 401)
	_, audits := l.call(l.admin, "GET", "UserAudits?actiontype=AccessDenied", "")
	if n := strings.Count(audits, `"AccessDenied"`); n != 5 {
		t.Errorf("%d refusals are audited, want 5", n)
	}
	renamed := l.Rename(alice, "uid=alicia")
	l.clock.Add(int64(2 * time.Minute)) // what was remembered is not any more
	try("renamed, and not synchronized yet", `localhost\alice`, "pw of alice", 200)
	try("by the new name", `localhost\alicia`, "pw of alice", 200)
	l.AddUser("alice") // somebody else now
	l.Set(renamed, "userPassword", "another")
	l.clock.Add(int64(2 * time.Minute))
	try("with the password of who has the old name", `localhost\alicia`, "pw of alice", 401)
	try("with the new password", `localhost\alicia`, "another", 200)
	l.Set(renamed, "pwdAccountLockedTime", "000001010000Z")
	l.clock.Add(int64(2 * time.Minute))
	try("disabled", `localhost\alicia`, "another", 401)
	l.Set(renamed, "pwdAccountLockedTime")
	try("enabled, and not synchronized yet", `localhost\alicia`, "another", 401)
	// The group still lists the old name, and so somebody else.
	l.mustHave("who has the old name", g.GroupID, "alice")
	l.clock.Add(int64(2 * time.Minute))
	try("in no group any more", `localhost\alicia`, "another", 401)
	try("the other one", `localhost\alice`, "pw of alice", 200)
}

// TestDirectoryCredentialsAreGuarded needs the permissions that the document names beside the row's own.
func TestDirectoryCredentialsAreGuarded(t *testing.T) {
	t.Parallel()
	l := newLDAPLab(t)
	alice, bob := l.AddUser("alice"), l.AddUser("bob")
	accounts := authz.Grant{Permission: authz.UserAccountsManagement, Level: authz.ReadWrite}
	uma := l.tokenOf("uma", accounts)
	ursula := l.tokenOf("ursula", accounts, authz.Grant{Permission: authz.CredentialManagement, Level: authz.Read})
	olga := l.tokenOf("olga", accounts, authz.Grant{Permission: authz.CredentialManagement, Level: authz.ReadWrite})
	for i, test := range []struct {
		who, body string
		want      int
	}{
		{uma, l.userBody(alice, ","+l.credential()), 403}, {ursula, l.userBody(alice, ","+l.credential()), 403}, {ursula, l.userBody(alice, ""), 400},
		{olga, l.userBody(alice, ","+l.credential()), 201}, {uma, l.userBody(bob, ""), 403}, {ursula, l.userBody(bob, ""), 201},
	} {
		if status, answer := l.call(test.who, "POST", "Users", test.body); status != test.want {
			t.Errorf("%d: %d %s, want %d", i, status, answer, test.want)
		}
	}
	// Neither audits nor the database show it.
	_, audits := l.call(l.admin, "GET", "UserAudits?limit=1000", "")
	if strings.Contains(audits, directorytest.ServicePassword) || !strings.Contains(audits, `"Directory"`) {
		t.Errorf("audits: %s", audits)
	}
	sealed, err := store.View(t.Context(), l.db, system, func(tx *store.Tx) (*store.DirectoryCredential, error) { return store.DirectoryCredentials.Get(tx, 1) })
	must(t, err)
	if strings.Contains(string(sealed.Sealed), "reads") {
		t.Error("the credential is stored readably")
	}
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
	taken := l.newUser(l.AddUser("taken"))
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
	// A name that another user has holds up nobody else.
	must(t, store.Change(t.Context(), l.db, system, func(tx *store.Tx) error {
		u, err := store.Users.Get(tx, taken.UserID)
		if err != nil {
			return err
		}
		u.UserName = "newcomer"
		return store.Users.Put(tx, u)
	}))
	l.Set("cn=large,ou=groups,"+directorytest.Suffix, "member", append(dns[:10:10], l.AddUser("newcomer"), l.AddUser("another"))...)
	if got := l.members(g.GroupID); len(got) != 11 || !slices.Contains(got, "another") || slices.Contains(got, "newcomer") {
		t.Errorf("the members are %q", got)
	}
}
