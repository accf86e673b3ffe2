package store

import (
	"errors"
	"fmt"
	"testing"
)

func TestFoldersMoveWithAllThatIsInThem(t *testing.T) {
	t.Parallel()
	l := newSafes(t)
	other := l.make(l.ann, "", "Other")
	below := l.make(l.ann, l.folder, "Below")
	s := l.secret(l.ann, below, "root")
	move := func(by Actor, id, into, duplicate string) (*SecretsFolder, error) {
		var f *SecretsFolder
		err := l.try(by, func(tx *Tx) (err error) {
			f, err = MoveFolder(tx, id, into, duplicate)
			return err
		})
		return f, err
	}
	deep := other
	for i := range maxFolderDepth - 2 {
		deep = l.make(l.ann, deep, fmt.Sprint("level ", i))
	}
	for what, c := range map[string]struct {
		id, into string
		is       error
	}{
		"into itself":        {l.folder, l.folder, ErrInvalid},
		"into what is in it": {l.folder, below, ErrInvalid},
		"a safe":             {l.safe, other, ErrInvalid},
		"too deep":           {l.folder, deep, ErrInvalid},
		"to nowhere":         {l.folder, "x", ErrNotFound},
	} {
		if _, err := move(l.ann, c.id, c.into, MoveStop); !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want %v", what, err, c.is)
		}
	}
	l.give(SafeRead|SafeEdit, Time{})
	if _, err := move(l.bob, below, l.safe, MoveStop); !errors.Is(err, ErrDenied) {
		t.Errorf("without Create: %v", err)
	}
	l.give(SafeRead|SafeCreate, Time{})
	if _, err := move(l.bob, below, l.safe, MoveStop); !errors.Is(err, ErrDenied) {
		t.Errorf("without Edit: %v", err)
	}
	if _, err := move(l.ann, l.folder, other, MoveStop); err != nil {
		t.Fatal(err)
	}
	path := view(l.fixture, func(tx *Tx) (string, error) {
		f, err := SecretsFolders.Get(tx, s.FolderID)
		if err != nil {
			return "", err
		}
		return LookInSafes(tx).PathOf(f)
	})
	same(t, "where the secret lies", path, "Other/Servers/Below")
	if err := l.try(l.bob, func(tx *Tx) error { _, err := SecretByUUID(tx, s.ID); return err }); !errors.Is(err, ErrNotFound) {
		t.Errorf("for who reads only the safe that it left: %v", err)
	}
}

// Of two folders that are moved into each other at once, one stays.
func TestFoldersThatMoveIntoEachOther(t *testing.T) {
	t.Parallel()
	for round := range 10 {
		l := newSafes(t)
		folders := []string{l.make(l.ann, l.safe, "a"), l.make(l.ann, l.safe, "b")}
		errs := atOnce(2, func(i int) error {
			return Change(l.ctx, l.DB, l.ann, func(tx *Tx) error {
				_, err := MoveFolder(tx, folders[i], folders[1-i], MoveStop)
				return err
			})
		})
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("round %d: %v, %v", round, errs[0], errs[1])
		}
	}
}

// A folder that gets another level while it is moved is not too deep.
func TestAFolderThatGrowsWhileItMoves(t *testing.T) {
	t.Parallel()
	l := newSafes(t)
	deep := l.safe
	for i := range maxFolderDepth - 2 {
		deep = l.make(l.ann, deep, fmt.Sprint("level ", i))
	}
	tries := 0
	err := l.try(l.ann, func(tx *Tx) error {
		if _, err := MoveFolder(tx, l.folder, deep, MoveStop); err != nil {
			return err
		}
		if tries++; tries == 1 {
			l.make(l.ann, l.folder, "new")
		}
		return nil
	})
	if !errors.Is(err, ErrInvalid) {
		t.Errorf("after %d tries: %v", tries, err)
	}
}

// BenchmarkFindSecret looks up one secret by path and title among few and among many.
func BenchmarkFindSecret(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l := newFixture(b)
			var folder string
			l.change(func(tx *Tx) error {
				safe := &SecretsFolder{Name: "Lab"}
				if err := SecretsFolders.Insert(tx, safe); err != nil {
					return err
				}
				f := &SecretsFolder{Name: "Servers", ParentID: safe.ID}
				folder = ""
				err := SecretsFolders.Insert(tx, f)
				folder = f.ID
				return err
			})
			for first := 0; first < n; first += 100 {
				l.change(func(tx *Tx) error {
					for i := range 100 {
						s := &Secret{FolderID: folder, Title: fmt.Sprint("secret ", first+i), SecretType: CredentialSecret}
						if err := Secrets.Insert(tx.Unaudited(), s); err != nil {
							return err
						}
					}
					return nil
				})
			}
			b.ResetTimer()
			for i := range b.N {
				found := view(l, func(tx *Tx) (int, error) {
					got := 0
					for _, err := range LookInSafes(tx).Find(SecretSearch{Path: "lab/servers", Separator: "/", Title: fmt.Sprint("SECRET ", i%n)}) {
						if err != nil {
							return 0, err
						}
						got++
					}
					return got, nil
				})
				if found != 1 {
					b.Fatal(found)
				}
			}
		})
	}
}
