package store

import (
	"cmp"
	"crypto/subtle"
	"errors"
	"fmt"
	"strconv"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// Directory is a server, a domain or a tenant that users and user groups come from, and the account that it is asked as.
type Directory struct {
	DirectoryID int
	Kind        string // EntraId, ActiveDirectory or LdapDirectory
	Host        string // the tenant, the domain or the server
	Port        int    // of a server; 0: the usual one
	ForestName  Text   // of a domain
	ShortName   Text   // of a domain: what people may type in its place
	Cloud       Text   // of a tenant: AzurePublic (also if empty) or AzureUsGovernment
	UseSSL      bool
	Account     string // the user to bind as, or the client id
}

func (d *Directory) Validate(*Tx) error {
	if !IsDirectoryType(d.Kind) {
		return Invalid("%q is no kind of directory", d.Kind)
	}
	return cmp.Or(
		required("the directory's host, domain or tenant", d.Host, maxDomain), required("the directory's account", d.Account, maxDirectoryAccount),
		short("ForestName", string(d.ForestName), 300),
	)
}

// maxDirectoryAccount is room for a distinguished name.
const maxDirectoryAccount = 1024

// AfterWrite deletes the credential of a deleted directory.
func (d *Directory) AfterWrite(tx *Tx, old *Directory) error {
	if d != nil {
		return nil
	}
	return record.Ignore(ErrNotFound, DirectoryCredentials.Delete(tx, old.DirectoryID))
}

// DirectoryCredential is the password of a directory's account, or its client secret, sealed. Nothing shows it.
type DirectoryCredential struct {
	DirectoryID int
	Sealed      []byte
}

func directorySecret(id int) string { return fmt.Sprintf("credential of directory %d", id) }

// DirectoryAccess is a directory and the secret of its account in clear. It prints as nothing.
type DirectoryAccess struct {
	Directory
	Secret string
	IsNew  bool // the secret came along and is not stored yet
}

// Format keeps the secret out of logs and errors.
func (DirectoryAccess) Format(f fmt.State, _ rune) { fmt.Fprint(f, "(hidden)") }

// FindAccess completes what a caller says of a directory: with a credential of their own, which needs Credential
// Management (Read/Write), or with the stored one, which needs Credential Management (Read), also if the caller names it again. A
// Port of 0 finds the directory of that host whatever its port. It returns ErrDenied, and ErrInvalid when no credential is stored.
func FindAccess(tx *Tx, asked DirectoryAccess) (DirectoryAccess, error) {
	has, err := PermissionLevel(tx, authz.CredentialManagement)
	if err != nil {
		return asked, err
	}
	if asked.Account == "" && !has.Includes(authz.Read) {
		return asked, Denied(authz.Reads(authz.CredentialManagement).Required())
	}
	if asked.Account == "" || has.Includes(authz.ReadWrite) {
		return findAccess(tx, asked)
	}
	if has.Includes(authz.Read) {
		if stored, err := storedAccess(tx, asked); err != nil || stored != nil && stored.isNamedBy(asked) {
			return *cmp.Or(stored, &asked), err
		}
	}
	return asked, Denied(authz.Writes(authz.CredentialManagement).Required())
}

// FindUserAccess is FindAccess for the creation of a user. Of Active Directory and LDAP the document asks for no permission then.
func FindUserAccess(tx *Tx, asked DirectoryAccess) (DirectoryAccess, error) {
	if asked.Kind == EntraIdType {
		return FindAccess(tx, asked)
	}
	return findAccess(tx, asked)
}

// findAccess is FindAccess without the question who may.
func findAccess(tx *Tx, asked DirectoryAccess) (DirectoryAccess, error) {
	if asked.Account != "" {
		asked.IsNew = true
		return asked, nil
	}
	stored, err := storedAccess(tx, asked)
	if err == nil && stored == nil {
		err = Invalid("%s: no credential is stored for %s", asked.Kind, asked.Host)
	}
	if err != nil {
		return asked, err
	}
	return *stored, nil
}

// storedAccess returns the directory that is meant with its stored credential, nil if there is no such directory.
func storedAccess(tx *Tx, asked DirectoryAccess) (*DirectoryAccess, error) {
	for d, err := range directoriesByPlace.Each(tx, K(asked.Kind, record.Fold(asked.Host))) {
		if err != nil {
			return nil, err
		}
		if asked.Port == 0 || d.Port == asked.Port {
			stored, err := OpenDirectory(tx, d.DirectoryID)
			return &stored, err
		}
	}
	return nil, nil
}

// isNamedBy reports whether what a caller says is the stored credential, account and secret.
func (a *DirectoryAccess) isNamedBy(asked DirectoryAccess) bool {
	return record.Fold(a.Account) == record.Fold(asked.Account) && subtle.ConstantTimeCompare([]byte(a.Secret), []byte(asked.Secret)) == 1
}

// OpenDirectory returns a directory with its secret, or ErrNotFound.
func OpenDirectory(tx *Tx, id int) (DirectoryAccess, error) {
	d, err := Directories.Get(tx, id)
	if err != nil {
		return DirectoryAccess{}, err
	}
	c, err := DirectoryCredentials.Get(tx, id)
	if err != nil {
		return DirectoryAccess{}, err
	}
	secret, err := tx.Vault().Open(c.Sealed, directorySecret(id))
	return DirectoryAccess{Directory: *d, Secret: string(secret)}, err
}

// SetDirectory stores a directory with its credential, in place of those of the same kind, host and port, and gives it its id.
func SetDirectory(tx *Tx, a *DirectoryAccess) error {
	old, err := directoriesByPlace.One(tx, K(a.Kind, record.Fold(a.Host), a.Port), a.Host)
	switch {
	case err == nil:
		a.DirectoryID, a.Host = old.DirectoryID, old.Host
		err = Directories.Put(tx, &a.Directory)
	case errors.Is(err, ErrNotFound):
		a.DirectoryID = 0
		err = Directories.Insert(tx, &a.Directory)
	}
	if err != nil {
		return err
	}
	if known, err := OpenDirectory(tx, a.DirectoryID); err == nil && known.Secret == a.Secret {
		return nil // sealed again it would look changed
	}
	sealed, err := tx.Vault().Seal([]byte(a.Secret), directorySecret(a.DirectoryID))
	if err != nil {
		return err
	}
	return replace(tx, DirectoryCredentials, &DirectoryCredential{a.DirectoryID, sealed})
}

// settle makes sure that a directory which was just asked is stored, and returns its id. A stored credential is replaced only by
// an actor who may manage credentials.
func (a DirectoryAccess) settle(tx *Tx, e DirectoryEntry) (int, error) {
	if a.IsNew {
		has, err := PermissionLevel(tx, authz.CredentialManagement)
		if err != nil {
			return 0, err
		}
		stored, err := DirectoryAt(tx, a.Kind, a.Host, a.Port)
		if err == nil && !has.Includes(authz.ReadWrite) {
			return stored.DirectoryID, nil
		}
		if err := record.Ignore(ErrNotFound, err); err != nil {
			return 0, err
		}
		a.ShortName = fitted(e.ShortDomainName)
		err = SetDirectory(tx, &a)
		return a.DirectoryID, err
	}
	known, err := Directories.Has(tx, a.DirectoryID)
	if err == nil && !known {
		err = Invalid("%s: the directory %s is gone", a.Kind, a.Host)
	}
	return a.DirectoryID, err
}

// entryIn is what stays of an entry, told apart from those of other directories: how users and user groups are found again
// when they are renamed or moved.
func entryIn(directoryID int, id string) Text { return Text(strconv.Itoa(directoryID) + "/" + id) }

// EntryIn is what the store keeps of an entry by which directory it is in and what stays of it there.
func EntryIn(directoryID int, id string) Text { return entryIn(directoryID, id) }

// DirectoryAt returns the directory of a kind, a host and a port, or ErrNotFound.
func DirectoryAt(tx *Tx, kind, host string, port int) (*Directory, error) {
	return directoriesByPlace.One(tx, K(kind, record.Fold(host), port), host)
}
