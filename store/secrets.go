package store

import (
	"cmp"
	"errors"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// Secret is a secret of Secrets Safe as far as the documents speak of it: that it exists, in which user group's safe, and
// who owns it. What it is about is not kept.
type Secret struct {
	SecretID int
	GroupID  int // 0: in no group's safe
	Name     string
}

func (s *Secret) Validate(tx *Tx) error {
	if err := required("Name", s.Name, 256); err != nil {
		return err
	}
	if s.GroupID == 0 {
		return nil
	}
	known, err := UserGroups.Has(tx, s.GroupID)
	if err == nil && !known {
		err = Invalid("GroupID: there is no User Group %d", s.GroupID)
	}
	return err
}

func (s *Secret) AfterWrite(tx *Tx, old *Secret) error {
	if s != nil {
		return nil
	}
	return record.SweepLater(tx, sweepOfSecret, old.SecretID)
}

// clearSecret clears away who owned a deleted secret.
func clearSecret(b *record.SweepBatch, id int) error { return record.CutFrom(b, SecretOwner, id) }

// holdsNoSecrets returns an ErrInvalid for a user group with secrets, and makes the transaction run again if it gets one.
func holdsNoSecrets(tx *Tx, groupID int) error {
	if any, err := secretsByGroup.Guard(tx, K(groupID)); err != nil || !any {
		return err
	}
	for _, err := range secretsByGroup.Each(tx, K(groupID)) {
		return cmp.Or(err, Invalid("User Group %d has secrets", groupID))
	}
	return nil
}

// loseSecretsSafe takes the permission from a user group that has no secrets.
func loseSecretsSafe(tx *Tx, groupID int) error {
	had, err := GroupPermission.Cut(tx, groupID, int(authz.SecretsSafe))
	if err != nil || !had {
		return err
	}
	return holdsNoSecrets(tx, groupID)
}

// mayChangeSecretsSafe returns an ErrDenied for a user group with Secrets Safe, unless the actor is an administrator.
func mayChangeSecretsSafe(tx *Tx, groupID int) error {
	_, has, err := GroupPermission.Get(tx, groupID, int(authz.SecretsSafe))
	if err == nil && has && !tx.By.Admin {
		err = errSecretsSafe()
	}
	return err
}

func errSecretsSafe() error {
	return Denied("a user group with Secrets Safe is an administrator's: membership of Administrators is required")
}

// ownsNoSecretAlone returns an ErrInvalid for a user without whom a secret would have no owner. Another owner is read by Get:
// of two transactions that delete the last two owners, one runs again.
func ownsNoSecretAlone(tx *Tx, userID int) error {
	for s, err := range SecretOwner.To(tx, userID) {
		if err != nil {
			return err
		}
		secret, err := Secrets.Get(tx, s.ID)
		if errors.Is(err, ErrNotFound) {
			continue // deleted, and not swept yet
		}
		if err != nil {
			return err
		}
		shared, err := hasOwnerBut(tx, s.ID, userID)
		if err != nil {
			return err
		}
		if !shared {
			return Invalid("User %d is the only owner of the secret %q", userID, secret.Name)
		}
	}
	return nil
}

func hasOwnerBut(tx *Tx, secretID, userID int) (bool, error) {
	for o, err := range SecretOwner.From(tx, secretID) {
		if err != nil {
			return false, err
		}
		if o.ID == userID {
			continue
		}
		lives, err := Users.Has(tx, o.ID)
		if err != nil {
			return false, err
		}
		_, linked, err := SecretOwner.Get(tx, secretID, o.ID)
		if err != nil || lives && linked {
			return err == nil, err
		}
	}
	return false, nil
}

// SecretIn returns the secret in the safe of a user group, 0 for none, that has a name.
func SecretIn(tx *Tx, groupID int, name string) (*Secret, error) {
	for s, err := range secretsByGroup.Each(tx, K(groupID)) {
		if err != nil || record.Fold(s.Name) == record.Fold(name) {
			return s, err
		}
	}
	return nil, record.NotFound(Secrets.Name(), name)
}

// reveal opens what was sealed; what another master key sealed is nothing.
func reveal(tx *Tx, sealed []byte, context string) (string, error) {
	plain, err := tx.Vault().Open(sealed, context)
	if errors.Is(err, authz.ErrSealed) {
		return "", nil
	}
	return string(plain), err
}
