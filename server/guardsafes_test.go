package server_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// secretsObject finds or makes what a path of Secrets Safe is about: a secret of the kind that it ends with, a folder or an empty safe.
func (l *fixture) secretsObject(path string) object {
	l.t.Helper()
	o, err := store.Update(l.t.Context(), l.db, system, func(tx *store.Tx) (object, error) {
		safe, err := safeNamed(tx, "object")
		if err != nil {
			return object{}, err
		}
		if strings.HasPrefix(path, "Secrets-Safe/Safes") {
			safe, err := safeNamed(tx, "empty object")
			return object{safe.ID, safe.Name}, err
		}
		name := "empty folder"
		if strings.HasPrefix(path, "Secrets-Safe/Secrets") {
			name = "folder"
		}
		folder, err := store.FolderOn(tx, []string{safe.Name, name})
		if errors.Is(err, store.ErrNotFound) {
			folder = &store.SecretsFolder{Name: name, ParentID: safe.ID}
			err = store.SecretsFolders.Insert(tx, folder)
		}
		if err != nil || name == "empty folder" {
			return object{folder.ID, folder.Name}, err
		}
		return secretIn(tx, folder.ID, path)
	})
	must(l.t, err)
	return o
}

// aSafesBody is a body that every row of Secrets Safe takes.
func (l *fixture) aSafesBody(path string) string {
	return fmt.Sprintf(`{"Name":"x","Title":"x","Username":"x","Password":"x","Text":"x","PrincipalType":0,"PrincipalID":1,"PermissionFlags":["Read"],
		"DestinationFolderId":%q,"DuplicateNameAction":"Stop"}`, l.secretsObject(path).id)
}

func safeNamed(tx *store.Tx, name string) (*store.SecretsFolder, error) {
	safe, err := store.SafeByName(tx, name)
	if errors.Is(err, store.ErrNotFound) {
		safe = &store.SecretsFolder{Name: name}
		err = store.SecretsFolders.Insert(tx, safe)
	}
	return safe, err
}

func secretIn(tx *store.Tx, folderID, path string) (object, error) {
	s := &store.Secret{FolderID: folderID, Title: "credential", SecretType: store.CredentialSecret}
	switch {
	case strings.HasSuffix(path, "/text"):
		s.Title, s.SecretType = "text", store.TextSecret
	case strings.Contains(path, "/file"):
		s.Title, s.SecretType, s.FileName = "file", store.FileSecret, "file"
	}
	old, err := store.SecretIn(tx, folderID, s.Title)
	if err == nil {
		return object{old.ID, old.Title}, nil
	}
	if err := store.Secrets.Insert(tx, s); err != nil {
		return object{}, err
	}
	if s.SecretType == store.FileSecret {
		f := &store.SecretFile{SecretID: s.SecretID}
		if err := store.SecretFiles.Insert(tx, f); err != nil {
			return object{}, err
		}
		s.FileID = f.FileID
		return object{s.ID, s.Title}, store.Secrets.Put(tx, s)
	}
	return object{s.ID, s.Title}, store.SetSecretValue(tx, s, "a secret")
}

// letIntoSafes gives the group of a user Manage on all safes.
func (l *fixture) letIntoSafes(name string) {
	l.t.Helper()
	must(l.t, store.Change(l.t.Context(), l.db, system, func(tx *store.Tx) error {
		g, err := store.UserGroupByName(tx, name)
		if errors.Is(err, store.ErrNotFound) {
			return nil // somebody without any permission is in no group
		}
		if err != nil {
			return err
		}
		var safes []string
		for f, err := range store.FoldersIn(tx, "") {
			if err != nil {
				return err
			}
			safes = append(safes, f.ID)
		}
		for _, id := range safes {
			if err := store.SetSafePermission(tx, &store.SafePermission{
				SafeID: id, PrincipalType: store.PrincipalGroup, PrincipalID: g.GroupID, Flags: store.SafeManage,
			}); err != nil {
				return err
			}
		}
		return nil
	}))
}

// TestRowsHideSafes calls every row that is about a safe as an administrator and as somebody with the permission, who have none on
// that safe: what they ask for is as if absent.
func TestRowsHideSafes(t *testing.T) {
	t.Parallel()
	everyRefusal(t, func(t *testing.T, l *fixture, d *api.Dialect, r api.Route) {
		if !strings.Contains(r.Path, "{") || !strings.HasPrefix(r.Path, "Secrets-Safe/") {
			t.Skip("is about no safe")
		}
		path := l.objectOf(d, r)
		callers := map[string][]authz.Grant{"secretive": {{Permission: authz.SecretsSafe, Level: authz.ReadWrite}}}
		if !strings.HasSuffix(r.Path, "/Safe-Permissions") { // which administrators may see and give
			callers["administrator"] = nil
		}
		body := l.aSafesBody(r.Path)
		for name, grants := range callers {
			if w := l.request(r.Method, path, body, as(l.tokenAt(d.Name, name, grants...))); w.Code != http.StatusNotFound {
				t.Errorf("%s: %d %s, want 404", name, w.Code, w.Body)
			}
		}
	})
}

// TestEveryFlagIsNeeded calls the rows that need a permission on the safe with all others of them.
func TestEveryFlagIsNeeded(t *testing.T) {
	t.Parallel()
	for _, d := range server.Dialects() {
		for _, r := range d.Routes {
			for _, group := range r.Need {
				i := slices.IndexFunc(group, func(term authz.Term) bool { return term.Kind == authz.KindSafe && term.Name != "Read" })
				if i < 0 || !strings.Contains(r.Path, "{") {
					continue
				}
				t.Run(r.Method+" "+strings.ReplaceAll(r.Path, "/", "∕"), func(t *testing.T) {
					t.Parallel()
					l := newFixture(t, false)
					path := l.objectOf(d, r)
					token := l.tokenAt(d.Name, "almost", authz.Grant{Permission: authz.SecretsSafe, Level: authz.ReadWrite})
					flags, err := store.SafeFlagsOf([]string{group[i].Name})
					must(t, err)
					l.letIntoSafes("almost")
					must(t, store.Change(t.Context(), l.db, system, func(tx *store.Tx) error {
						return lessen(tx, (store.SafeRead|store.SafeCreate|store.SafeEdit|store.SafeDelete)&^flags)
					}))
					w := l.request(r.Method, path, l.aSafesBody(r.Path), as(token))
					if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), group[i].Name+" on the safe is required") {
						t.Errorf("%d %s", w.Code, w.Body)
					}
				})
			}
		}
	}
}

// lessen leaves nothing but some flags of all permissions on safes.
func lessen(tx *store.Tx, flags store.SafeFlags) error {
	var all []*store.SafePermission
	for p, err := range store.SafePermissions.All(tx) {
		if err != nil {
			return err
		}
		p.Flags = flags
		all = append(all, p)
	}
	for _, p := range all {
		if err := store.SafePermissions.Put(tx, p); err != nil {
			return err
		}
	}
	return nil
}
