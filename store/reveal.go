package store

import (
	"errors"

	"github.com/musterhq/muster/authz"
)

// What is sealed, for whoever must know whether it is what he has, or may see all there is. Who reveals leaves an audit row of
// his own.

// AccountHasPassword reports whether a password is that of a managed account.
func AccountHasPassword(tx *Tx, a *ManagedAccount, password string) (bool, error) {
	return a.hasPassword(tx, password)
}

// FunctionalAccountHasPassword reports whether a password is that of a functional account.
func FunctionalAccountHasPassword(tx *Tx, a *FunctionalAccount, password string) (bool, error) {
	return a.hasPassword(tx, password)
}

// RegistrationHasKey reports whether a key, in either letter case, is that of an API registration.
func RegistrationHasKey(tx *Tx, registrationID int, key string) (bool, error) {
	k, err := ApiKeys.Get(tx, registrationID)
	if err != nil {
		return false, unless(ErrNotFound, err)
	}
	return tx.holds(k.Sealed, sealContext(registrationID), authz.FoldAPIKey(key)), nil
}

// RevealAccountPassword returns the password of a managed account, empty if it has none.
func RevealAccountPassword(tx *Tx, accountID int) (string, error) {
	p, err := AccountPasswords.Get(tx, accountID)
	if err != nil {
		return "", unless(ErrNotFound, err)
	}
	return tx.reveal(p.Sealed, sealedForAccount(accountID))
}

// RevealFunctionalPassword returns the password of a functional account, empty if it has none.
func RevealFunctionalPassword(tx *Tx, accountID int) (string, error) {
	p, err := FunctionalPasswords.Get(tx, accountID)
	if err != nil {
		return "", unless(ErrNotFound, err)
	}
	return tx.reveal(p.Sealed, sealedForFunctionalAccount(accountID))
}

// RevealApiKey returns the key of an API registration, empty if it has none.
func RevealApiKey(tx *Tx, registrationID int) (string, error) {
	k, err := ApiKeys.Get(tx, registrationID)
	if err != nil {
		return "", unless(ErrNotFound, err)
	}
	return tx.reveal(k.Sealed, sealContext(registrationID))
}

// reveal opens what was sealed; what another master key sealed is nothing.
func (tx *Tx) reveal(sealed []byte, context string) (string, error) {
	plain, err := tx.Vault().Open(sealed, context)
	if errors.Is(err, authz.ErrSealed) {
		return "", nil
	}
	return string(plain), err
}
