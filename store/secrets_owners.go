package store

import (
	"cmp"
	"errors"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// SecretPrincipal is an owner of a secret: a user, or else a user group.
type SecretPrincipal struct{ UserID, GroupID int }

// SetSecretOwners gives a secret these owners in place of those that it has. It returns ErrInvalid for none, and for one who
// does not exist.
func SetSecretOwners(tx *Tx, secretID int, owners []SecretPrincipal) error {
	if len(owners) == 0 {
		return Invalid("Owners: one at least is expected")
	}
	users, groups := map[int]bool{}, map[int]bool{}
	for _, o := range owners {
		switch {
		case o.UserID != 0:
			users[o.UserID] = true
		case o.GroupID != 0:
			groups[o.GroupID] = true
		default:
			return Invalid("Invalid OwnerType")
		}
	}
	before, err := OwnersOf(tx, secretID)
	if err != nil {
		return err
	}
	for _, o := range before {
		if o.UserID != 0 && !users[o.UserID] {
			_, err = SecretOwner.Cut(tx, secretID, o.UserID)
		} else if o.UserID == 0 && !groups[o.GroupID] {
			_, err = SecretOwnerGroup.Cut(tx, secretID, o.GroupID)
		}
		if err != nil {
			return err
		}
	}
	for _, o := range owners {
		if err := AddSecretOwner(tx, secretID, o); err != nil {
			return err
		}
	}
	return nil
}

// AddSecretOwner adds an owner, or ErrInvalid for one who does not exist.
func AddSecretOwner(tx *Tx, secretID int, o SecretPrincipal) error {
	if o.UserID != 0 {
		known, err := Users.Has(tx, o.UserID)
		if err == nil && !known {
			err = Invalid("Owners: there is no User %d", o.UserID)
		}
		return cmp.Or(err, SecretOwner.Set(tx, secretID, o.UserID, 0))
	}
	g, err := UserGroups.Get(tx, o.GroupID)
	if errors.Is(err, ErrNotFound) {
		return Invalid("Owners: there is no User Group %d", o.GroupID)
	}
	if err != nil {
		return err
	}
	if _, linked, err := SecretOwnerGroup.Get(tx, secretID, o.GroupID); err != nil || linked {
		return err
	}
	// The group is written as it is, so that of this and its deletion one runs again.
	return cmp.Or(UserGroups.Touch(tx, g), SecretOwnerGroup.Set(tx, secretID, o.GroupID, 0))
}

// OwnersOf returns the owners of a secret that exist, users first.
func OwnersOf(tx *Tx, secretID int) (owners []SecretPrincipal, err error) {
	for o, err := range SecretOwner.From(tx, secretID) {
		if err != nil {
			return nil, err
		}
		if lives, err := Users.Has(tx, o.ID); err != nil || !lives {
			if err != nil {
				return nil, err
			}
			continue
		}
		owners = append(owners, SecretPrincipal{UserID: o.ID})
	}
	for o, err := range SecretOwnerGroup.From(tx, secretID) {
		if err != nil {
			return nil, err
		}
		owners = append(owners, SecretPrincipal{GroupID: o.ID})
	}
	return owners, nil
}

// ownsSecret reports whether the actor, or one of their groups, owns a secret.
func ownsSecret(tx *Tx, secretID int) (bool, error) {
	if _, owns, err := SecretOwner.Get(tx, secretID, tx.By.UserID); err != nil || owns {
		return owns, err
	}
	for _, group := range tx.By.Groups {
		if _, owns, err := SecretOwnerGroup.Get(tx, secretID, group); err != nil || owns {
			return owns, err
		}
	}
	return false, nil
}

// holdsNoSecrets returns an ErrInvalid for a user group that owns a secret or whose safe has one, and makes the transaction run
// again if it gets one.
func holdsNoSecrets(tx *Tx, groupID int) error {
	if _, err := UserGroups.Has(tx, groupID); err != nil { // a secret that comes to it writes it
		return err
	}
	for s, err := range SecretOwnerGroup.To(tx, groupID) {
		if err != nil {
			return err
		}
		if exists, err := Secrets.Has(tx, s.ID); err != nil || exists { // else it is deleted, and not swept yet
			return cmp.Or(err, Invalid("User Group %d has secrets", groupID))
		}
	}
	safe, err := safeByGroup.One(tx, K(groupID), groupID)
	if err != nil {
		return record.Ignore(ErrNotFound, err)
	}
	any, err := anySecretIn(tx, safe.ID)
	if err == nil && any {
		err = Invalid("User Group %d has secrets", groupID)
	}
	return err
}

// anySecretIn reports whether a secret lies in a folder or below it. The transaction runs again if one comes there meanwhile.
func anySecretIn(tx *Tx, folderID string) (bool, error) {
	if _, err := secretsByFolder.Guard(tx, K(folderID)); err != nil {
		return false, err
	}
	for _, err := range secretsByFolder.Each(tx, K(folderID)) {
		return err == nil, err
	}
	if _, err := foldersByParent.Guard(tx, K(folderID)); err != nil {
		return false, err
	}
	for child, err := range foldersByParent.Each(tx, K(folderID)) {
		if err != nil {
			return false, err
		}
		if any, err := anySecretIn(tx, child.ID); any || err != nil {
			return any, err
		}
	}
	return false, nil
}

// dropGroupsSafe deletes the safe of a user group that is deleted, with the empty folders in it, or returns what holdsNoSecrets
// does.
func dropGroupsSafe(tx *Tx, groupID int) error {
	if err := holdsNoSecrets(tx, groupID); err != nil {
		return err
	}
	safe, err := safeByGroup.One(tx, K(groupID), groupID)
	if err != nil {
		return record.Ignore(ErrNotFound, err)
	}
	return deleteTree(tx, safe)
}

// deleteTree deletes a folder and those in it, which have no secrets.
func deleteTree(tx *Tx, f *SecretsFolder) error {
	children, err := record.Collect(foldersByParent.Each(tx, K(f.ID)))
	if err != nil {
		return err
	}
	for _, child := range children {
		if err := deleteTree(tx, child); err != nil {
			return err
		}
	}
	return SecretsFolders.Delete(tx, f.ID)
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
			return Invalid("User %d is the only owner of the secret %q", userID, secret.Title)
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
	for o, err := range SecretOwnerGroup.From(tx, secretID) { // a group that owns one cannot be deleted
		if err != nil {
			return false, err
		}
		_, linked, err := SecretOwnerGroup.Get(tx, secretID, o.ID)
		if err != nil || linked {
			return linked, err
		}
	}
	return false, nil
}
