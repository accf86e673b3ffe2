package store

import (
	"cmp"
	"errors"
	"iter"
	"strings"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// SecretsFolder is a folder of Secrets Safe. One without a ParentID is a safe, on which permissions are given.
type SecretsFolder struct {
	ID          string
	Name        string
	Description Text
	ParentID    string // empty: a safe
	UserGroupID int    // the user group whose safe it is; 0: no group's. Only a lab file makes one
	OwnerID     int    // the user who made it; 0: a lab file did
}

// The limits of folders, in code points and in levels with the safe.
const (
	maxFolderName  = 256
	maxFolderText  = 256
	maxFolderDepth = 7
)

// IsSafe reports whether the folder is a safe.
func (f *SecretsFolder) IsSafe() bool { return f.ParentID == "" }

func (f *SecretsFolder) Validate(tx *Tx) error {
	if err := cmp.Or(ownUUID(&f.ID), required("Name", f.Name, maxFolderName), short("Description", string(f.Description), maxFolderText)); err != nil {
		return err
	}
	if f.UserGroupID != 0 {
		known, err := UserGroups.Has(tx, f.UserGroupID)
		if err == nil && !known {
			err = Invalid("UserGroupID: there is no User Group %d", f.UserGroupID)
		}
		if err != nil {
			return err
		}
	}
	chain, err := chainOf(tx, f)
	if err == nil && len(chain) > maxFolderDepth {
		err = Invalid("a folder is at most %d levels deep, with its safe", maxFolderDepth)
	}
	return err
}

// AfterWrite keeps what is not empty, and deletes the permissions on a deleted safe.
func (f *SecretsFolder) AfterWrite(tx *Tx, old *SecretsFolder) error {
	if f != nil {
		return nil
	}
	n, err := contentOf(tx, old.ID)
	if err != nil {
		return err
	}
	if n > 0 {
		return record.Error(ErrBusy, "the folder is not empty: %d folders and secrets are in it", n)
	}
	if !old.IsSafe() {
		return nil
	}
	permissions, err := record.Collect(PermissionsOn(tx, old.ID))
	if err != nil {
		return err
	}
	for _, p := range permissions {
		if err := SafePermissions.Delete(tx.Unaudited(), p.ID); err != nil {
			return err
		}
	}
	return nil
}

// contentOf counts what lies in a folder. The transaction runs again if something comes into it meanwhile.
func contentOf(tx *Tx, id string) (int, error) {
	if _, err := foldersByParent.Guard(tx, K(id)); err != nil {
		return 0, err
	}
	if _, err := secretsByFolder.Guard(tx, K(id)); err != nil {
		return 0, err
	}
	n := 0
	for _, prefix := range [][]byte{foldersByParent.Key(K(id)), secretsByFolder.Key(K(id))} {
		keys := kv.Prefix(prefix)
		keys.KeysOnly = true
		for _, err := range tx.Reader.Scan(keys) {
			if err != nil {
				return 0, err
			}
			n++
		}
	}
	return n, nil
}

// chainOf is the way from a folder up to its safe, both included. Each step is a point read, so that of two moves that
// would put folders into each other one runs again.
func chainOf(tx *Tx, f *SecretsFolder) ([]*SecretsFolder, error) {
	chain := []*SecretsFolder{f}
	for at := f; !at.IsSafe(); {
		parent, err := SecretsFolders.Get(tx, at.ParentID)
		if errors.Is(err, ErrNotFound) {
			return nil, Invalid("ParentId: there is no folder %s", at.ParentID)
		}
		if err != nil {
			return nil, err
		}
		if parent.ID == f.ID {
			return nil, Invalid("a folder cannot be in itself or in one of its folders")
		}
		if chain = append(chain, parent); len(chain) > 2*maxFolderDepth {
			return nil, Invalid("a folder is at most %d levels deep, with its safe", maxFolderDepth)
		}
		at = parent
	}
	return chain, nil
}

// heightOf is how many levels a folder has, itself included. The transaction runs again if a folder comes to them meanwhile.
func heightOf(tx *Tx, id string) (int, error) {
	if _, err := foldersByParent.Guard(tx, K(id)); err != nil {
		return 0, err
	}
	highest := 0
	for child, err := range foldersByParent.Each(tx, K(id)) {
		if err != nil {
			return 0, err
		}
		height, err := heightOf(tx, child.ID)
		if err != nil {
			return 0, err
		}
		highest = max(highest, height)
	}
	return 1 + highest, nil
}

// SafeByName returns the safe of a name, without regard to case, or ErrNotFound. It does not ask who may see it.
func SafeByName(tx *Tx, name string) (*SecretsFolder, error) { return folderIn(tx, "", name) }

func folderIn(tx *Tx, parentID, name string) (*SecretsFolder, error) {
	return folderByName.One(tx, K(parentID, record.Fold(name)), name)
}

// FoldersIn yields the folders right in a folder, or all safes for an empty id, in the order of their names.
func FoldersIn(tx *Tx, parentID string) iter.Seq2[*SecretsFolder, error] {
	return folderByName.Each(tx, K(parentID))
}

// CreateSafe makes a safe, on which its maker gets Manage.
func CreateSafe(tx *Tx, f *SecretsFolder) error {
	f.ParentID, f.OwnerID = "", tx.By.UserID
	if err := putFolder(tx, f, SecretsFolders.Insert); err != nil || tx.By.UserID == 0 {
		return err
	}
	return SetSafePermission(tx, &SafePermission{SafeID: f.ID, PrincipalType: PrincipalUser, PrincipalID: tx.By.UserID, Flags: SafeManage})
}

// CreateFolder makes a folder in another one. It returns ErrNotFound for a parent in a safe that the actor may not read, and
// ErrDenied without Create.
func CreateFolder(tx *Tx, f *SecretsFolder) error {
	if _, err := LookInSafes(tx).folderFor(f.ParentID, SafeCreate); err != nil {
		return err
	}
	f.OwnerID = tx.By.UserID
	return putFolder(tx, f, SecretsFolders.Insert)
}

// ChangeFolder stores another name and description of a folder: it takes Edit, or Manage for a safe.
func ChangeFolder(tx *Tx, id, name string, description Text) (*SecretsFolder, error) {
	f, err := LookInSafes(tx).changeable(id, SafeEdit)
	if err != nil {
		return nil, err
	}
	f.Name, f.Description = name, description
	return f, putFolder(tx, f, SecretsFolders.Put)
}

// DeleteFolder deletes a folder, or ErrBusy if anything is in it: it takes Delete, or Manage for a safe.
func DeleteFolder(tx *Tx, id string) error {
	if _, err := LookInSafes(tx).changeable(id, SafeDelete); err != nil {
		return err
	}
	return SecretsFolders.Delete(tx, id)
}

func putFolder(tx *Tx, f *SecretsFolder, put func(*Tx, *SecretsFolder) error) error {
	err := put(tx, f)
	if _, twice := errors.AsType[*record.Duplicate](err); twice {
		what := "folder"
		if f.IsSafe() {
			what = "safe"
		}
		return record.Error(ErrExists, "A %s by the name %q already exists here", what, f.Name)
	}
	return err
}

// GroupsSafe returns the safe of a user group, and makes it under the group's name if it does not exist. The group gets all but
// Manage on it. Group 0 stands for what is in no group's safe.
func GroupsSafe(tx *Tx, groupID int) (*SecretsFolder, error) {
	name := nobodysSafe
	if groupID != 0 {
		f, err := safeByGroup.One(tx, K(groupID), groupID)
		if !errors.Is(err, ErrNotFound) {
			return f, err
		}
		g, err := UserGroups.Get(tx, groupID)
		if err != nil {
			return nil, err
		}
		name = g.Name
	}
	f, err := SafeByName(tx, name)
	if errors.Is(err, ErrNotFound) {
		f = &SecretsFolder{Name: name, UserGroupID: groupID}
		err = SecretsFolders.Insert(tx, f)
	} else if err == nil && f.UserGroupID == 0 && groupID != 0 {
		f.UserGroupID = groupID
		err = SecretsFolders.Put(tx, f)
	}
	if err != nil || groupID == 0 {
		return f, err
	}
	return f, SetSafePermission(tx, &SafePermission{
		SafeID: f.ID, PrincipalType: PrincipalGroup, PrincipalID: groupID, Flags: SafeRead | SafeCreate | SafeEdit | SafeDelete,
	})
}

// nobodysSafe has the secrets that older stores and lab files have in no user group's safe.
const nobodysSafe = "Secrets Safe"

// segments are the names of a path, whose separators at either end do not count.
func segments(path, separator string) []string {
	path = strings.Trim(path, separator)
	if path == "" {
		return nil
	}
	return strings.Split(path, separator)
}

// FolderAt returns the folder of a path by its names, or ErrNotFound. It does not ask who may see it.
func FolderAt(tx *Tx, path, separator string) (*SecretsFolder, error) {
	return FolderOn(tx, segments(path, separator))
}

// FolderOn returns the folder to which names lead, the first of which is a safe's, or ErrNotFound. It does not ask who may see it.
func FolderOn(tx *Tx, way []string) (*SecretsFolder, error) {
	at := &SecretsFolder{}
	for _, name := range way {
		next, err := folderIn(tx, at.ID, name)
		if err != nil {
			return nil, err
		}
		at = next
	}
	if at.ID == "" {
		return nil, record.NotFound(SecretsFolders.Name(), "without a name")
	}
	return at, nil
}
