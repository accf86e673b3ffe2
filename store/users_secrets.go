package store

import (
	"errors"

	"github.com/musterhq/muster/authz"
)

// UserSecret is what a user proves themselves with, and how often it was replaced or their sessions were ended otherwise: a session
// knows the Version it began with and dies with it.
type UserSecret struct {
	UserID   int
	Password string // argon2id, empty: no sign-in by password
	Client   string // hash of the ClientSecret, empty: none
	Version  int
}

// secretOf returns a user's secret, an empty one if they have none.
func secretOf(tx *Tx, userID int) (*UserSecret, error) {
	s, err := UserSecrets.Get(tx, userID)
	if errors.Is(err, ErrNotFound) {
		return &UserSecret{UserID: userID}, nil
	}
	return s, err
}

// SetPassword gives a user the password with that hash, and ends their sessions.
func SetPassword(tx *Tx, userID int, hash string) error {
	return changeSecret(tx, userID, func(s *UserSecret) { s.Password = hash })
}

// SetClientSecret gives an Application user the ClientSecret with that hash, and ends their sessions.
func SetClientSecret(tx *Tx, userID int, hash string) error {
	return changeSecret(tx, userID, func(s *UserSecret) { s.Client = hash })
}

// RecycleClientSecret gives an Application user a new ClientSecret, which it returns, and ends their sessions. Besides ErrNotFound
// it returns ErrInvalid for a user of another type, and an ErrDenied that says required unless the actor is that user or may write user
// accounts.
func RecycleClientSecret(tx *Tx, userID int, required string) (string, error) {
	level, err := PermissionLevel(tx, authz.UserAccountsManagement)
	if err != nil {
		return "", err
	}
	if tx.By.UserID != userID && !level.Includes(authz.ReadWrite) {
		return "", Denied(required)
	}
	u, err := Users.Get(tx, userID)
	if err != nil {
		return "", err
	}
	if err := MayChangeUser(tx, userID); err != nil {
		return "", err
	}
	if u.UserType != ApplicationType {
		return "", Invalid("User %d is no %s user and has no client secret", userID, ApplicationType)
	}
	secret := authz.NewClientSecret()
	return secret, SetClientSecret(tx, userID, authz.HashClientSecret(secret))
}

func changeSecret(tx *Tx, userID int, set func(*UserSecret)) error {
	s, err := secretOf(tx, userID)
	if err != nil {
		return err
	}
	set(s)
	if s.Version++; s.Version == 1 {
		return UserSecrets.Insert(tx, s)
	}
	return UserSecrets.Put(tx, s)
}

// AfterWrite ends the sessions that began with another secret, or with none. A secret that goes goes with its user.
func (s *UserSecret) AfterWrite(tx *Tx, _ *UserSecret) error {
	if s == nil {
		return nil
	}
	return bump(tx, s.UserID)
}
