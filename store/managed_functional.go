package store

import (
	"cmp"
	"fmt"

	"github.com/musterhq/muster/store/record"
)

// FunctionalAccount is what manages systems.
type FunctionalAccount struct {
	FunctionalAccountID int    `example:"1"`                                                 // ID of the functional account.
	PlatformID          int    `example:"2"`                                                 // ID of the platform of the systems that it manages.
	DomainName          Text   `example:"meridian"`                                          // Domain of the account.
	AccountName         string `example:"svc-muster"`                                        // Name of the account.
	DisplayName         string `example:"Password changer"`                                  // Name that is shown; the account's unless another is given.
	Description         Text   `example:"Changes passwords of Linux"`                        // Description of the account.
	ElevationCommand    Text   `example:"sudo"`                                              // Command that raises the rights of the account.
	TenantID            Text   `example:"9f2b6c7e-5e0b-4a0e-8d0b-3f0c8e0a1b2c"`              // ID of the tenant of Entra ID.
	ObjectID            Text   `example:"8f8b1f6e-4d1a-4a57-9f62-0f3c1c4c7a10"`              // ID of the account in Entra ID.
	AzureInstance       Text   `example:"AzurePublic" enums:"AzurePublic,AzureUsGovernment"` // Cloud of the tenant.
}

func (a *FunctionalAccount) Validate(tx *Tx) error {
	if a.DisplayName == "" {
		a.DisplayName = a.AccountName
	}
	return cmp.Or(
		required("AccountName", a.AccountName, maxAccountName), short("DomainName", string(a.DomainName), maxDomain),
		short("DisplayName", a.DisplayName, maxDomain), short("Description", string(a.Description), maxPurpose),
		short("ElevationCommand", string(a.ElevationCommand), 80), short("TenantID", string(a.TenantID), 36), short("ObjectID", string(a.ObjectID), 36),
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

// CountSystems returns how many managed systems each functional account manages, by the ids of the accounts.
func CountSystems(tx *Tx) (map[int]int, error) {
	counts := map[int]int{}
	for s, err := range ManagedSystems.All(tx) {
		if err != nil {
			return nil, err
		}
		counts[valueOf(s.FunctionalAccountID)]++
	}
	return counts, nil
}

// CreateFunctionalAccount makes a functional account with its password. It returns ErrExists for one of the same platform, domain and
// name.
func CreateFunctionalAccount(tx *Tx, a *FunctionalAccount, password string) error {
	if err := checkAccount(string(a.DomainName), a.AccountName, password); err != nil {
		return err
	}
	switch a.AzureInstance {
	case "", "AzurePublic", "AzureUsGovernment":
	default:
		return Invalid("AzureInstance: AzurePublic or AzureUsGovernment is expected")
	}
	if err := FunctionalAccounts.Insert(tx, a); err != nil || password == "" {
		return err
	}
	return SetFunctionalPassword(tx, a.FunctionalAccountID, password)
}

// DeleteFunctionalAccount deletes a functional account. It returns ErrBusy while it manages a system.
func DeleteFunctionalAccount(tx *Tx, id int) error {
	if _, err := FunctionalAccounts.Get(tx, id); err != nil {
		return err
	}
	counts, err := CountSystems(tx)
	if n := counts[id]; err == nil && n > 0 {
		err = record.Error(ErrBusy, "Functional Account %d manages %d systems", id, n)
	}
	if err != nil {
		return err
	}
	return FunctionalAccounts.Delete(tx, id)
}
