package directory_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/directory"
	"github.com/musterhq/muster/directory/directorytest"
)

// domainClient asks a stand-in for a domain controller.
func domainClient(t *testing.T, d *directorytest.ActiveDirectory, adjust ...func(*directory.Options)) *directory.Client {
	t.Helper()
	o := directory.Options{
		Allow: allow(t, "localhost"), Roots: d.Authority.Pool(), Servers: map[string]string{directorytest.Domain: fmt.Sprintf("localhost:%d", d.Port)},
	}
	for _, adjust := range adjust {
		adjust(&o)
	}
	return directory.New(o)
}

var domain = directory.Config{
	Kind: directory.ActiveDirectory, Host: directorytest.Domain, UseSSL: true, Account: directorytest.ADAccount, Secret: directorytest.ADPassword,
}

func TestActiveDirectoryUsers(t *testing.T) {
	t.Parallel()
	server := directorytest.StartActiveDirectory(t)
	dn := server.AddUser("alice", "givenName: Alice", "sn: Example", "mail: alice@corp.example")
	server.AddUser("off", "userAccountControl: 0")
	server.Set("CN=off,CN=Users,"+directorytest.DomainRoot, "userAccountControl", "514")
	server.AddUser("twin")
	server.Set(server.AddUser("other"), "userPrincipalName", "twin")
	d := open(t, domainClient(t, server), domain)
	u, err := d.FindUser(t.Context(), "ALICE")
	must(t, err)
	want := directory.Entry{
		ID: "44495547-3030-3030-00ff-2a29282c2380", Name: "alice", Domain: directorytest.Domain, PrincipalName: "alice@mail.example", DN: dn,
		First: "Alice", Last: "Example", Email: "alice@corp.example",
	}
	if u != want {
		t.Errorf("got %+v, want %+v", u, want)
	}
	byPrincipal, err := d.FindUser(t.Context(), "alice@mail.example")
	must(t, err)
	if byPrincipal != want {
		t.Errorf("by principal name: %+v", byPrincipal)
	}
	if off, err := d.FindUser(t.Context(), "off"); err != nil || !off.Disabled {
		t.Errorf("a disabled user: %+v, %v", off, err)
	}
	for name, want := range map[string]error{"nobody": directory.ErrNotFound, "*": directory.ErrNotFound, "*)(cn=*": directory.ErrNotFound, "twin": directory.ErrAmbiguous} {
		if _, err := d.FindUser(t.Context(), name); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	server.Rename(dn, "CN=Alice Example,OU=Elsewhere,"+directorytest.DomainRoot)
	again, err := d.UserByID(t.Context(), u.ID, u.DN)
	must(t, err)
	if again.ID != u.ID || again.DN == u.DN {
		t.Errorf("renamed: %+v", again)
	}
	must(t, d.SignIn(t.Context(), again, "pw of alice"))
	for _, password := range []string{"", "wrong"} {
		if err := d.SignIn(t.Context(), again, password); !errors.Is(err, directory.ErrCredential) || strings.Contains(err.Error(), "wrong") {
			t.Errorf("%q: %v", password, err)
		}
	}
}

// TestMembersComeInRanges has a group of more members than come at once, in groups within groups that contain each other, and users
// whose primary group it is.
func TestMembersComeInRanges(t *testing.T) {
	t.Parallel()
	server := directorytest.StartActiveDirectory(t)
	server.Range = 7
	var members, want []string
	for i := range 30 {
		name := fmt.Sprintf("user%02d", i)
		members, want = append(members, server.AddUser(name)), append(want, name)
	}
	inner := server.AddGroup("Inner", 1105, members[:20]...)
	outer := server.AddGroup("Outer", 1104, append(members[15:], inner, "CN=gone,"+directorytest.DomainRoot)...)
	server.Set(inner, "member", append(members[:20:20], outer)...)
	server.AddUser("primary", "primaryGroupID: 1104")
	server.AddUser("other", "primaryGroupID: 513")
	want = append(want, "primary")
	slices.Sort(want)
	d := open(t, domainClient(t, server), domain)
	g, err := d.FindGroup(t.Context(), "outer")
	must(t, err)
	found, err := d.Members(t.Context(), g)
	must(t, err)
	if got := names(found.Users); !slices.Equal(got, want) || found.Passed != 1 {
		t.Errorf("got %q and %d others, want %q", got, found.Passed, want)
	}
	d = open(t, domainClient(t, server, func(o *directory.Options) { o.Members = 20 }), domain)
	if _, err := d.Members(t.Context(), g); !errors.Is(err, directory.ErrTooMany) {
		t.Errorf("beyond the limit: %v", err)
	}
}

// TestDomainsAreFoundWithinTheAllowed asks nobody for the servers of a domain that may not be asked.
func TestDomainsAreFoundWithinTheAllowed(t *testing.T) {
	t.Parallel()
	asked := domain
	asked.Host = "dc.no-such-domain.invalid"
	for name, test := range map[string]struct {
		allow []string
		want  error
	}{
		"nothing is allowed": {nil, directory.ErrForbiddenDestination}, "another domain is": {[]string{"corp.example"}, directory.ErrForbiddenDestination},
		"its name is": {[]string{"dc.no-such-domain.invalid"}, directory.ErrUnreachable},
	} {
		if _, err := directory.New(directory.Options{Allow: allow(t, test.allow...)}).Open(t.Context(), asked); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
