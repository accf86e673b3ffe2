package directorytest

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// ActiveDirectory stands in for a domain controller in what OpenLDAP cannot show: binary ids, members in ranges, primary groups,
// account control, and principal names to sign in with.
type ActiveDirectory struct {
	*Responder
	Range int // how many members come at once

	mu        sync.Mutex
	entries   []*adEntry
	passwords map[string]string // by distinguished name and by principal name
}

type adEntry struct {
	dn     string
	values map[string][]string // by lower-case name
}

// Domain and its service account.
const (
	Domain     = "corp.example"
	DomainRoot = "DC=corp,DC=example"
	ADAccount  = "svc"
	ADPassword = "reads [everything];"
)

// StartActiveDirectory starts a domain controller without people, of a domain with the short name SHORT.
func StartActiveDirectory(t testing.TB) *ActiveDirectory {
	t.Helper()
	d := &ActiveDirectory{Range: 1500, passwords: map[string]string{ADAccount + "@" + Domain: ADPassword}}
	d.Responder = StartResponder(t, d.answer)
	d.add("CN=SHORT,CN=Partitions,CN=Configuration,"+DomainRoot, []string{"objectClass: crossRef", "nETBIOSName: SHORT", "dnsRoot: " + Domain})
	return d
}

// AddUser adds a user with the password "pw of NAME", and returns their distinguished name.
func (d *ActiveDirectory) AddUser(name string, attributes ...string) string {
	dn := "CN=" + ldap.EscapeDN(name) + ",CN=Users," + DomainRoot
	d.add(dn, append([]string{
		"objectClass: user", "objectClass: person", "objectCategory: person", "sAMAccountName: " + name, "cn: " + name,
		"userPrincipalName: " + name + "@mail.example", "userAccountControl: 512",
	}, attributes...))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.passwords[dn] = "pw of " + name
	return dn
}

// AddGroup adds a group, whose last id is id, and returns its distinguished name.
func (d *ActiveDirectory) AddGroup(name string, id uint32, members ...string) string {
	dn := "CN=" + ldap.EscapeDN(name) + ",CN=Users," + DomainRoot
	sid := binary.LittleEndian.AppendUint32([]byte{1, 2, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0}, id)
	attributes := []string{"objectClass: group", "cn: " + name, "sAMAccountName: " + name, "objectSid: " + string(sid)}
	for _, m := range members {
		attributes = append(attributes, "member: "+m)
	}
	d.add(dn, attributes)
	return dn
}

func (d *ActiveDirectory) add(dn string, attributes []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := &adEntry{dn: dn, values: map[string][]string{"distinguishedname": {dn}}}
	guid := fmt.Sprintf("GUID%04d\x00\xff*)(,#\x80", len(d.entries)) // bytes that mean something in filters and text
	e.values["objectguid"] = []string{guid[:16]}
	for _, a := range attributes {
		name, value, _ := strings.Cut(a, ": ")
		e.values[strings.ToLower(name)] = append(e.values[strings.ToLower(name)], value)
	}
	d.entries = append(d.entries, e)
}

// Set replaces the values of an entry's attribute.
func (d *ActiveDirectory) Set(dn, attribute string, values ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.entries {
		if e.dn == dn {
			e.values[strings.ToLower(attribute)] = values
		}
	}
}

// Rename moves an entry, and its password with it.
func (d *ActiveDirectory) Rename(from, to string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.entries {
		if e.dn == from {
			e.dn, e.values["distinguishedname"] = to, []string{to}
		}
	}
	d.passwords[to] = d.passwords[from]
	delete(d.passwords, from)
}

func (d *ActiveDirectory) answer(r Request, w io.Writer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if name, password, is := r.IsBind(); is {
		code := int64(ldap.LDAPResultInvalidCredentials)
		if want, known := d.passwords[name]; known && want == password || password == "" { // an empty one is let in, as nobody
			code = ldap.LDAPResultSuccess
		}
		w.Write(r.Message(Result(ldap.ApplicationBindResponse, code, "the password was "+password)))
	}
	s, is := r.IsSearch()
	if !is {
		return
	}
	if s.Base == "" {
		w.Write(r.Message(Found("", Attribute{"namingContexts", []string{DomainRoot, "CN=Configuration," + DomainRoot}}, Attribute{"defaultNamingContext", []string{DomainRoot}},
			Attribute{"configurationNamingContext", []string{"CN=Configuration," + DomainRoot}})))
	}
	found := s.Base == ""
	for _, e := range d.entries {
		here := strings.EqualFold(e.dn, s.Base) || s.Scope != ldap.ScopeBaseObject && strings.HasSuffix(e.dn, s.Base)
		if here && e.passes(s.Filter) {
			found = true
			w.Write(r.Message(Found(e.dn, e.show(s.Attributes, d.Range)...)))
		}
	}
	code := int64(ldap.LDAPResultSuccess)
	if !found && s.Scope == ldap.ScopeBaseObject {
		code = ldap.LDAPResultNoSuchObject
	}
	if s.Scope == ldap.ScopeWholeSubtree {
		w.Write(r.Message(Reference("ldaps://elsewhere.corp.example/" + DomainRoot)))
	}
	w.Write(r.Message(Result(ldap.ApplicationSearchResultDone, code, "")))
}

// show are the attributes of an entry that are asked for; members in ranges.
func (e *adEntry) show(names []string, size int) (all []Attribute) {
	for _, asked := range names {
		name, option, _ := strings.Cut(asked, ";range=")
		values := e.values[strings.ToLower(name)]
		if len(values) == 0 {
			continue
		}
		if strings.EqualFold(name, "member") && (option != "" || len(values) > size) {
			low, _, _ := strings.Cut(option, "-")
			from, _ := strconv.Atoi(low)
			from = min(from, len(values))
			to := min(from+size, len(values))
			end := strconv.Itoa(to - 1)
			if to == len(values) {
				end = "*"
			}
			name, values = fmt.Sprintf("%s;range=%d-%s", name, from, end), values[from:to]
		}
		all = append(all, Attribute{name, values})
	}
	return all
}

// passes reports whether an entry passes a filter of the forms that are asked with.
func (e *adEntry) passes(filter *ber.Packet) bool {
	part := func(i int) string { return filter.Children[i].Data.String() }
	switch filter.Tag {
	case ldap.FilterAnd:
		return !slices.ContainsFunc(filter.Children, func(f *ber.Packet) bool { return !e.passes(f) })
	case ldap.FilterOr:
		return slices.ContainsFunc(filter.Children, e.passes)
	case ldap.FilterNot:
		return !e.passes(filter.Children[0])
	case ldap.FilterPresent:
		return true
	case ldap.FilterEqualityMatch:
		return slices.ContainsFunc(e.values[strings.ToLower(part(0))], func(v string) bool { return strings.EqualFold(v, part(1)) })
	}
	return false
}
