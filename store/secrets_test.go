package store

import (
	"errors"
	"testing"

	"github.com/musterhq/muster/authz"
)

func TestSecretsHoldTheirGroupsAndOwners(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	group := l.group("safe")
	alone, first, second := l.user("alone", group), l.user("first"), l.user("second")
	secret := func(name string, owners ...int) int {
		return update(l, func(tx *Tx) (int, error) { return credentialIn(tx, group, name, owners...) })
	}
	set := func(p authz.Permission, level authz.Level) func(*Tx) error {
		return func(tx *Tx) error { return SetPermissions(tx, group, []authz.Grant{{Permission: p, Level: level}}) }
	}
	l.change(set(authz.SecretsSafe, authz.ReadWrite))
	one, shared := secret("one", alone), secret("shared", first, second)

	for what, fn := range map[string]func(*Tx) error{
		"deleting the group":           func(tx *Tx) error { return DeleteUserGroup(tx, group) },
		"taking Secrets Safe":          set(authz.SecretsSafe, authz.None),
		"taking all permissions":       func(tx *Tx) error { return ClearPermissions(tx, group) },
		"deleting the only owner":      func(tx *Tx) error { return DeleteUser(tx, alone) },
		"a secret in no folder":        func(tx *Tx) error { return Secrets.Insert(tx, &Secret{FolderID: "x", Title: "x"}) },
		"a secret that has no title":   func(tx *Tx) error { _, err := credentialIn(tx, group, "", alone); return err },
		"an owner who does not exist":  func(tx *Tx) error { _, err := credentialIn(tx, group, "x", 9999); return err },
		"deleting a group for its end": func(tx *Tx) error { return UserGroups.Delete(tx, group) },
	} {
		t.Logf("%s: %s", what, l.refused(ErrInvalid, fn))
	}
	l.change(set(authz.SecretsSafe, authz.Read))
	l.change(set(authz.AssetManagement, authz.Read))

	l.change(func(tx *Tx) error { return DeleteUser(tx, first) })
	l.refused(ErrInvalid, func(tx *Tx) error { return DeleteUser(tx, second) }) // swept or not
	l.sweep()
	l.refused(ErrInvalid, func(tx *Tx) error { return DeleteUser(tx, second) })
	for _, id := range []int{one, shared} {
		l.change(func(tx *Tx) error { return Secrets.Delete(tx, id) })
	}
	l.change(func(tx *Tx) error { return DeleteUser(tx, alone) })
	l.change(func(tx *Tx) error { return DeleteUser(tx, second) })
	l.change(func(tx *Tx) error { return DeleteUserGroup(tx, group) })
	l.sweep()
	if left := append(l.keys("so"), append(l.keys("ss="), l.keys("sf=")...)...); len(left) != 0 {
		t.Errorf("%q are left", left)
	}
}

// Of the owners of a secret who are deleted at once, one stays; and a secret that is given to somebody meanwhile keeps
// him or is not given.
func TestASecretKeepsAnOwner(t *testing.T) {
	t.Parallel()
	for round := range 10 {
		l := newFixture(t)
		owners := []int{l.user("first"), l.user("second"), l.user("third")}
		l.change(func(tx *Tx) error {
			_, err := credentialIn(tx, 0, "shared", owners[0], owners[1])
			return err
		})
		atOnce(3, func(i int) error {
			return Change(l.ctx, l.DB, System("test"), func(tx *Tx) error {
				if i < 2 {
					return DeleteUser(tx, owners[i])
				}
				_, err := credentialIn(tx, 0, "new", owners[0])
				return err
			})
		})
		ownerless := view(l, func(tx *Tx) (int, error) {
			n := 0
			for s, err := range Secrets.All(tx) {
				if err != nil {
					return 0, err
				}
				if owned, err := hasOwnerBut(tx, s.SecretID, 0); err != nil {
					return 0, err
				} else if !owned {
					n++
				}
			}
			return n, nil
		})
		if ownerless != 0 {
			t.Fatalf("round %d: %d secrets have no owner", round, ownerless)
		}
	}
}

// A group that gets a secret while it is deleted, or loses Secrets Safe, keeps it or does not get it.
func TestASecretKeepsItsGroup(t *testing.T) {
	t.Parallel()
	for round := range 10 {
		l := newFixture(t)
		group := l.group("safe")
		errs := atOnce(2, func(i int) error {
			return Change(l.ctx, l.DB, System("test"), func(tx *Tx) error {
				if i == 0 {
					return DeleteUserGroup(tx, group)
				}
				_, err := credentialIn(tx, group, "new", administratorID)
				return err
			})
		})
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("round %d: deleted: %v, inserted: %v", round, errs[0], errs[1])
		}
	}
}

// A secret that comes while its owner or its group is deleted, or the group loses Secrets Safe, keeps them.
func TestASecretThatComesInBetweenCounts(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	group := l.group("safe")
	owner := l.user("owner")
	safe := func(level authz.Level) func(*Tx) error {
		return func(tx *Tx) error {
			return SetPermissions(tx, group, []authz.Grant{{Permission: authz.SecretsSafe, Level: level}})
		}
	}
	for name, end := range map[string]func(*Tx) error{
		"the owner is deleted": func(tx *Tx) error { return DeleteUser(tx, owner) },
		"the group is deleted": func(tx *Tx) error { return DeleteUserGroup(tx, group) },
		"the group loses it":   safe(authz.None),
	} {
		l.change(safe(authz.Read))
		tries, secret := 0, 0
		err := l.try(System("test"), func(tx *Tx) error {
			if err := end(tx); err != nil {
				return err
			}
			if tries++; tries == 1 {
				secret = update(l, func(tx *Tx) (int, error) { return credentialIn(tx, group, "new", owner) })
			}
			return nil
		})
		if !errors.Is(err, ErrInvalid) {
			t.Fatalf("%s: after %d tries: %v", name, tries, err)
		}
		l.change(func(tx *Tx) error { return Secrets.Delete(tx, secret) })
		l.sweep()
	}
}

// credentialIn stores a credential in the safe of a user group, 0 for none.
func credentialIn(tx *Tx, groupID int, title string, owners ...int) (int, error) {
	safe, err := GroupsSafe(tx, groupID)
	if err != nil {
		return 0, err
	}
	s := &Secret{FolderID: safe.ID, Title: title, SecretType: CredentialSecret}
	if err := Secrets.Insert(tx, s); err != nil {
		return 0, err
	}
	for _, o := range owners {
		if err := AddSecretOwner(tx, s.SecretID, SecretPrincipal{UserID: o}); err != nil {
			return 0, err
		}
	}
	return s.SecretID, nil
}
