package store

import (
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/musterhq/muster/store/record"
)

// SecretSearch narrows a list of secrets; an empty member does not.
type SecretSearch struct {
	FolderID  string // right in this folder
	Path      string // right in the folder of this path
	Separator string // between the names of Path
	Title     string // without regard to case
	After     Time   // made or changed then or later
}

// Find yields the secrets that a search asks for, in the order of their paths and titles. Those in safes that the actor may not
// read are left out, and a folder that does not exist has none.
func (l *SafesLook) Find(s SecretSearch) iter.Seq2[*Secret, error] {
	found := l.everySecret()
	switch {
	case s.FolderID != "" || s.Path != "":
		found = l.inFolder(s)
	case s.Title != "":
		found = l.entitled(s.Title)
	}
	return record.Where(found, func(secret *Secret) (bool, error) {
		return (s.Title == "" || record.Fold(secret.Title) == record.Fold(s.Title)) && !secret.before(s.After), nil
	})
}

// before reports whether the secret was neither made nor changed since a moment.
func (s *Secret) before(t Time) bool {
	return !t.IsZero() && s.CreatedOn.Before(t) && s.ModifiedOn.Before(t)
}

// inFolder yields the secrets of the folder that a search names, by a title only one.
func (l *SafesLook) inFolder(s SecretSearch) iter.Seq2[*Secret, error] {
	return func(yield func(*Secret, error) bool) {
		f, err := l.named(s)
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			yield(nil, err)
		case s.Title != "":
			secret, err := SecretIn(l.tx, f.ID, s.Title)
			if !errors.Is(err, ErrNotFound) {
				yield(secret, err)
			}
		default:
			secretByTitle.Each(l.tx, K(f.ID))(yield)
		}
	}
}

// named returns the folder that a search names by its id or its path, or both.
func (l *SafesLook) named(s SecretSearch) (*SecretsFolder, error) {
	if s.Path == "" {
		return l.Folder(s.FolderID)
	}
	f, err := FolderAt(l.tx, s.Path, s.Separator)
	if err != nil {
		return nil, err
	}
	if s.FolderID != "" && !strings.EqualFold(f.ID, s.FolderID) {
		return nil, record.NotFound(SecretsFolders.Name(), s.FolderID)
	}
	return l.Folder(f.ID)
}

// entitled yields the secrets of a title, of which there may be one in each folder.
func (l *SafesLook) entitled(title string) iter.Seq2[*Secret, error] {
	type placed struct {
		secret *Secret
		path   string
	}
	return func(yield func(*Secret, error) bool) {
		var all []placed
		for secret, err := range secretsByTitle.Each(l.tx, K(record.Fold(title))) {
			if err != nil {
				yield(nil, err)
				return
			}
			f, err := l.Folder(secret.FolderID)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			path := ""
			if err == nil {
				path, err = l.PathOf(f)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			all = append(all, placed{secret, record.Fold(path)})
		}
		slices.SortStableFunc(all, func(a, b placed) int { return strings.Compare(a.path, b.path) })
		for _, p := range all {
			if !yield(p.secret, nil) {
				return
			}
		}
	}
}

func (l *SafesLook) everySecret() iter.Seq2[*Secret, error] {
	return func(yield func(*Secret, error) bool) {
		for f, err := range l.Folders() {
			if err != nil {
				yield(nil, err)
				return
			}
			for secret, err := range secretByTitle.Each(l.tx, K(f.ID)) {
				if !yield(secret, err) || err != nil {
					return
				}
			}
		}
	}
}

// Safes yields the safes that the actor may read, in the order of their names.
func (l *SafesLook) Safes() iter.Seq2[*SecretsFolder, error] {
	return func(yield func(*SecretsFolder, error) bool) {
		ids, err := l.readable()
		if err != nil {
			yield(nil, err)
			return
		}
		record.Where(FoldersIn(l.tx, ""), func(f *SecretsFolder) (bool, error) { return l.tx.By.System || ids[f.ID], nil })(yield)
	}
}

// readable are the ids of the safes that the actor may read.
func (l *SafesLook) readable() (map[string]bool, error) {
	ids := map[string]bool{}
	note := func(kind, id int) error {
		for p, err := range safePermissionsByPrincipal.Each(l.tx, K(kind, id)) {
			if err != nil {
				return err
			}
			flags, err := l.On(p.SafeID)
			if err != nil {
				return err
			}
			ids[p.SafeID] = flags&SafeRead != 0
		}
		return nil
	}
	err := note(PrincipalUser, l.tx.By.UserID)
	for _, group := range l.tx.By.Groups {
		if err == nil {
			err = note(PrincipalGroup, group)
		}
	}
	return ids, err
}

// Folders yields the safes that the actor may read and all folders in them, each after the one that it is in.
func (l *SafesLook) Folders() iter.Seq2[*SecretsFolder, error] {
	return func(yield func(*SecretsFolder, error) bool) {
		for safe, err := range l.Safes() {
			if err != nil {
				yield(nil, err)
				return
			}
			if !l.Below(safe, yield) {
				return
			}
		}
	}
}

// Below yields a folder and all in it; it reports whether to go on.
func (l *SafesLook) Below(f *SecretsFolder, yield func(*SecretsFolder, error) bool) bool {
	l.folders[f.ID] = f
	if !yield(f, nil) {
		return false
	}
	for child, err := range FoldersIn(l.tx, f.ID) {
		if err != nil {
			yield(nil, err)
			return false
		}
		if !l.Below(child, yield) {
			return false
		}
	}
	return true
}
