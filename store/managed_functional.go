package store

import (
	"cmp"
	"fmt"

	"github.com/musterhq/muster/store/record"
)

// FunctionalAccount is what manages systems. It comes in through imports; no endpoint lists it.
type FunctionalAccount struct {
	FunctionalAccountID int
	PlatformID          int
	DomainName          Text
	AccountName         string
	DisplayName         string
	Description         Text
}

func (a *FunctionalAccount) Validate(tx *Tx) error {
	if a.DisplayName == "" {
		a.DisplayName = a.AccountName
	}
	return cmp.Or(
		required("AccountName", a.AccountName, maxAccountName), short("DomainName", string(a.DomainName), maxDomain),
		short("DisplayName", a.DisplayName, maxDomain), short("Description", string(a.Description), maxPurpose),
		knownPlatform(tx, a.PlatformID),
	)
}

// AfterWrite deletes the password of a deleted account.
func (a *FunctionalAccount) AfterWrite(tx *Tx, old *FunctionalAccount) error {
	if a != nil {
		return nil
	}
	return record.Ignore(ErrNotFound, FunctionalPasswords.Delete(tx, old.FunctionalAccountID))
}

// FunctionalPassword is the password of a functional account, sealed. Nothing shows it.
type FunctionalPassword struct {
	FunctionalAccountID int
	Sealed              []byte
}

// SetFunctionalPassword seals and keeps the password of a functional account, in place of the one it has.
func SetFunctionalPassword(tx *Tx, accountID int, password string) error {
	sealed, err := tx.Vault().Seal([]byte(password), sealedForFunctionalAccount(accountID))
	if err != nil {
		return err
	}
	return replace(tx, FunctionalPasswords, &FunctionalPassword{accountID, sealed})
}

func sealedForFunctionalAccount(id int) string {
	return fmt.Sprintf("password of functional account %d", id)
}

// FunctionalAccountByName returns the functional account of a platform, a domain and a name, without regard to case, or
// ErrNotFound.
func FunctionalAccountByName(tx *Tx, platformID int, domain, name string) (*FunctionalAccount, error) {
	return functionalAccountByName.One(tx, K(platformID, record.Fold(domain), record.Fold(name)), name)
}
