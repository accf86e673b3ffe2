package directory_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/directory"
	"github.com/musterhq/muster/directory/directorytest"
)

// allow is a list of destinations that must be right.
func allow(t *testing.T, list ...string) directory.Allow {
	t.Helper()
	a, err := directory.ParseAllow(list)
	must(t, err)
	return a
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// client trusts the authority of a server and may go to it.
func client(t *testing.T, s *directorytest.Slapd, adjust ...func(*directory.Options)) *directory.Client {
	t.Helper()
	o := directory.Options{Allow: allow(t, "127.0.0.1"), Roots: s.Authority.Pool()}
	for _, adjust := range adjust {
		adjust(&o)
	}
	return directory.New(o)
}

// config asks a server by StartTLS as its service account.
func config(s *directorytest.Slapd) directory.Config {
	return directory.Config{
		Kind: directory.LDAP, Host: "localhost", Port: s.Port, Account: directorytest.ServiceDN, Secret: directorytest.ServicePassword,
		AccountAttribute: "uid", MembershipAttribute: "member",
	}
}

func open(t *testing.T, c *directory.Client, config directory.Config) *directory.Directory {
	t.Helper()
	d, err := c.Open(t.Context(), config)
	must(t, err)
	t.Cleanup(d.Close)
	return d
}

// names are the account names of users, in order.
func names(users []directory.Entry) []string {
	var all []string
	for _, u := range users {
		all = append(all, u.Name)
	}
	slices.Sort(all)
	return all
}

func TestUsersAreFoundByDistinguishedName(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t)
	dn := s.AddUser("alice", "givenName: Alice", "mail: alice@lab.example")
	d := open(t, client(t, s), config(s))
	u, err := d.FindUser(t.Context(), dn)
	must(t, err)
	if len(u.ID) != 36 || u.Name != "alice" || u.First != "Alice" || u.Last != "of the lab" || u.Email != "alice@lab.example" || u.DN != dn || u.Domain != "localhost" || u.Disabled {
		t.Errorf("got %+v", u)
	}
	for name, ask := range map[string]string{
		"nobody": "uid=nobody,ou=people,dc=lab,dc=example", "no name": "alice", "another root": "uid=alice,dc=elsewhere", "nothing": "",
		"a filter": "uid=*)(uid=*,ou=people,dc=lab,dc=example",
	} {
		if _, err := d.FindUser(t.Context(), ask); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.FindUser(t.Context(), s.AddGroup("staff", dn)); !errors.Is(err, directory.ErrRefused) {
		t.Errorf("a group as a user: %v", err)
	}
	if _, err := d.FindGroup(t.Context(), dn); !errors.Is(err, directory.ErrRefused) {
		t.Errorf("a user as a group: %v", err)
	}
}

// TestEntriesAreFoundAgain renames an entry, moves it and puts another one where it was.
func TestEntriesAreFoundAgain(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t)
	dn := s.AddUser("alice")
	d := open(t, client(t, s), config(s))
	first, err := d.FindUser(t.Context(), dn)
	must(t, err)
	renamed := s.Rename(dn, "uid=alicia")
	s.AddUser("alice")
	u, err := d.UserByID(t.Context(), first.ID, first.DN)
	must(t, err)
	if u.ID != first.ID || u.DN != renamed || u.Name != "alicia" {
		t.Errorf("got %+v", u)
	}
	s.Delete(renamed)
	if _, err := d.UserByID(t.Context(), first.ID, first.DN); !errors.Is(err, directory.ErrNotFound) {
		t.Errorf("a deleted user: %v", err)
	}
}

func TestMembersOfAllKinds(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t)
	alice, bob, carol := s.AddUser("alice"), s.AddUser("bob"), s.AddUser("carol")
	inner := s.AddGroup("inner", carol, bob)
	outer := s.AddGroup("outer", alice, inner, "uid=gone,ou=people,"+directorytest.Suffix, directorytest.ServiceDN)
	s.Set(inner, "member", carol, bob, outer) // they contain each other
	s.Add("cn=unique,ou=groups,"+directorytest.Suffix, "objectClass: groupOfUniqueNames", "uniqueMember: "+alice, "uniqueMember: "+bob+"#'01'B")
	s.Add("cn=posix,ou=groups,"+directorytest.Suffix, "objectClass: posixGroup", "gidNumber: 7", "memberUid: carol", "memberUid: *)(uid=*", "memberUid: nobody")
	odd := []string{`*)(uid=*`, `Doe, John`, `"quoted"`, `#1`, `back\slash`, ` blanks `, `ünïcødé`, `a+b=c;<d>`}
	var oddDNs []string
	for _, name := range odd {
		oddDNs = append(oddDNs, s.AddUser(name))
	}
	s.AddGroup(`odd, "group" *)(`, oddDNs...)
	s.AddGroup("empty", "cn=nobody")

	for name, test := range map[string]struct {
		group, attribute string
		want             []string
		passed           int
	}{
		"nested":                     {outer, "member", []string{"alice", "bob", "carol"}, 2},
		"from within":                {inner, "member", []string{"alice", "bob", "carol"}, 2},
		"groupOfUniqueNames":         {"cn=unique,ou=groups," + directorytest.Suffix, "uniqueMember", []string{"alice", "bob"}, 0},
		"memberUid":                  {"cn=posix,ou=groups," + directorytest.Suffix, "memberUid", []string{"*)(uid=*", "carol"}, 1},
		"names that must be escaped": {`cn=odd\, \"group\" *)(,ou=groups,` + directorytest.Suffix, "member", slices.Sorted(slices.Values(odd)), 0},
		"an attribute it has not":    {outer, "uniqueMember", nil, 0},
		"members that are gone":      {"cn=empty,ou=groups," + directorytest.Suffix, "member", nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := config(s)
			asked.MembershipAttribute = test.attribute
			d := open(t, client(t, s), asked)
			group, err := d.FindGroup(t.Context(), test.group)
			must(t, err)
			found, err := d.Members(t.Context(), group)
			must(t, err)
			if got := names(found.Users); !slices.Equal(got, test.want) || found.Passed != test.passed {
				t.Errorf("got %q and %d others, want %q and %d", got, found.Passed, test.want, test.passed)
			}
		})
	}
}

// TestLargeGroups read more members than the server sends entries at once, and no more than the limit.
func TestLargeGroups(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t)
	const many = 1200
	var members, uids []string
	for i := range many {
		members = append(members, s.AddUser(fmt.Sprintf("user%04d", i)))
		uids = append(uids, fmt.Sprintf("memberUid: user%04d", i))
	}
	s.AddGroup("large", members...)
	s.Add("cn=posix,ou=groups,"+directorytest.Suffix, append([]string{"objectClass: posixGroup", "gidNumber: 7"}, uids...)...)
	for group, attribute := range map[string]string{"cn=large,ou=groups," + directorytest.Suffix: "member", "cn=posix,ou=groups," + directorytest.Suffix: "memberUid"} {
		asked := config(s)
		asked.MembershipAttribute = attribute
		d := open(t, client(t, s), asked)
		g, err := d.FindGroup(t.Context(), group)
		must(t, err)
		found, err := d.Members(t.Context(), g)
		must(t, err)
		if len(found.Users) != many {
			t.Errorf("%s: %d members, want %d", attribute, len(found.Users), many)
		}
		d = open(t, client(t, s, func(o *directory.Options) { o.Members = 1000 }), asked)
		if found, err := d.Members(t.Context(), g); !errors.Is(err, directory.ErrTooMany) || len(found.Users) > 0 {
			t.Errorf("%s: %d members and %v beyond the limit", attribute, len(found.Users), err)
		}
	}
}

func TestDisabledAccounts(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t)
	for name, test := range map[string]struct {
		value string
		want  bool
	}{"never": {"", false}, "for good": {"000001010000Z", true}, "for a while": {"20240101000000Z", false}} {
		dn := s.AddUser(name)
		if test.value != "" {
			s.Set(dn, "pwdAccountLockedTime", test.value)
		}
		d := open(t, client(t, s), config(s))
		u, err := d.FindUser(t.Context(), dn)
		must(t, err)
		if u.Disabled != test.want {
			t.Errorf("locked %s: disabled %t", name, u.Disabled)
		}
		if err := d.SignIn(t.Context(), u, "pw of "+name); test.want != errors.Is(err, directory.ErrCredential) {
			t.Errorf("locked %s: %v", name, err)
		}
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t)
	c := client(t, s)
	d := open(t, c, config(s))
	u, err := d.FindUser(t.Context(), s.AddUser(`*)(uid=*`))
	must(t, err)
	must(t, d.SignIn(t.Context(), u, `pw of *)(uid=*`))
	for name, password := range map[string]string{"wrong": "wrong", "empty": "", "another's": directorytest.ServicePassword, "NUL": "pw of *)(uid=*\x00"} {
		if err := d.SignIn(t.Context(), u, password); !errors.Is(err, directory.ErrCredential) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestConnections meet every way in which a server can be reached or not. No error quotes the password.
func TestConnections(t *testing.T) {
	t.Parallel()
	s, plain := directorytest.StartSlapd(t), directorytest.StartSlapd(t, directorytest.WithoutTLS)
	stranger := directorytest.NewAuthority(t)
	type change = func(*directory.Options, *directory.Config)
	for name, test := range map[string]struct {
		change change
		want   error
	}{
		"StartTLS":             {func(*directory.Options, *directory.Config) {}, nil},
		"LDAPS":                {func(_ *directory.Options, c *directory.Config) { c.Port, c.UseSSL = s.SecurePort, true }, nil},
		"an unknown authority": {func(o *directory.Options, _ *directory.Config) { o.Roots = stranger.Pool() }, directory.ErrCertificate},
		"an unknown authority of LDAPS": {func(o *directory.Options, c *directory.Config) {
			o.Roots, c.Port, c.UseSSL = stranger.Pool(), s.SecurePort, true
		}, directory.ErrCertificate},
		"the system's authorities": {func(o *directory.Options, _ *directory.Config) { o.Roots = nil }, directory.ErrCertificate},
		"another name":             {func(_ *directory.Options, c *directory.Config) { c.Host = "127.0.0.1" }, directory.ErrCertificate},
		"LDAPS without TLS":        {func(_ *directory.Options, c *directory.Config) { c.UseSSL = true }, directory.ErrUnreachable},
		"no TLS":                   {func(_ *directory.Options, c *directory.Config) { c.Port = plain.Port }, directory.ErrPlain},
		"no TLS, and none needed":  {func(o *directory.Options, c *directory.Config) { c.Port, o.Plain = plain.Port, true }, nil},
		"a bad certificate, plain": {func(o *directory.Options, _ *directory.Config) { o.Roots, o.Plain = stranger.Pool(), true }, directory.ErrCertificate},
		"a wrong password":         {func(_ *directory.Options, c *directory.Config) { c.Secret = "hunter2" }, directory.ErrCredential},
		"no password":              {func(_ *directory.Options, c *directory.Config) { c.Secret = "" }, directory.ErrCredential},
		"no name":                  {func(_ *directory.Options, c *directory.Config) { c.Account = "" }, directory.ErrCredential},
		"a name that is none":      {func(_ *directory.Options, c *directory.Config) { c.Account = "reader" }, directory.ErrCredential},
		"nobody listens":           {func(_ *directory.Options, c *directory.Config) { c.Port = 1 }, directory.ErrUnreachable},
		"no such host": {func(o *directory.Options, c *directory.Config) {
			c.Host, o.Allow = "no-such-host.invalid", allow(t, "no-such-host.invalid")
		}, directory.ErrUnreachable},
		"nowhere is allowed":        {func(o *directory.Options, _ *directory.Config) { o.Allow = directory.Allow{} }, directory.ErrForbiddenDestination},
		"another address":           {func(o *directory.Options, _ *directory.Config) { o.Allow = allow(t, "192.0.2.0/24") }, directory.ErrForbiddenDestination},
		"a name for another port":   {func(o *directory.Options, _ *directory.Config) { o.Allow = allow(t, "localhost:1") }, directory.ErrForbiddenDestination},
		"a name":                    {func(o *directory.Options, _ *directory.Config) { o.Allow = allow(t, "LOCALHOST") }, nil},
		"an attribute that is none": {func(_ *directory.Options, c *directory.Config) { c.AccountAttribute = "uid=*)(uid" }, directory.ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := config(s)
			c := client(t, s, func(o *directory.Options) { o.Allow = allow(t, "127.0.0.0/8", "::1"); test.change(o, &asked) })
			d, err := c.Open(t.Context(), asked)
			if d != nil {
				d.Close()
			}
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), directorytest.ServicePassword) || !strings.Contains(err.Error(), asked.Host)) {
				t.Errorf("the error reads %v", err)
			}
			t.Log(err)
		})
	}
}

// TestStoppedServer stops the server between two questions.
func TestStoppedServer(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t)
	dn := s.AddUser("alice")
	d := open(t, client(t, s), config(s))
	u, err := d.FindUser(t.Context(), dn)
	must(t, err)
	s.Stop()
	if _, err := d.FindUser(t.Context(), dn); !errors.Is(err, directory.ErrUnreachable) {
		t.Errorf("a question: %v", err)
	}
	if err := d.SignIn(t.Context(), u, "pw of alice"); !errors.Is(err, directory.ErrUnreachable) {
		t.Errorf("a sign-in: %v", err)
	}
	s.Start()
	if err := d.SignIn(t.Context(), u, "pw of alice"); err != nil {
		t.Errorf("a sign-in once it is there again: %v", err)
	}
}

func TestACanceledQuestionEnds(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t)
	d := open(t, client(t, s), config(s))
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if _, err := d.FindUser(ctx, "uid=x,"+directorytest.Suffix); !errors.Is(err, directory.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
}
