package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/store/record"
)

// safes is a lab with people and a safe.
type safes struct {
	*fixture
	safe, folder string
	ann, bob     Actor
}

func newSafes(t *testing.T) *safes {
	l := &safes{fixture: newFixture(t)}
	group := l.group("readers")
	l.ann = Actor{UserID: l.user("ann"), UserName: "ann", Door: "test"}
	l.bob = Actor{UserID: l.user("bob", group), UserName: "bob", Door: "test", Groups: []int{group}}
	l.safe = l.make(l.ann, "", "Lab")
	l.folder = l.make(l.ann, l.safe, "Servers")
	return l
}

// make makes a folder, or a safe in no parent.
func (l *safes) make(by Actor, parent, name string) string {
	l.t.Helper()
	f := &SecretsFolder{Name: name, ParentID: parent}
	create := CreateFolder
	if parent == "" {
		create = CreateSafe
	}
	if err := l.try(by, func(tx *Tx) error { f.ID = ""; return create(tx, f) }); err != nil {
		l.t.Fatalf("%s: %v", name, err)
	}
	return f.ID
}

// secret makes a credential.
func (l *safes) secret(by Actor, folder, title string) *Secret {
	l.t.Helper()
	var s *Secret
	if err := l.try(by, func(tx *Tx) (err error) {
		s, err = CreateSecret(tx, NewSecret{Secret: Secret{FolderID: folder, Title: title, SecretType: CredentialSecret}, Value: new("secret of " + title)})
		return err
	}); err != nil {
		l.t.Fatalf("%s: %v", title, err)
	}
	return s
}

// give gives bob's group flags on the safe, until an end if there is one.
func (l *safes) give(flags SafeFlags, end Time) {
	l.t.Helper()
	if err := l.try(l.ann, func(tx *Tx) error {
		return GiveSafePermission(tx, &SafePermission{SafeID: l.safe, PrincipalType: PrincipalGroup, PrincipalID: l.bob.Groups[0], Flags: flags, ExpiresOn: end})
	}); err != nil {
		l.t.Fatalf("%v", err)
	}
}

func TestASafeIsAsIfAbsentWithoutAPermission(t *testing.T) {
	t.Parallel()
	l := newSafes(t)
	s := l.secret(l.ann, l.folder, "root")
	admin := Actor{UserID: administratorID, UserName: "administrator", Admin: true, Groups: []int{Administrators}}
	sees := func(by Actor) (all []string) {
		if err := l.try(by, func(tx *Tx) error {
			all = nil
			for found, err := range LookInSafes(tx).Find(SecretSearch{}) {
				if err != nil {
					return err
				}
				all = append(all, found.Title)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return all
	}
	for _, by := range []Actor{l.bob, admin} {
		for what, fn := range map[string]func(*Tx) error{
			"the secret":  func(tx *Tx) error { _, err := SecretByUUID(tx, s.ID); return err },
			"the folder":  func(tx *Tx) error { _, err := LookInSafes(tx).Folder(l.folder); return err },
			"a deletion":  func(tx *Tx) error { return DeleteSecret(tx, s.ID) },
			"a new one":   func(tx *Tx) error { return CreateFolder(tx, &SecretsFolder{ParentID: l.safe, Name: "x"}) },
			"another one": func(tx *Tx) error { _, err := ChangeFolder(tx, l.folder, "x", ""); return err },
		} {
			if err := l.try(by, fn); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s of %s: %v", what, by.UserName, err)
			}
		}
		equal(t, "what is seen by "+by.UserName, sees(by), nil)
	}
	l.give(SafeRead, Time{})
	equal(t, "with Read", sees(l.bob), []string{"root"})
	if err := l.try(l.bob, func(tx *Tx) error { return DeleteSecret(tx, s.ID) }); !errors.Is(err, ErrDenied) {
		t.Errorf("a deletion with Read: %v", err)
	}
	if err := l.try(l.bob, func(tx *Tx) error { return TakeSafePermission(tx, l.safe, PrincipalUser, l.ann.UserID) }); !errors.Is(err, ErrDenied) {
		t.Errorf("taking a permission with Read: %v", err)
	}
	l.give(SafeRead, record.At(l.DB.Now().Add(time.Hour)))
	equal(t, "before its end", sees(l.bob), []string{"root"})
	l.give(SafeRead, record.At(l.DB.Now()))
	equal(t, "after its end", sees(l.bob), nil)
	if err := l.try(admin, func(tx *Tx) error {
		return GiveSafePermission(tx, &SafePermission{SafeID: l.safe, PrincipalID: administratorID, Flags: SafeRead})
	}); err != nil {
		t.Fatal(err)
	}
	equal(t, "what an administrator sees who helped themselves", sees(admin), []string{"root"})
}

func TestTheOwnerOfASecretMayChangeIt(t *testing.T) {
	t.Parallel()
	l := newSafes(t)
	s := l.secret(l.ann, l.folder, "root")
	l.give(SafeRead, Time{})
	change := func(tx *Tx) error {
		_, err := ChangeSecret(tx, NewSecret{Secret: Secret{SecretID: s.SecretID, ID: s.ID, FolderID: l.folder, Title: "toor", SecretType: CredentialSecret}, Value: new("another")})
		return err
	}
	if err := l.try(l.bob, change); !errors.Is(err, ErrDenied) {
		t.Errorf("by somebody else: %v", err)
	}
	l.change(func(tx *Tx) error { return AddSecretOwner(tx, s.SecretID, SecretPrincipal{GroupID: l.bob.Groups[0]}) })
	if err := l.try(l.bob, change); err != nil {
		t.Errorf("by an owner: %v", err)
	}
	after := view(l.fixture, func(tx *Tx) (*Secret, error) { return Secrets.Get(tx, s.SecretID) })
	same(t, "who changed it", after.ModifiedBy, "bob")
	same(t, "who made it", after.CreatedBy, "ann")
	same(t, "its value", view(l.fixture, func(tx *Tx) (string, error) { return after.Value(tx) }), "another")
	l.refused(ErrInvalid, func(tx *Tx) error { return DeleteUserGroup(tx, l.bob.Groups[0]) })
	if err := l.try(l.bob, func(tx *Tx) error { return DeleteSecret(tx, s.ID) }); err != nil {
		t.Errorf("its deletion by an owner: %v", err)
	}
	l.change(func(tx *Tx) error { return DeleteUserGroup(tx, l.bob.Groups[0]) })
	l.sweep()
	if left := append(l.keys("sv="), append(l.keys("sg"), l.keys("so")...)...); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
}

func TestFoldersHaveBounds(t *testing.T) {
	t.Parallel()
	l := newSafes(t)
	l.secret(l.ann, l.folder, "root")
	deepest := l.folder
	for i := 3; i <= maxFolderDepth; i++ {
		deepest = l.make(l.ann, deepest, fmt.Sprint("level ", i))
	}
	for what, c := range map[string]struct {
		is error
		do func(*Tx) error
	}{
		"one level too many":         {ErrInvalid, func(tx *Tx) error { return CreateFolder(tx, &SecretsFolder{ParentID: deepest, Name: "x"}) }},
		"a name twice":               {ErrExists, func(tx *Tx) error { return CreateFolder(tx, &SecretsFolder{ParentID: l.safe, Name: "sERVERS"}) }},
		"a safe's name twice":        {ErrExists, func(tx *Tx) error { return CreateSafe(tx, &SecretsFolder{Name: "LAB"}) }},
		"no name":                    {ErrInvalid, func(tx *Tx) error { return CreateSafe(tx, &SecretsFolder{}) }},
		"a long name":                {ErrInvalid, func(tx *Tx) error { return CreateSafe(tx, &SecretsFolder{Name: strings.Repeat("é", 257)}) }},
		"a folder that is not empty": {ErrBusy, func(tx *Tx) error { return DeleteFolder(tx, l.folder) }},
		"a safe that is not empty":   {ErrBusy, func(tx *Tx) error { return DeleteFolder(tx, l.safe) }},
		"a parent that is not there": {ErrNotFound, func(tx *Tx) error { return CreateFolder(tx, &SecretsFolder{ParentID: "x", Name: "x"}) }},
		"a title twice": {ErrExists, func(tx *Tx) error {
			_, err := CreateSecret(tx, NewSecret{Secret: Secret{FolderID: l.folder, Title: "ROOT", SecretType: CredentialSecret}, Value: new("x")})
			return err
		}},
		"an empty password": {ErrInvalid, func(tx *Tx) error {
			_, err := CreateSecret(tx, NewSecret{Secret: Secret{FolderID: l.folder, Title: "x", SecretType: CredentialSecret}, Value: new("")})
			return err
		}},
		"a text too long": {ErrInvalid, func(tx *Tx) error {
			_, err := CreateSecret(tx, NewSecret{Secret: Secret{FolderID: l.folder, Title: "x", SecretType: TextSecret}, Value: new(strings.Repeat("x", 4097))})
			return err
		}},
	} {
		if err := l.try(l.ann, c.do); !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want %v", what, err, c.is)
		}
	}
}

// A folder that gets something while it is deleted stays, or does not get it.
func TestAFolderThatIsFilledMeanwhileStays(t *testing.T) {
	t.Parallel()
	for _, fill := range []func(l *safes){
		func(l *safes) { l.secret(l.ann, l.folder, "new") },
		func(l *safes) { l.make(l.ann, l.folder, "new") },
	} {
		l := newSafes(t)
		tries := 0
		err := l.try(l.ann, func(tx *Tx) error {
			if err := DeleteFolder(tx, l.folder); err != nil {
				return err
			}
			if tries++; tries == 1 {
				fill(l)
			}
			return nil
		})
		if !errors.Is(err, ErrBusy) {
			t.Errorf("after %d tries: %v", tries, err)
		}
	}
}

func TestSecretsAreFound(t *testing.T) {
	t.Parallel()
	l := newSafes(t)
	l.give(SafeRead, Time{})
	other := l.make(l.ann, "", "Alone")
	for _, folder := range []string{l.safe, l.folder, other} {
		l.secret(l.ann, folder, "root")
	}
	l.secret(l.ann, l.folder, "Admin")
	for what, c := range map[string]struct {
		by     Actor
		search SecretSearch
		want   []string
	}{
		"all":                   {l.ann, SecretSearch{}, []string{"Alone/root", "Lab/root", "Lab/Servers/Admin", "Lab/Servers/root"}},
		"all that bob sees":     {l.bob, SecretSearch{}, []string{"Lab/root", "Lab/Servers/Admin", "Lab/Servers/root"}},
		"a path":                {l.ann, SecretSearch{Path: "/lab/SERVERS/", Separator: "/"}, []string{"Lab/Servers/Admin", "Lab/Servers/root"}},
		"a path of its own":     {l.ann, SecretSearch{Path: `lab\servers`, Separator: `\`, Title: "ADMIN"}, []string{"Lab/Servers/Admin"}},
		"a safe's path":         {l.ann, SecretSearch{Path: "lab", Separator: "/"}, []string{"Lab/root"}},
		"a title":               {l.ann, SecretSearch{Title: "ROOT"}, []string{"Alone/root", "Lab/root", "Lab/Servers/root"}},
		"a title that bob sees": {l.bob, SecretSearch{Title: "root"}, []string{"Lab/root", "Lab/Servers/root"}},
		"another safe's path":   {l.bob, SecretSearch{Path: "Alone", Separator: "/"}, nil},
		"no such path":          {l.ann, SecretSearch{Path: "lab/nowhere", Separator: "/"}, nil},
		"a folder":              {l.ann, SecretSearch{FolderID: strings.ToUpper(l.folder), Title: "root"}, []string{"Lab/Servers/root"}},
		"since now":             {l.ann, SecretSearch{Title: "Admin", After: record.At(l.DB.Now())}, []string{"Lab/Servers/Admin"}},
		"since tomorrow":        {l.ann, SecretSearch{Path: "lab", Separator: "/", After: record.At(l.DB.Now().Add(time.Hour))}, nil},
	} {
		var got []string
		if err := l.try(c.by, func(tx *Tx) error {
			got = nil
			look := LookInSafes(tx)
			for s, err := range look.Find(c.search) {
				if err != nil {
					return err
				}
				f, err := look.Folder(s.FolderID)
				if err != nil {
					return err
				}
				path, err := look.PathOf(f)
				if err != nil {
					return err
				}
				got = append(got, path+"/"+s.Title)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}
