package store

import (
	"fmt"
	"strconv"
)

// The RegistrationTypes of an API registration.
const (
	ApiKeyPolicy    = "ApiKeyPolicy"
	ApiAccessPolicy = "ApiAccessPolicy"
)

// ApiRegistration says how programs may sign in (the document's "API registrations").
type ApiRegistration struct {
	Id                   int
	Name                 string
	RegistrationType     string
	AccessTokenDuration  int // minutes that a token of an ApiAccessPolicy lives
	Active               bool
	UserPasswordRequired bool
}

func (r *ApiRegistration) check(*Tx) error {
	if r.RegistrationType == ApiAccessPolicy && r.AccessTokenDuration == 0 {
		r.AccessTokenDuration = 60
	}
	return required("Name", r.Name, 256)
}

func (r *ApiRegistration) changed(tx *Tx, old *ApiRegistration) error {
	if old == nil {
		return nil
	}
	return tx.bump(everyone)
}

// ApiKey is the key of an ApiKeyPolicy registration: sealed, since GET ApiRegistrations/{id}/Key shows it, and
// found by its fingerprint.
type ApiKey struct {
	Id          int // of the registration
	Sealed      []byte
	Fingerprint string
	Version     int // raised by every rotation; a session dies with the version it began with
}

func (k *ApiKey) changed(tx *Tx, old *ApiKey) error {
	if old == nil {
		return nil
	}
	return tx.bump(everyone)
}

// keyPurpose separates fingerprints of API keys from all others.
const keyPurpose = "api key"

// SetApiKey gives a registration a key, replacing the one it has.
func SetApiKey(tx *Tx, registrationID int, key string) error {
	sealed, err := tx.Vault().Seal([]byte(key), sealContext(registrationID))
	if err != nil {
		return err
	}
	k := &ApiKey{Id: registrationID, Sealed: sealed, Fingerprint: tx.Vault().Fingerprint(keyPurpose, key), Version: 1}
	old, err := ApiKeys.Get(tx, registrationID)
	if err != nil {
		return ApiKeys.Insert(tx, k)
	}
	k.Version = old.Version + 1
	return ApiKeys.Put(tx, k)
}

// sealContext binds a sealed key to its registration, so that one cannot stand in for another.
func sealContext(registrationID int) string {
	return fmt.Sprintf("%s of registration %s", keyPurpose, strconv.Itoa(registrationID))
}
