package insight

import (
	"context"
	"strings"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// directoryFields are how a body names a directory, and the credential for it: one that comes along, or the one that is
// stored.
type directoryFields struct {
	// Uniquely identifies your Entra ID app. If not given, the existing credential for the directory is used. For EntraId.
	ClientId string `EntraId:"" example:"6c1f4a0e-3d52-4b1b-9a3e-2f7d5c9b0e11"`
	// TenantID of the account. For EntraId: required.
	TenantId string `EntraId:"required" example:"0e8b7c52-9a41-4c6f-8d1a-5b3e2f7a9c20"`
	// Client credential. For EntraId: required with ClientId.
	ClientSecret string `EntraId:"" example:"the-secret-of-the-app"`
	// The cloud that the directory is in: AzurePublic (default) or AzureUsGovernment. For EntraId.
	AzureInstance string `EntraId:"" example:"AzurePublic" enums:"AzurePublic,AzureUsGovernment" default:"AzurePublic"`
	// The directory forest name. Max string length is 300. For ActiveDirectory: required when BindUser is given.
	ForestName string `ActiveDirectory:"max=300" example:"lab.example"`
	// The directory domain name. Max string length is 250. For ActiveDirectory: required.
	DomainName string `ActiveDirectory:"required,max=250" example:"ad.lab.example"`
	// Username for directory binding. If not given, the existing credential for the directory is used. For ActiveDirectory and LdapDirectory.
	BindUser string `ActiveDirectory:"" LdapDirectory:"" example:"cn=reader,dc=lab,dc=example"`
	// Password for directory binding. For ActiveDirectory and LdapDirectory: required when BindUser is given.
	BindPassword string `ActiveDirectory:"" LdapDirectory:"" example:"the-password-of-the-reader"`
	// Directory server port, 1 to 65535. For LdapDirectory; of a user group it is required when BindUser is given.
	Port *int `LdapDirectory:"" example:"636" minimum:"1" maximum:"65535"`
	// Whether to use SSL (default: false).
	UseSSL bool `EntraId:"" ActiveDirectory:"" LdapDirectory:"" example:"true" default:"false"`
}

// groupDirectoryFields are the directoryFields of a user group, some of which the document spells in another way there.
type groupDirectoryFields struct {
	// Uniquely identifies your Entra ID app. If not given, the existing credential for the directory is used. For EntraId.
	ClientId string `EntraId:"" example:"6c1f4a0e-3d52-4b1b-9a3e-2f7d5c9b0e11"`
	// TenantID of the account. For EntraId: required.
	TenantId string `EntraId:"required" example:"0e8b7c52-9a41-4c6f-8d1a-5b3e2f7a9c20"`
	// Client credential. For EntraId: required with ClientId.
	ClientSecret string `EntraId:"" example:"the-secret-of-the-app"`
	// The cloud that the directory is in: AzurePublic (default) or AzureUsGovernment. For EntraId.
	AzureInstance string `EntraId:"" example:"AzurePublic" enums:"AzurePublic,AzureUsGovernment" default:"AzurePublic"`
	// The directory forest name. Max string length is 300. For ActiveDirectory: required when bindUser is given.
	ForestName string `json:"forestName" ActiveDirectory:"max=300" example:"lab.example"`
	// The directory domain name. Max string length is 250. For ActiveDirectory: required.
	DomainName string `json:"domainName" ActiveDirectory:"required,max=250" example:"ad.lab.example"`
	// Username for directory binding. If not given, the existing credential for the directory is used. For ActiveDirectory and LdapDirectory.
	BindUser string `json:"bindUser" ActiveDirectory:"" LdapDirectory:"" example:"cn=reader,dc=lab,dc=example"`
	// Password for directory binding. For ActiveDirectory and LdapDirectory: required when bindUser is given.
	BindPassword string `json:"bindPassword" ActiveDirectory:"" LdapDirectory:"" example:"the-password-of-the-reader"`
	// Directory server port, 1 to 65535. For LdapDirectory; of a user group it is required when bindUser is given.
	Port *int `json:"port" LdapDirectory:"" example:"636" minimum:"1" maximum:"65535"`
	// Whether to use SSL (default: false).
	UseSSL bool `json:"useSSL" EntraId:"" ActiveDirectory:"" LdapDirectory:"" example:"true" default:"false"`
}

// directory are the fields with what belongs to them.
func (g *groupDirectoryFields) directory() *directoryFields {
	d := directoryFields(*g)
	return &d
}

// check checks what the tags cannot say.
func (d *directoryFields) check(kind string) error {
	needs := func(member, value, given string) error {
		if value != "" {
			return nil
		}
		return store.Invalid("%s is required when %s is given", member, given)
	}
	switch {
	case kind == store.EntraIdType:
		if d.AzureInstance != "" && d.instance() == "" {
			return store.Invalid("AzureInstance: %s is expected", strings.Join(instances(), " or "))
		}
		if d.ClientSecret != "" {
			return needs("ClientId", d.ClientId, "ClientSecret")
		}
		if d.ClientId != "" {
			return needs("ClientSecret", d.ClientSecret, "ClientId")
		}
	case d.Port != nil && (*d.Port < 1 || *d.Port > 65535):
		return store.Invalid("Port: 1 to 65535 is expected")
	case d.BindUser == "":
	case d.BindPassword == "":
		return needs("BindPassword", "", "BindUser")
	case kind == store.ActiveDirectoryType:
		return needs("ForestName", d.ForestName, "BindUser")
	}
	return nil
}

// access is the directory that a body names, with the credential that comes along if one does. host is the server of LDAP.
func (d *directoryFields) access(kind, host string) store.DirectoryAccess {
	a := store.DirectoryAccess{Directory: store.Directory{
		Kind: kind, Host: host, UseSSL: d.UseSSL, ForestName: store.Text(d.ForestName), Account: d.BindUser,
	}, Secret: d.BindPassword}
	switch kind {
	case store.EntraIdType:
		a.Host, a.Account, a.Secret = d.TenantId, d.ClientId, d.ClientSecret
		a.Cloud = store.Text(d.instance())
	case store.ActiveDirectoryType:
		a.Host = d.DomainName
	case store.LdapDirectoryType:
		if d.Port != nil {
			a.Port = *d.Port
		}
	}
	return a
}

// instances are the values of AzureInstance.
func instances() []string { return []string{"AzurePublic", "AzureUsGovernment"} }

// instance is the AzureInstance in its own spelling, empty for none.
func (d *directoryFields) instance() string {
	for _, name := range instances() {
		if strings.EqualFold(name, d.AzureInstance) {
			return name
		}
	}
	return ""
}

// createDirectoryUser looks a user up in their directory and makes them. The directory is asked between two transactions, and the
// second one checks again what the first one did.
func (s Services) createDirectoryUser(ctx context.Context, c api.Caller, b userFields) (*user, error) {
	name := b.UserName
	if b.UserType == store.LdapDirectoryType {
		name = b.DistinguishedName
	}
	asked := b.access(b.UserType, b.HostName)
	find := func(tx *store.Tx) (store.DirectoryAccess, error) { return store.FindUserAccess(tx, asked) }
	a, err := api.View(ctx, c, find)
	if err != nil {
		return nil, err
	}
	entry, err := s.FindUser(ctx, a, name, b.AccountNameAttribute)
	if err != nil {
		return nil, err
	}
	return api.Update(ctx, c, func(tx *store.Tx) (*user, error) {
		if _, err := find(tx); err != nil {
			return nil, err
		}
		u, err := store.CreateDirectoryUser(tx, a, entry, b.AccountNameAttribute)
		if err != nil {
			return nil, err
		}
		return show(u), nil
	})
}

// createDirectoryGroup is createDirectoryUser for a user group. Its members come in the background, or when somebody asks for
// them.
func (s Services) createDirectoryGroup(ctx context.Context, c api.Caller, b userGroupFields) (*userGroup, error) {
	name := b.GroupName
	if b.GroupType == store.LdapDirectoryType {
		name = b.GroupDistinguishedName
	}
	asked := b.directory().access(b.GroupType, b.HostName)
	find := func(tx *store.Tx) (a store.DirectoryAccess, err error) {
		if err = store.MayMakeDirectoryGroup(tx, b.endowment()); err == nil {
			a, err = store.FindAccess(tx, asked)
		}
		return a, err
	}
	a, err := api.View(ctx, c, find)
	if err != nil {
		return nil, err
	}
	entry, err := s.FindGroup(ctx, a, name, b.AccountAttribute, b.MembershipAttribute)
	if err != nil {
		return nil, err
	}
	shown, err := api.Update(ctx, c, func(tx *store.Tx) (*userGroup, error) {
		if _, err := find(tx); err != nil {
			return nil, err
		}
		g := b.group()
		err := store.CreateDirectoryGroup(tx, a, entry, g, b.endowment())
		return shownGroup(tx, g, err)
	})
	if err == nil {
		s.WakeDirectories()
	}
	return shown, err
}
