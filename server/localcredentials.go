package server

import (
	"context"
	"errors"
	"net/http"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
)

// LocalCredentialsPath is where the local door shows what callers sign in with, and makes new what was lost.
const LocalCredentialsPath = "/muster/credentials"

// LocalCredentials asks the local door for credentials, and is its answer.
type LocalCredentials struct {
	Reset Credential `json:",omitempty"` // what is made new; empty: nothing, and all are listed
	Of    string     `json:",omitempty"` // whose: a user, an API registration or a client, by name or id
	Keys  bool       `json:",omitempty"` // API keys are listed too, and that they were is audited

	Secret        string             `json:",omitempty"` // what was made new
	Users         []CredentialsUser  `json:",omitempty"`
	Registrations []RegistrationInfo `json:",omitempty"`
	HTTP          string             `json:",omitempty"` // where the server listens
	HTTPS         string             `json:",omitempty"`
	Error         string             `json:",omitempty"`
}

// Credential is a kind of secret.
type Credential string

// The kinds that can be made new.
const (
	Password     Credential = "password" // of a user
	APIKey       Credential = "key"      // of an API registration
	ClientSecret Credential = "secret"   // of an Application user
)

// CredentialsUser is a user as far as signing in goes.
type CredentialsUser struct {
	Name, Type  string
	ClientID    string `json:",omitempty"`
	Inactive    bool   `json:",omitempty"`
	Quarantined bool   `json:",omitempty"`
}

// RegistrationInfo is an API registration. Its Key is empty unless keys were asked for.
type RegistrationInfo struct {
	ID               int
	Name, Type       string
	Inactive         bool   `json:",omitempty"`
	PasswordRequired bool   `json:",omitempty"`
	Key              string `json:",omitempty"`
}

func (s *Server) credentials(w http.ResponseWriter, r *http.Request) {
	var ask LocalCredentials
	s.answerLocally(w, r, &ask, &ask.Error, func() (err error) {
		if ask.Reset != "" {
			ask.Secret, err = s.renew(r.Context(), ask.Reset, ask.Of)
			return err
		}
		ask.HTTP, ask.HTTPS = s.addresses.http, s.addresses.https
		if !ask.Keys {
			ask, err = store.View(r.Context(), s.DB, store.System("host"), ask.listed)
			return err
		}
		ask, err = store.Update(r.Context(), s.DB, store.System("host"), ask.listed)
		return err
	})
}

// listed is the answer with all that the store has.
func (ask LocalCredentials) listed(tx *store.Tx) (_ LocalCredentials, err error) {
	if ask.Users, err = usersWithCredentials(tx); err == nil {
		ask.Registrations, err = registrations(tx, ask.Keys)
	}
	return ask, err
}

func usersWithCredentials(tx *store.Tx) (all []CredentialsUser, err error) {
	for u, err := range store.Users.All(tx) {
		if err != nil {
			return nil, err
		}
		name := u.UserName
		if u.DomainName != "" {
			name = string(u.DomainName) + `\` + name
		}
		all = append(all, CredentialsUser{name, u.UserType, string(u.ClientID), !u.IsActive, u.IsQuarantined})
	}
	return all, nil
}

func registrations(tx *store.Tx, keys bool) (all []RegistrationInfo, err error) {
	for r, err := range store.ApiRegistrations.All(tx) {
		if err != nil {
			return nil, err
		}
		info := RegistrationInfo{ID: r.Id, Name: r.Name, Type: r.RegistrationType, Inactive: !r.Active, PasswordRequired: r.UserPasswordRequired}
		if keys && r.RegistrationType == store.ApiKeyPolicy {
			if info.Key, err = store.ReadApiKey(tx, r.Id); err != nil && !errors.Is(err, store.ErrNotFound) {
				return nil, err
			}
		}
		all = append(all, info)
	}
	return all, nil
}

// renew makes a secret new, ends the sessions that began with the old one, and lifts the lock of who has tried too often.
func (s *Server) renew(ctx context.Context, kind Credential, of string) (secret string, err error) {
	var set func(*store.Tx) error
	switch kind {
	case Password:
		secret = authz.NewPassword()
		hash, err := s.DB.Hasher().Hash(ctx, secret) // takes too long for a transaction
		if err != nil {
			return "", err
		}
		set = func(tx *store.Tx) error { return setPassword(tx, of, hash) }
	case ClientSecret:
		secret = authz.NewClientSecret()
		set = func(tx *store.Tx) error { return setClientSecret(tx, of, authz.HashClientSecret(secret)) }
	case APIKey:
		secret = authz.NewAPIKey()
		set = func(tx *store.Tx) error { return setKey(tx, of, secret) }
	default:
		return "", store.Invalid("%q is no credential", kind)
	}
	if err := store.Change(ctx, s.DB, store.System("host"), set); err != nil {
		return "", err
	}
	return secret, nil
}

func setPassword(tx *store.Tx, name, hash string) error {
	u, err := store.UserByName(tx, name)
	if err != nil {
		return err
	}
	switch {
	case u.UserType == store.ApplicationType:
		return store.Invalid("%s is an %s user: it has a client secret and no password", name, u.UserType)
	case u.UserType != store.BeyondInsightType:
		return store.Invalid("%s is of a directory, which alone changes the password", name)
	}
	if err := store.SetPassword(tx, u.UserID, hash); err != nil {
		return err
	}
	return unlockIfLocked(tx, name)
}

func setClientSecret(tx *store.Tx, name, hash string) error {
	u, err := store.UserByClientID(tx, name)
	if errors.Is(err, store.ErrNotFound) {
		u, err = store.UserByName(tx, name)
	}
	if err != nil {
		return err
	}
	if u.UserType != store.ApplicationType {
		return store.Invalid("%s is no %s user: it has a password and no client secret", name, store.ApplicationType)
	}
	if err := store.SetClientSecret(tx, u.UserID, hash); err != nil {
		return err
	}
	return unlockIfLocked(tx, name)
}

func unlockIfLocked(tx *store.Tx, name string) error {
	if err := store.Unlock(tx, name); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

func setKey(tx *store.Tx, name, key string) error {
	r, err := store.RegistrationNamed(tx, name)
	if err != nil {
		return err
	}
	if r.RegistrationType != store.ApiKeyPolicy {
		return store.Invalid("%s is an %s: only an %s has a key", r.Name, r.RegistrationType, store.ApiKeyPolicy)
	}
	return store.SetApiKey(tx, r.Id, key)
}
