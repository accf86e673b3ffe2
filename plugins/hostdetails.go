package plugins

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// How much a record may hold beside the members of its asset. A host with more is skipped, with the reason. The text of a
// member is cut one character above the longest that the API allows anywhere, so that a longer one than its own limit is
// still seen to be: the server refuses it by name, since the first half of an account's name is another account.
const (
	MaxAttributes      = 100
	MaxDatabases       = 100
	MaxManagedAccounts = 1000

	MaxFunctionalAccounts = 1000      // of a whole file; what is beyond is left out
	MaxHostDetails        = 512 << 10 // bytes of all texts together
	maxMember             = 4096 + 1  // characters
)

// HostDetails are what there is on a host. The members of everything in it are those of the API, where an importer can know
// them. An empty text, a zero and a nil say that something is not known, as in a Record: what is stored stays.
type HostDetails struct {
	Attributes    []Attribute    `json:",omitempty"`
	Databases     []Database     `json:",omitempty"`
	ManagedSystem *ManagedSystem `json:",omitempty"`
}

// Attribute is one that there is already on the server, by the names of its type and its own: "Criticality", "High".
type Attribute struct {
	Type      string
	ShortName string
}

// Database is a database (POST Assets/{id}/Databases). PlatformID and Port are required, and InstanceName unless it is the
// default instance; port and instance tell the databases of a host apart.
type Database struct {
	PlatformID        int    `json:",omitempty"`
	InstanceName      string `json:",omitempty"`
	IsDefaultInstance *bool  `json:",omitempty"`
	Port              int    `json:",omitempty"`
	Version           string `json:",omitempty"`
	Template          string `json:",omitempty"`
}

// ManagedSystem is the managed system of a host, which has one at most (POST Assets/{id}/ManagedSystems). PlatformID is
// required.
type ManagedSystem struct {
	SystemName          string           `json:",omitempty"` // the asset's name unless it is given
	PlatformID          int              `json:",omitempty"`
	NetBiosName         string           `json:",omitempty"`
	ContactEmail        string           `json:",omitempty"`
	Description         string           `json:",omitempty"`
	Port                int              `json:",omitempty"`
	Timeout             int              `json:",omitempty"` // seconds
	FunctionalAccountID int              `json:",omitempty"` // of one that there is already
	AutoManagementFlag  *bool            `json:",omitempty"`
	ReleaseDuration     int              `json:",omitempty"` // minutes
	MaxReleaseDuration  int              `json:",omitempty"` // minutes
	ManagedAccounts     []ManagedAccount `json:",omitempty"`
}

// ManagedAccount is an account on a managed system (POST ManagedSystems/{id}/ManagedAccounts). AccountName is required; it
// and DomainName tell the accounts of a system apart.
type ManagedAccount struct {
	DomainName         string   `json:",omitempty"`
	AccountName        string   `json:",omitempty"`
	DistinguishedName  string   `json:",omitempty"`
	Description        string   `json:",omitempty"`
	Password           Password `json:",omitzero"`
	ApiEnabled         *bool    `json:",omitempty"`
	AutoManagementFlag *bool    `json:",omitempty"`
	ReleaseDuration    int      `json:",omitempty"` // minutes
	MaxReleaseDuration int      `json:",omitempty"` // minutes
}

// FunctionalAccount is an account by which systems of a platform are managed. PlatformID and AccountName are required; they
// and DomainName tell functional accounts apart.
type FunctionalAccount struct {
	PlatformID  int      `json:",omitempty"`
	DomainName  string   `json:",omitempty"`
	AccountName string   `json:",omitempty"`
	DisplayName string   `json:",omitempty"`
	Description string   `json:",omitempty"`
	Password    Password `json:",omitzero"`
}

// Size returns how many bytes the texts of the record take.
func (r Record) Size() int {
	size := len(r.IPAddress) + len(r.AssetName) + len(r.DnsName) + len(r.DomainName) + len(r.MacAddress) + len(r.AssetType) +
		len(r.OperatingSystem) + len(r.Description) + len(r.Skip)
	text, password := func(s *string) { size += len(*s) }, func(p *Password) { size += len(p.Reveal()) }
	if r.HostDetails != nil {
		r.HostDetails.each(text, password)
	}
	if r.FunctionalAccount != nil {
		r.FunctionalAccount.each(text, password)
	}
	return size
}

// tooMany says what a record has too much of, if anything.
func (b *HostDetails) tooMany() string {
	accounts := 0
	if b.ManagedSystem != nil {
		accounts = len(b.ManagedSystem.ManagedAccounts)
	}
	for _, list := range []struct {
		what      string
		has, most int
	}{
		{"attributes", len(b.Attributes), MaxAttributes}, {"databases", len(b.Databases), MaxDatabases},
		{"managed accounts", accounts, MaxManagedAccounts},
	} {
		if list.has > list.most {
			return fmt.Sprintf("it has more than %d %s", list.most, list.what)
		}
	}
	return ""
}

// normalized returns host details of which only the store can say what is wrong with them, nil for none, or why they are
// too much.
func (b *HostDetails) normalized() (n *HostDetails, tooMuch string) {
	if b == nil {
		return nil, ""
	}
	if tooMuch = b.tooMany(); tooMuch != "" {
		return nil, tooMuch
	}
	n = b.copy(member)
	n.Attributes = slices.DeleteFunc(n.Attributes, func(a Attribute) bool { return a.Type == "" || a.ShortName == "" })
	if len(n.Attributes) == 0 {
		n.Attributes = nil
	}
	if n.isEmpty() {
		return nil, ""
	}
	if (Record{HostDetails: n}).Size() > MaxHostDetails {
		return nil, fmt.Sprintf("what there is on it takes more than %d KiB", MaxHostDetails>>10)
	}
	return n, ""
}

func (b *HostDetails) isEmpty() bool {
	return len(b.Attributes) == 0 && len(b.Databases) == 0 && b.ManagedSystem == nil
}

// fill takes the lists and the managed system that b lacks from other, copied.
func (b *HostDetails) fill(other *HostDetails) {
	found := other.copy(strings.Clone)
	if len(b.Attributes) == 0 {
		b.Attributes = found.Attributes
	}
	if len(b.Databases) == 0 {
		b.Databases = found.Databases
	}
	if b.ManagedSystem == nil {
		b.ManagedSystem = found.ManagedSystem
	}
}

// copy returns a copy that shares nothing with b, its texts changed by text. Empty lists become nil.
func (b *HostDetails) copy(text func(string) string) *HostDetails {
	c := &HostDetails{Attributes: copied(b.Attributes), Databases: copied(b.Databases)}
	if b.ManagedSystem != nil {
		system := *b.ManagedSystem
		system.ManagedAccounts = copied(system.ManagedAccounts)
		c.ManagedSystem = &system
	}
	c.each(func(s *string) { *s = text(*s) }, func(p *Password) { *p = p.bounded() })
	return c
}

func copied[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return slices.Clone(list)
}

// copy is that of HostDetails.
func (a *FunctionalAccount) copy(text func(string) string) *FunctionalAccount {
	c := *a
	c.each(func(s *string) { *s = text(*s) }, func(p *Password) { *p = p.bounded() })
	return &c
}

// each calls the functions for every text and every password.
func (b *HostDetails) each(text func(*string), password func(*Password)) {
	for i := range b.Attributes {
		text(&b.Attributes[i].Type)
		text(&b.Attributes[i].ShortName)
	}
	for i := range b.Databases {
		d := &b.Databases[i]
		texts(text, &d.InstanceName, &d.Version, &d.Template)
	}
	s := b.ManagedSystem
	if s == nil {
		return
	}
	texts(text, &s.SystemName, &s.NetBiosName, &s.ContactEmail, &s.Description)
	for i := range s.ManagedAccounts {
		a := &s.ManagedAccounts[i]
		texts(text, &a.DomainName, &a.AccountName, &a.DistinguishedName, &a.Description)
		password(&a.Password)
	}
}

func (a *FunctionalAccount) each(text func(*string), password func(*Password)) {
	texts(text, &a.DomainName, &a.AccountName, &a.DisplayName, &a.Description)
	password(&a.Password)
}

func texts(do func(*string), all ...*string) {
	for _, s := range all {
		do(s)
	}
}

// member cleans a text as Normalized does with others, save that it may be a word that scanners write for "not known": an
// account can be called so.
func member(s string) string { return clip(oneLine(s), maxMember) }

// bounded returns a password that the wire can carry.
func (p Password) bounded() Password {
	return NewPassword(cut(strings.ToValidUTF8(p.Reveal(), string(utf8.RuneError)), maxMember))
}
