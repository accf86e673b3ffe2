package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/directory"
	"github.com/musterhq/muster/directory/directorytest"
	"github.com/musterhq/muster/directory/roster"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/store"
)

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
			l := newFixture(t, false, func(o *server.Options) {
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
		l.clock.Add(int64(time.Minute)) // repeats within a minute would share an audit row
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

// TestDirectoryCredentialsAreGuarded needs the permissions that the document names beside the row's own: of a user group, and not of
// a user. Who may not write credentials replaces none that is stored.
func TestDirectoryCredentialsAreGuarded(t *testing.T) {
	t.Parallel()
	l := newLDAPLab(t)
	alice, bob := l.AddUser("alice"), l.AddUser("bob")
	accounts := authz.Grant{Permission: authz.UserAccountsManagement, Level: authz.ReadWrite}
	uma := l.tokenOf("uma", accounts)
	ursula := l.tokenOf("ursula", accounts, authz.Grant{Permission: authz.CredentialManagement, Level: authz.Read})
	olga := l.tokenOf("olga", accounts, authz.Grant{Permission: authz.CredentialManagement, Level: authz.ReadWrite})
	group := func(name, more string) string {
		return strings.Replace(l.groupBody(name, l.AddGroup(name, alice), more), `"ApplicationRegistrationIDs":[1]`, `"isActive":true`, 1)
	}
	other := strings.NewReplacer(directorytest.ServiceDN, "uid=bob,ou=people,dc=lab,dc=example", directorytest.ServicePassword, "pw of bob").Replace(l.credential())
	for i, test := range []struct {
		who, path, body string
		want            int
	}{
		{uma, "Users", l.userBody(alice, ""), 400}, {ursula, "UserGroups", group("g1", ""), 400}, {uma, "UserGroups", group("g2", ","+l.credential()), 403},
		{ursula, "UserGroups", group("g3", ","+l.credential()), 403}, {uma, "Users", l.userBody(alice, ","+l.credential()), 201},
		{uma, "Users", l.userBody(bob, ","+other), 201}, {uma, "Users", l.userBody(l.AddUser("carol"), ""), 201},
		{uma, "UserGroups", group("g4", ""), 403}, {ursula, "UserGroups", group("g5", ""), 201}, {ursula, "UserGroups", group("g6", ","+other), 403},
		{uma, "UserGroups", group("g7", ","+l.credential()), 403}, {ursula, "UserGroups", group("g8", ","+l.credential()), 201},
		{olga, "UserGroups", group("g9", ","+l.credential()), 201},
	} {
		if status, answer := l.call(test.who, "POST", test.path, test.body); status != test.want {
			t.Errorf("%d: %d %s, want %d", i, status, answer, test.want)
		}
	}
	stored, err := store.View(t.Context(), l.db, system, func(tx *store.Tx) (store.DirectoryAccess, error) { return store.OpenDirectory(tx, 1) })
	if err != nil || stored.Account != directorytest.ServiceDN || stored.Secret != directorytest.ServicePassword {
		t.Errorf("the stored credential is of %q: %v", stored.Account, err)
	}
	// Who may be anybody in a directory's group, by a key that he knows, is no matter of somebody who is bound by his own rights.
	staff := l.AddGroup("staff", alice)
	if status, answer := l.call(olga, "POST", "UserGroups", l.groupBody("Staff", staff, "")); status != 403 || !strings.Contains(answer, "membership of Administrators is required") {
		t.Errorf("a group with a registration: %d %s", status, answer)
	}
	if status, answer := l.call(olga, "POST", "UserGroups", strings.Replace(l.groupBody("Staff", staff, ""), `"ApplicationRegistrationIDs":[1]`, `"isActive":true`, 1)); status != 201 {
		t.Errorf("a group without: %d %s", status, answer)
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
