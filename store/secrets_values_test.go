package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/musterhq/muster/store/record"
)

func TestTheFileOfASecretComesBackWhole(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, partSize, partSize + 1, MaxSecretFile} {
		l := newSafes(t)
		content := make([]byte, size)
		for i := range content {
			content[i] = byte(i * i >> 8)
		}
		w, err := WriteSecretFile(l.ctx, l.DB, bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		same(t, "the hash", w.Hash, hex.EncodeToString(sum[:]))
		var s *Secret
		if err := l.try(l.ann, func(tx *Tx) (err error) {
			s, err = CreateSecret(tx, NewSecret{Secret: Secret{
				FolderID: l.folder, Title: "file", SecretType: FileSecret, FileName: "id_ed25519", FileHash: Text(w.Hash), FileID: w.ID,
			}})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		got := view(l.fixture, func(tx *Tx) (all []byte, err error) {
			for piece, err := range s.File(tx) {
				if err != nil {
					return nil, err
				}
				all = append(all, piece...)
			}
			return all, nil
		})
		if !bytes.Equal(got, content) {
			t.Errorf("%d bytes come back of %d, or others", len(got), size)
		}
		for _, key := range l.keys("sy=") {
			if value := view(l.fixture, func(tx *Tx) ([]byte, error) { return tx.Get([]byte(key)) }); len(value) > 2*partSize {
				t.Errorf("a part takes %d bytes", len(value))
			}
		}
		l.change(func(tx *Tx) error { return Secrets.Delete(tx, s.SecretID) })
		l.sweep()
		if left := append(l.keys("sy="), l.keys("sx=")...); len(left) > 0 {
			t.Errorf("%q are left", left)
		}
	}
}

func TestADraftOfAFileThatNoSecretGotGoes(t *testing.T) {
	t.Parallel()
	l := newSafes(t)
	for name, size := range map[string]int{"empty": 0, "too large": MaxSecretFile + 1} {
		if _, err := WriteSecretFile(l.ctx, l.DB, bytes.NewReader(make([]byte, size))); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := WriteSecretFile(l.ctx, l.DB, strings.NewReader("left by a crash")); err != nil {
		t.Fatal(err)
	}
	if err := SweepSecretDrafts(l.ctx, l.DB); err != nil {
		t.Fatal(err)
	}
	same(t, "drafts that somebody may be writing", len(l.keys("sx=")), 1)
	l.change(func(tx *Tx) error {
		for f, err := range secretFileDrafts.Each(tx, nil) {
			if err != nil {
				return err
			}
			f.Begun = f.Begun.Add(-2 * draftAge)
			return SecretFiles.Put(tx, f)
		}
		return nil
	})
	if err := SweepSecretDrafts(l.ctx, l.DB); err != nil {
		t.Fatal(err)
	}
	l.sweep()
	if left := append(l.keys("sy="), l.keys("sx=")...); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
}

// Secrets of a store of schema 3 come into safes named after their groups, with their owners.
func TestSecretsOfAnOldStoreComeIntoSafes(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	group, owner := l.group("Ops"), l.user("owner")
	l.change(func(tx *Tx) error {
		for id, of := range map[int]int{1: group, 2: group, 3: 0} {
			old := fmt.Appendf(nil, `{"SecretID":%d,"GroupID":%d,"Name":"Root"}`, id, of)
			if err := errors.Join(
				tx.Writer.Set(Secrets.Key(record.KindRecord, K(id)), old),
				tx.Writer.Set(Secrets.Key(secretsByOldGroup, K(of, id)), K(id)),
				tx.Writer.Set(Secrets.Key(record.KindGuard, append(Key{secretsByOldGroup}, K(of)...)), nil),
				SecretOwner.Set(tx, id, owner, 0),
			); err != nil {
				return err
			}
		}
		return tx.Writer.Set(record.StoreKey("schema"), K(3))
	})
	l.reopen()
	got := view(l, func(tx *Tx) (all []string, err error) {
		for _, path := range []string{"ops", nobodysSafe} {
			f, err := FolderAt(tx, path, "/")
			if err != nil {
				return nil, err
			}
			for s, err := range secretByTitle.Each(tx, K(f.ID)) {
				if err != nil {
					return nil, err
				}
				owners, err := OwnersOf(tx, s.SecretID)
				if err != nil {
					return nil, err
				}
				all = append(all, fmt.Sprint(f.Name, "/", s.Title, " ", s.SecretID, " ", len(owners)))
			}
		}
		return all, nil
	})
	equal(t, "secrets", got, []string{"Ops/Root 1 1", "Ops/Root (2) 2 1", "Secrets Safe/Root 3 1"})
	l.refused(ErrInvalid, func(tx *Tx) error { return DeleteUserGroup(tx, group) })
	l.refused(ErrInvalid, func(tx *Tx) error { return DeleteUser(tx, owner) })
}
