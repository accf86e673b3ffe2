package server_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/directory"
	"github.com/musterhq/muster/directory/directorytest"
	"github.com/musterhq/muster/directory/roster"
	"github.com/musterhq/muster/server"
)

// directoryLab is a lab whose directories a client with these options reaches.
func directoryLab(t *testing.T, o directory.Options) *ldapLab {
	t.Helper()
	allow, err := directory.ParseAllow([]string{"localhost"})
	must(t, err)
	o.Allow = allow
	l := newFixture(t, false, func(s *server.Options) { s.Roster = roster.New(roster.Options{DB: s.DB, Client: directory.New(o)}) })
	return &ldapLab{fixture: l.requirePassword(), admin: l.tokenOf("administrator")}
}

// TestUsersOfADomain makes users and a group of Active Directory, follows them, and signs them in.
func TestUsersOfADomain(t *testing.T) {
	t.Parallel()
	d := directorytest.StartActiveDirectory(t)
	l := directoryLab(t, directory.Options{Roots: d.Authority.Pool(), Servers: map[string]string{directorytest.Domain: fmt.Sprintf("localhost:%d", d.Port)}})
	alice := d.AddUser("alice", "givenName: Alice")
	off := d.AddUser("off")
	d.Set(off, "userAccountControl", "514")
	credential := fmt.Sprintf(`"domainName":%q,"forestName":%[1]q,"bindUser":%q,"bindPassword":%q,"useSSL":true`, directorytest.Domain, directorytest.ADAccount, directorytest.ADPassword)
	var u seenUser
	l.ask("POST", "Users", `{"UserType":"ActiveDirectory","UserName":"ALICE",`+credential+`}`, 201, &u)
	if u.UserName != "alice" || u.DomainName != directorytest.Domain || u.DistinguishedName != alice || u.FirstName != "Alice" || !u.IsActive {
		t.Errorf("got %+v", u)
	}
	for _, name := range []string{`corp.example\alice`, `short\alice`, "alice@corp.example", "alice@mail.example"} {
		if answer := l.ask("GET", "Users?username="+url.QueryEscape(name), "", 200, nil); !strings.Contains(answer, `"UserName":"alice"`) {
			t.Errorf("%s: %s", name, answer)
		}
	}
	staff := d.AddGroup("Staff", 1104, alice, off, d.AddUser("bob"))
	var g seenGroup
	l.ask("POST", "UserGroups", `{"groupType":"ActiveDirectory","groupName":"staff","description":"d","domainName":"corp.example","ApplicationRegistrationIDs":[1]}`, 201, &g)
	if g.Name != "staff" || g.DistinguishedName != staff {
		t.Errorf("the group is %+v", g)
	}
	l.mustHave("at first", g.GroupID, "alice", "bob", "(off)")
	for _, runas := range []string{`corp.example\alice`, `CORP.EXAMPLE\Alice`, `SHORT\alice`, "alice@mail.example"} {
		if status := l.signIn(runas, "pw of alice"); status != 200 {
			t.Errorf("%s signs in: %d", runas, status)
		}
	}
	for _, password := range []string{"", "pw of bob"} {
		if status := l.signIn(`corp.example\alice`, password); status != 401 {
			t.Errorf("%q: %d", password, status)
		}
	}
	moved := "CN=Alice Example,OU=Elsewhere," + directorytest.DomainRoot
	d.Rename(alice, moved)
	d.Set(moved, "sAMAccountName", "aexample")
	d.Set(staff, "member", moved)
	d.Set(staff, "sAMAccountName", "Personnel")
	l.mustHave("renamed", g.GroupID, "aexample")
	l.ask("GET", fmt.Sprintf("UserGroups/%d", g.GroupID), "", 200, &g)
	if g.Name != "Personnel" {
		t.Errorf("the renamed group is %+v", g)
	}
	l.clock.Add(int64(2 * time.Minute))
	if status := l.signIn(`corp.example\aexample`, "pw of alice"); status != 200 {
		t.Errorf("renamed: %d", status)
	}
	if answer := l.ask("POST", "UserGroups", `{"groupType":"ActiveDirectory","groupName":"Personnel","description":"d","domainName":"corp.example"}`, 409, nil); !strings.Contains(answer, "exists") {
		t.Errorf("twice: %s", answer)
	}
}

// TestUsersOfATenant makes users and a group of Entra ID, follows them, and signs them in, in either cloud.
func TestUsersOfATenant(t *testing.T) {
	t.Parallel()
	for _, cloud := range []string{"AzurePublic", "AzureUsGovernment"} {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			e := directorytest.StartEntra(t)
			e.Page = 3
			l := directoryLab(t, directory.Options{Roots: e.Authority.Pool(), Clouds: map[string]directory.Cloud{cloud: {SignIn: e.SignIn, Graph: e.Graph}}})
			credential := fmt.Sprintf(`"TenantId":%q,"ClientId":%q,"ClientSecret":%q,"AzureInstance":%q`, directorytest.Tenant, directorytest.ClientID, directorytest.ClientSecret, strings.ToLower(cloud))
			alice := e.AddUser("alice@contoso.example", true)
			var u seenUser
			l.ask("POST", "Users", `{"UserType":"EntraId","UserName":"Alice@contoso.example",`+credential+`}`, 201, &u)
			if u.UserName != "alice" || u.DomainName != "contoso.example" || u.EmailAddress != "alice@contoso.example" {
				t.Errorf("got %+v", u)
			}
			ids, want := []string{alice}, []string{"alice", "(off)"}
			for i := range 8 {
				ids, want = append(ids, e.AddUser(fmt.Sprintf("user%d@contoso.example", i), true)), append(want, fmt.Sprintf("user%d", i))
			}
			e.SetGroup("Staff", append(ids, e.AddUser("off@contoso.example", false))...)
			var g seenGroup
			// The stored credential knows its cloud.
			l.ask("POST", "UserGroups", fmt.Sprintf(`{"groupType":"EntraId","groupName":"Staff","description":"d","TenantId":%q,"ApplicationRegistrationIDs":[1]}`, directorytest.Tenant), 201, &g)
			slices.Sort(want)
			l.mustHave("at first", g.GroupID, want...)
			if status := l.signIn("alice@contoso.example", "pw of alice"); status != 200 {
				t.Errorf("alice signs in: %d", status)
			}
			if status := l.signIn("alice@contoso.example", "pw of bob"); status != 401 {
				t.Errorf("a wrong password: %d", status)
			}
			e.Set(alice, "userPrincipalName", "alicia@contoso.example")
			e.SetGroup("Staff", alice)
			l.mustHave("renamed", g.GroupID, "alicia")
			e.Set(alice, "accountEnabled", false)
			l.mustHave("disabled", g.GroupID, "(alicia)")
			wrong := strings.Replace(credential, directorytest.ClientSecret, "hunter2", 1)
			if answer := l.ask("POST", "Users", `{"UserType":"EntraId","UserName":"x@contoso.example",`+wrong+`}`, 400, nil); !strings.Contains(answer, "get a token: the credential was refused") || strings.Contains(answer, "hunter2") {
				t.Errorf("a wrong secret: %s", answer)
			}
		})
	}
}

// TestGraphThatFailsLeavesTheGroup has Graph refuse in the middle of the members.
func TestGraphThatFailsLeavesTheGroup(t *testing.T) {
	t.Parallel()
	e := directorytest.StartEntra(t)
	e.Page = 3
	l := directoryLab(t, directory.Options{Roots: e.Authority.Pool(), Clouds: map[string]directory.Cloud{"AzurePublic": {SignIn: e.SignIn, Graph: e.Graph}}})
	var ids, want []string
	for i := range 8 {
		ids, want = append(ids, e.AddUser(fmt.Sprintf("user%d@contoso.example", i), true)), append(want, fmt.Sprintf("user%d", i))
	}
	e.SetGroup("Staff", ids...)
	var g seenGroup
	answer := l.ask("POST", "UserGroups", fmt.Sprintf(`{"groupType":"EntraId","groupName":"Staff","description":"d","TenantId":%q,"ClientId":%q,"ClientSecret":%q}`,
		directorytest.Tenant, directorytest.ClientID, directorytest.ClientSecret), 201, nil)
	must(t, json.Unmarshal([]byte(answer), &g))
	l.mustHave("at first", g.GroupID, want...)
	e.SetGroup("Staff", append(ids[1:], e.AddUser("late@contoso.example", true))...)
	e.Fail("skiptoken")
	l.mustHave("failed", g.GroupID, want...)
	e.Fail("")
	l.mustHave("mended", g.GroupID, append(want[1:], "late")...)
}
