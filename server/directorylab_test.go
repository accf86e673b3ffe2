package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/musterhq/muster/directory"
	"github.com/musterhq/muster/directory/directorytest"
	"github.com/musterhq/muster/directory/roster"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/insight"
)

// ldapLab is a lab whose users and groups come from an OpenLDAP server.
type ldapLab struct {
	*fixture
	*directorytest.Slapd
	admin string
}

func newLDAPLab(t *testing.T) *ldapLab {
	t.Helper()
	s := directorytest.StartSlapd(t)
	allow, err := directory.ParseAllow([]string{"localhost"})
	must(t, err)
	l := newFixture(t, false, func(o *server.Options) {
		o.Roster = roster.New(roster.Options{DB: o.DB, Client: directory.New(directory.Options{Allow: allow, Roots: s.Authority.Pool(), Members: 5000})})
	})
	return &ldapLab{fixture: l.requirePassword(), Slapd: s, admin: l.tokenOf("administrator")}
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
