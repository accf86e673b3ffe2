package store

import (
	"fmt"
	"strings"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// What becomes of a move to where the name exists already.
const (
	MoveStop   = "Stop"   // nothing is moved, which is an ErrExists
	MoveRename = "Rename" // what is moved gets a number behind its name
	MoveSkip   = "Skip"   // it stays where it is
)

// MoveFolder moves a folder with all that is in it into another one, which takes Edit on its safe and Create on that of the
// other. It returns ErrInvalid for a safe, for a folder that would be in itself or in one of its own, and for a tree that would
// be too deep.
func MoveFolder(tx *Tx, id, intoID, duplicate string) (*SecretsFolder, error) {
	look := LookInSafes(tx)
	f, err := look.folderFor(id, SafeEdit)
	if err != nil {
		return nil, err
	}
	into, err := look.folderFor(intoID, SafeCreate)
	if err != nil {
		return nil, err
	}
	moved := *f
	switch {
	case f.IsSafe():
		return nil, Invalid("a safe cannot be moved")
	case f.ParentID == into.ID:
		return f, nil
	}
	if err := fits(tx, f, into); err != nil {
		return nil, err
	}
	moved.ParentID = into.ID
	taken := func(name string) (bool, error) { return exists(folderIn(tx, into.ID, name)) }
	if moved.Name, err = arrivingName(f.Name, duplicate, maxFolderName, taken); err != nil || moved.Name == "" {
		return f, err
	}
	return &moved, putFolder(tx, &moved, SecretsFolders.Put)
}

// fits returns an ErrInvalid for a folder that is on the way to another one, or too high for it.
func fits(tx *Tx, f, into *SecretsFolder) error {
	chain, err := chainOf(tx, into)
	if err != nil {
		return err
	}
	for _, at := range chain {
		if at.ID == f.ID {
			return Invalid("a folder cannot be in itself or in one of its folders")
		}
	}
	height, err := heightOf(tx, f.ID)
	if err == nil && len(chain)+height > maxFolderDepth {
		err = Invalid("a folder is at most %d levels deep, with its safe", maxFolderDepth)
	}
	return err
}

// MoveSecrets moves secrets into a folder, which takes Edit on their safes and Create on that of the folder. It returns the ids
// of those that were moved, and of those that were skipped for their names.
func MoveSecrets(tx *Tx, ids []string, intoID, duplicate string) (moved, skipped []string, err error) {
	into, err := LookInSafes(tx).folderFor(intoID, SafeCreate)
	if err != nil {
		return nil, nil, err
	}
	moved, skipped = []string{}, []string{}
	for _, id := range ids {
		s, err := SecretByUUID(tx, id)
		if err == nil {
			err = MayOnSecret(tx, s, SafeEdit)
		}
		if err != nil {
			return nil, nil, err
		}
		was, err := moveSecret(tx, s, into, duplicate)
		switch {
		case err != nil:
			return nil, nil, err
		case was:
			moved = append(moved, s.ID)
		default:
			skipped = append(skipped, s.ID)
		}
	}
	return moved, skipped, nil
}

func moveSecret(tx *Tx, s *Secret, into *SecretsFolder, duplicate string) (bool, error) {
	if s.FolderID == into.ID {
		return true, nil
	}
	taken := func(title string) (bool, error) { return exists(SecretIn(tx, into.ID, title)) }
	title, err := arrivingName(s.Title, duplicate, maxSecretTitle, taken)
	if err != nil || title == "" {
		return false, err
	}
	s.FolderID, s.Title, s.ModifiedOn, s.ModifiedBy = into.ID, title, tx.Now, tx.By.UserName
	return true, Secrets.Put(tx, s)
}

// exists reports whether a look-up found something.
func exists[T any](_ *T, err error) (bool, error) {
	return err == nil, record.Ignore(ErrNotFound, err)
}

// arrivingName is the name of what is moved to where its name may be taken: empty for what is skipped.
func arrivingName(name, duplicate string, longest int, taken func(string) (bool, error)) (string, error) {
	is, err := taken(name)
	switch {
	case err != nil || !is:
		return name, err
	case strings.EqualFold(duplicate, MoveSkip):
		return "", nil
	case strings.EqualFold(duplicate, MoveRename):
		return withNumber(name, longest, taken)
	}
	return "", record.Error(ErrExists, "%q already exists in the folder", name)
}

// withNumber is a name with the first number behind it that makes it free.
func withNumber(name string, longest int, taken func(string) (bool, error)) (string, error) {
	for n := 2; n < kv.MaxWrites; n++ {
		end := fmt.Sprintf(" (%d)", n)
		runes := []rune(name)
		free := string(runes[:min(len(runes), longest-len(end))]) + end
		if is, err := taken(free); err != nil || !is {
			return free, err
		}
	}
	return "", record.Error(ErrExists, "%q already exists too often", name)
}

// MoveAction returns the spelling of what becomes of a move to where the name exists, or an ErrInvalid.
func MoveAction(text string) (string, error) {
	for _, action := range []string{MoveStop, MoveRename, MoveSkip} {
		if strings.EqualFold(text, action) {
			return action, nil
		}
	}
	return "", Invalid("DuplicateNameAction: %s, %s or %s is expected", MoveStop, MoveRename, MoveSkip)
}
