package store

import (
	"iter"
	"slices"
	"strings"

	"github.com/musterhq/muster/store/record"
)

// SafeFlags are what somebody may do in a safe.
type SafeFlags int

// The flags. Manage, which gives permissions away, includes all others.
const (
	SafeRead SafeFlags = 1 << iota
	SafeCreate
	SafeEdit
	SafeDelete
	SafeManage

	everyFlag = SafeRead | SafeCreate | SafeEdit | SafeDelete | SafeManage
)

// safeFlagNames are what the API calls the flags, in their order.
var safeFlagNames = []string{"Read", "Create", "Edit", "Delete", "Manage"}

// SafeFlagNames returns what the API calls all flags.
func SafeFlagNames() []string { return slices.Clone(safeFlagNames) }

// Names returns what the API calls the flags that are set.
func (f SafeFlags) Names() []string {
	names := []string{}
	for i, name := range safeFlagNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// SafeFlagsOf returns the flags of these names, in any letter case, or an ErrInvalid that names the one that is no flag.
func SafeFlagsOf(names []string) (flags SafeFlags, err error) {
	for _, name := range names {
		i := slices.IndexFunc(safeFlagNames, func(known string) bool { return strings.EqualFold(known, strings.TrimSpace(name)) })
		if i < 0 {
			return 0, Invalid("PermissionFlags: %q is none of %s", name, strings.Join(safeFlagNames, ", "))
		}
		flags |= 1 << i
	}
	return flags, nil
}

// reach is all that the flags allow.
func (f SafeFlags) reach() SafeFlags {
	if f&SafeManage != 0 {
		return everyFlag
	}
	return f
}

// The kinds of principal that have permissions on a safe.
const (
	PrincipalUser  = 0
	PrincipalGroup = 1
)

// SafePermission is what a user, or the members of a user group, may do in a safe.
type SafePermission struct {
	ID            int
	SafeID        string
	PrincipalType int
	PrincipalID   int
	Flags         SafeFlags
	ExpiresOn     Time // zero: never
}

func (p *SafePermission) Validate(tx *Tx) error {
	if p.Flags&everyFlag != p.Flags || p.Flags == 0 {
		return Invalid("PermissionFlags: one or more of %s is expected", strings.Join(safeFlagNames, ", "))
	}
	safe, err := SecretsFolders.Get(tx, p.SafeID)
	if err != nil {
		return err
	}
	if !safe.IsSafe() {
		return Invalid("permissions are given on safes, not on folders in them")
	}
	return principalExists(tx, p.PrincipalType, p.PrincipalID)
}

func principalExists(tx *Tx, kind, id int) error {
	var known bool
	var err error
	what := Users.Name()
	switch kind {
	case PrincipalUser:
		known, err = Users.Has(tx, id)
	case PrincipalGroup:
		what = UserGroups.Name()
		known, err = UserGroups.Has(tx, id)
	default:
		return Invalid("PrincipalType: 0 (user) or 1 (user group) is expected")
	}
	if err == nil && !known {
		err = Invalid("PrincipalID: there is no %s %d", what, id)
	}
	return err
}

// SetSafePermission gives a principal these flags on a safe in place of those that they have. It asks nobody's permission.
func SetSafePermission(tx *Tx, p *SafePermission) error {
	old, err := safePermissionBy.One(tx, safePermissionBy.KeyOf(p), p.PrincipalID)
	if record.Ignore(ErrNotFound, err) != nil {
		return err
	}
	if err != nil {
		return SafePermissions.Insert(tx, p)
	}
	p.ID = old.ID
	return SafePermissions.Put(tx, p)
}

// principal is the id of who has the permission if they are of a kind, else 0.
func (p *SafePermission) principal(kind int) int {
	if p.PrincipalType != kind {
		return 0
	}
	return p.PrincipalID
}

// SafePermissionOf returns what a principal has been given on a safe, or ErrNotFound.
func SafePermissionOf(tx *Tx, safeID string, kind, id int) (*SafePermission, error) {
	return safePermissionBy.One(tx, K(safeID, kind, id), id)
}

// PermissionsOn yields the permissions on a safe, users first.
func PermissionsOn(tx *Tx, safeID string) iter.Seq2[*SafePermission, error] {
	return safePermissionBy.Each(tx, K(safeID))
}

// GiveSafePermission is SetSafePermission for an actor who manages the safe, or is an administrator.
func GiveSafePermission(tx *Tx, p *SafePermission) error {
	if err := mayManageSafe(tx, p.SafeID); err != nil {
		return err
	}
	return SetSafePermission(tx, p)
}

// TakeSafePermission takes all flags on a safe from a principal, who may have none. The actor is as with GiveSafePermission.
func TakeSafePermission(tx *Tx, safeID string, kind, id int) error {
	if err := mayManageSafe(tx, safeID); err != nil {
		return err
	}
	old, err := SafePermissionOf(tx, safeID, kind, id)
	if err != nil {
		return record.Ignore(ErrNotFound, err)
	}
	return SafePermissions.Delete(tx, old.ID)
}

// mayManageSafe lets administrators in too: they see no safe without a permission, but may give themselves one.
func mayManageSafe(tx *Tx, safeID string) error {
	if tx.By.Admin {
		f, err := SecretsFolders.Get(tx, safeID)
		if err == nil && !f.IsSafe() {
			err = record.NotFound("Safe", safeID)
		}
		return err
	}
	_, err := LookInSafes(tx).SafeFor(safeID, SafeManage)
	return err
}

// SeesPermissions returns ErrNotFound unless the actor may read a safe, or is an administrator.
func SeesPermissions(tx *Tx, safeID string) error {
	if tx.By.Admin {
		return mayManageSafe(tx, safeID)
	}
	_, err := LookInSafes(tx).SafeFor(safeID, SafeRead)
	return err
}

// clearPrincipal removes the permissions of a deleted user or user group.
func clearPrincipal(b *record.SweepBatch, kind, id int) error {
	return record.Remove(b, SafePermissions, safePermissionsByPrincipal.Each(b.Tx, K(kind, id)))
}
