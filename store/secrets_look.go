package store

import (
	"cmp"
	"slices"
	"strings"

	"github.com/musterhq/muster/store/record"
)

// SafesLook is what the actor of a transaction may see of Secrets Safe. It remembers what it has read.
type SafesLook struct {
	tx      *Tx
	flags   map[string]SafeFlags      // by safe
	folders map[string]*SecretsFolder // by id
}

// LookInSafes begins to look.
func LookInSafes(tx *Tx) *SafesLook {
	return &SafesLook{tx, map[string]SafeFlags{}, map[string]*SecretsFolder{}}
}

func (l *SafesLook) get(id string) (*SecretsFolder, error) {
	if f := l.folders[id]; f != nil {
		return f, nil
	}
	f, err := SecretsFolders.Get(l.tx, id)
	if err == nil {
		l.folders[id] = f
	}
	return f, err
}

// On returns what the actor may do in a safe: what they and their groups have been given and is not over. Administrators have
// no more than that.
func (l *SafesLook) On(safeID string) (SafeFlags, error) {
	if l.tx.By.System {
		return everyFlag, nil
	}
	if flags, known := l.flags[safeID]; known {
		return flags, nil
	}
	flags, err := l.given(safeID, PrincipalUser, l.tx.By.UserID)
	for _, group := range l.tx.By.Groups {
		more, e := l.given(safeID, PrincipalGroup, group)
		flags, err = flags|more, cmp.Or(err, e)
	}
	if err == nil {
		l.flags[safeID] = flags.reach()
	}
	return flags.reach(), err
}

func (l *SafesLook) given(safeID string, kind, id int) (SafeFlags, error) {
	p, err := SafePermissionOf(l.tx, safeID, kind, id)
	if err != nil {
		return 0, record.Ignore(ErrNotFound, err)
	}
	if !p.ExpiresOn.IsZero() && !l.tx.Now.Before(p.ExpiresOn) {
		return 0, nil
	}
	return p.Flags, nil
}

// Way is the way from a safe to a folder in it, both included.
func (l *SafesLook) Way(f *SecretsFolder) ([]*SecretsFolder, error) {
	way := []*SecretsFolder{f}
	for !way[0].IsSafe() {
		parent, err := l.get(way[0].ParentID)
		if err != nil {
			return nil, err
		}
		way = slices.Insert(way, 0, parent)
	}
	return way, nil
}

// PathOf returns the names on the way to a folder, with slashes between them.
func (l *SafesLook) PathOf(f *SecretsFolder) (string, error) {
	way, err := l.Way(f)
	names := make([]string, len(way))
	for i, at := range way {
		names[i] = at.Name
	}
	return strings.Join(names, "/"), err
}

// Reach returns what the actor may do in the safe of a folder.
func (l *SafesLook) Reach(f *SecretsFolder) (SafeFlags, error) {
	way, err := l.Way(f)
	if err != nil {
		return 0, err
	}
	return l.On(way[0].ID)
}

// Folder returns a folder in a safe that the actor may read, or ErrNotFound.
func (l *SafesLook) Folder(id string) (*SecretsFolder, error) { return l.folderFor(id, SafeRead) }

// folderFor returns ErrNotFound for a folder in a safe that the actor may not read, and ErrDenied without the flag.
func (l *SafesLook) folderFor(id string, flag SafeFlags) (*SecretsFolder, error) {
	f, err := l.get(strings.ToLower(id))
	if err != nil {
		return nil, err
	}
	reach, err := l.Reach(f)
	switch {
	case err != nil:
		return nil, err
	case reach&SafeRead == 0:
		return nil, record.NotFound(SecretsFolders.Name(), id)
	case reach&flag == 0:
		return nil, lacksFlag(flag)
	}
	return f, nil
}

func lacksFlag(flag SafeFlags) error { return Denied(flag.Names()[0] + " on the safe is required") }

// changeable is folderFor for a change that takes Manage if the folder is a safe.
func (l *SafesLook) changeable(id string, flag SafeFlags) (*SecretsFolder, error) {
	f, err := l.Folder(id)
	if err != nil {
		return nil, err
	}
	if f.IsSafe() {
		flag = SafeManage
	}
	if f, err = l.folderFor(id, flag); err != nil {
		return nil, err
	}
	changed := *f
	return &changed, nil
}

// SafeFor returns a safe on which the actor has a flag. A folder that is no safe is ErrNotFound.
func (l *SafesLook) SafeFor(id string, flag SafeFlags) (*SecretsFolder, error) {
	f, err := l.folderFor(id, flag)
	if err == nil && !f.IsSafe() {
		err = record.NotFound("Safe", id)
	}
	return f, err
}
