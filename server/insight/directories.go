package insight

import (
	"strings"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
)

// directoryFields are how a body names a directory, and the credential for it: one that comes along, or the one that is
// stored.
type directoryFields struct {
	// Uniquely identifies your Entra ID app. If not given, the existing credential for the directory is used. For EntraId.
	ClientId string `EntraId:""`
	// TenantID of the account. For EntraId: required.
	TenantId string `EntraId:"required"`
	// Client credential. For EntraId: required with ClientId.
	ClientSecret string `EntraId:""`
	// AzureUsGovernment or AzurePublic (default). For EntraId.
	AzureInstance string `EntraId:""`
	// The directory forest name. Max string length is 300. For ActiveDirectory: required when BindUser is given.
	ForestName string `ActiveDirectory:"max=300"`
	// The directory domain name. Max string length is 250. For ActiveDirectory: required.
	DomainName string `ActiveDirectory:"required,max=250"`
	// Username for directory binding. If not given, the existing credential for the directory is used. For ActiveDirectory and LdapDirectory.
	BindUser string `ActiveDirectory:"" LdapDirectory:""`
	// Password for directory binding. For ActiveDirectory and LdapDirectory: required when BindUser is given.
	BindPassword string `ActiveDirectory:"" LdapDirectory:""`
	// Directory server port, 1 to 65535. For LdapDirectory; of a user group required when BindUser is given.
	Port *int `LdapDirectory:""`
	// Whether to use SSL (default: false).
	UseSSL bool `EntraId:"" ActiveDirectory:"" LdapDirectory:""`
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
		if a := d.AzureInstance; a != "" && !strings.EqualFold(a, "AzurePublic") && !strings.EqualFold(a, "AzureUsGovernment") {
			return store.Invalid("AzureInstance: AzurePublic or AzureUsGovernment is expected")
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

// refuse returns why what a body names in a directory cannot be had.
func (d *directoryFields) refuse(tx *store.Tx, kind string) error {
	need := authz.Reads(authz.CredentialManagement)
	if d.BindUser != "" || d.ClientId != "" { // a new credential, not a stored one
		need = authz.Writes(authz.CredentialManagement)
	}
	has, err := store.PermissionLevel(tx, authz.CredentialManagement)
	if err != nil {
		return err
	}
	if !has.Includes(need.Grants()[0].Level) {
		return store.Denied(need.Required())
	}
	return store.Invalid("%s: no directory is configured", kind)
}
