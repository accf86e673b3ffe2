package store

import (
	"errors"
	"fmt"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// ApiKey is the key of an ApiKeyPolicy registration: sealed, since GET ApiRegistrations/{id}/Key shows it, and
// found by its fingerprint.
type ApiKey struct {
	Id          int // of the registration
	Sealed      []byte
	Fingerprint string
	Version     int // raised by every rotation; a session dies with the version it began with
}

func (k *ApiKey) AfterWrite(tx *Tx, old *ApiKey) error {
	if old == nil {
		return nil
	}
	return bump(tx, everyone)
}

// keyPurpose separates fingerprints of API keys from all others.
const keyPurpose = "api key"

// sectionKey is the audit Section of keys that were looked at or replaced.
const sectionKey = "API Key"

// SetApiKey gives a registration a key, replacing the one it has. The letter case of the key does not matter.
func SetApiKey(tx *Tx, registrationID int, key string) error {
	key = authz.FoldAPIKey(key)
	sealed, err := tx.Vault().Seal([]byte(key), sealContext(registrationID))
	if err != nil {
		return err
	}
	k := &ApiKey{Id: registrationID, Sealed: sealed, Fingerprint: tx.Vault().Fingerprint(keyPurpose, key), Version: 1}
	old, err := ApiKeys.Get(tx, registrationID)
	switch {
	case errors.Is(err, ErrNotFound):
		return ApiKeys.Insert(tx, k)
	case err != nil:
		return err
	}
	k.Version = old.Version + 1
	return ApiKeys.Put(tx, k)
}

// ReadApiKey returns the key of a registration and audits that it was looked at. It returns ErrNotFound for a
// registration that has none.
func ReadApiKey(tx *Tx, registrationID int) (string, error) {
	k, err := ApiKeys.Get(tx, registrationID)
	if err != nil {
		return "", err
	}
	key, err := tx.Vault().Open(k.Sealed, sealContext(registrationID))
	if err != nil {
		return "", err
	}
	return string(key), tx.Audit(record.ActionView, sectionKey, record.Detail("Id", registrationID, registrationID))
}

// sealContext binds a sealed key to its registration, so that one cannot stand in for another.
func sealContext(registrationID int) string {
	return fmt.Sprintf("%s of registration %d", keyPurpose, registrationID)
}

// RegistrationHasKey reports whether a key, in either letter case, is that of an API registration.
func RegistrationHasKey(tx *Tx, registrationID int, key string) (bool, error) {
	k, err := ApiKeys.Get(tx, registrationID)
	if err != nil {
		return false, record.Ignore(ErrNotFound, err)
	}
	return holds(tx, k.Sealed, sealContext(registrationID), authz.FoldAPIKey(key)), nil
}

// RevealApiKey returns the key of an API registration, empty if it has none.
func RevealApiKey(tx *Tx, registrationID int) (string, error) {
	k, err := ApiKeys.Get(tx, registrationID)
	if err != nil {
		return "", record.Ignore(ErrNotFound, err)
	}
	return reveal(tx, k.Sealed, sealContext(registrationID))
}
