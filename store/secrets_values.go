package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// SecretValue is the password of a credential or the text of a text, sealed. Only Secret.Value opens it.
type SecretValue struct {
	SecretID int
	Sealed   []byte
}

// The longest values, in code points.
const (
	maxSecretPassword = 256
	maxSecretValue    = 4096
)

// SetSecretValue seals and keeps the value of a secret, in place of the one that it has.
func SetSecretValue(tx *Tx, s *Secret, value string) error {
	check := required("Password", value, maxSecretPassword)
	if s.SecretType != CredentialSecret {
		check = required("Text", value, maxSecretValue)
	}
	if check != nil {
		return check
	}
	if old, err := s.Value(tx); err != nil || old == value {
		return err
	}
	sealed, err := tx.Vault().Seal([]byte(value), sealedForSecret(s.SecretID))
	if err != nil {
		return err
	}
	return replace(tx, SecretValues, &SecretValue{s.SecretID, sealed})
}

func sealedForSecret(id int) string { return fmt.Sprintf("value of secret %d", id) }

// Value opens the password or the text of a secret; a file and a secret of an older store have none, which is "".
func (s *Secret) Value(tx *Tx) (string, error) {
	v, err := SecretValues.Get(tx, s.SecretID)
	if err != nil {
		return "", record.Ignore(ErrNotFound, err)
	}
	return reveal(tx, v.Sealed, sealedForSecret(s.SecretID))
}

// reveal opens what was sealed; what another master key sealed is nothing.
func reveal(tx *Tx, sealed []byte, context string) (string, error) {
	plain, err := tx.Vault().Open(sealed, context)
	if errors.Is(err, authz.ErrSealed) {
		return "", nil
	}
	return string(plain), err
}

// SecretFile is the file of a secret, or a draft of one that is being written. Its content lies in parts.
type SecretFile struct {
	FileID   int
	SecretID int // 0: a draft
	Size     int // in bytes
	Begun    Time
}

// secretPart is a sealed piece of a file. The pieces have the order of their ids.
type secretPart struct {
	PartID int
	FileID int
	Sealed []byte
}

// MaxSecretFile is how many bytes the file of a secret may have.
const MaxSecretFile = 5_000_000

func sealedForPart(fileID, number int) string {
	return fmt.Sprintf("part %d of secret file %d", number, fileID)
}

// WrittenFile is a draft that a secret can be given as its file.
type WrittenFile struct {
	ID   int
	Hash string // SHA-256 in hex
}

// WriteSecretFile keeps what a reader has as a draft, sealed in parts, a transaction each. It returns ErrInvalid for an empty
// file and for one above MaxSecretFile, and keeps nothing on any error. DropDraft ends a draft that no secret got.
func WriteSecretFile(ctx context.Context, db *DB, from io.Reader) (w WrittenFile, err error) {
	err = Change(ctx, db, System("secrets"), func(tx *Tx) error {
		w.ID, err = SecretFiles.NextID(tx)
		if err != nil {
			return err
		}
		return SecretFiles.Insert(tx, &SecretFile{FileID: w.ID, Begun: tx.Now})
	})
	if err != nil {
		return w, err
	}
	if w.Hash, err = writeParts(ctx, db, w.ID, from); err != nil {
		return WrittenFile{}, errors.Join(err, DropSecretDraft(context.WithoutCancel(ctx), db, w.ID))
	}
	return w, nil
}

func writeParts(ctx context.Context, db *DB, fileID int, from io.Reader) (string, error) {
	piece, sum, size := make([]byte, partSize), sha256.New(), 0
	for number := 0; ; number++ {
		n, err := io.ReadFull(from, piece)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return "", err
		}
		if size += n; size > MaxSecretFile {
			return "", Invalid("the file is larger than %d bytes", MaxSecretFile)
		}
		if size == 0 {
			return "", Invalid("the file is empty")
		}
		sum.Write(piece[:n])
		if err := addSecretPart(ctx, db, fileID, number, piece[:n]); err != nil {
			return "", err
		}
		if last {
			return hex.EncodeToString(sum.Sum(nil)), nil
		}
	}
}

// addSecretPart adds to a draft that exists: of one that was dropped, nothing is kept.
func addSecretPart(ctx context.Context, db *DB, fileID, number int, content []byte) error {
	return Change(ctx, db, System("secrets"), func(tx *Tx) error {
		f, err := SecretFiles.Get(tx, fileID)
		if err != nil || len(content) == 0 {
			return err
		}
		sealed, err := tx.Vault().Seal(content, sealedForPart(fileID, number))
		if err != nil {
			return err
		}
		if err := secretParts.Insert(tx, &secretPart{FileID: fileID, Sealed: sealed}); err != nil {
			return err
		}
		f.Size += len(content)
		return SecretFiles.Put(tx, f)
	})
}

// DropSecretDraft drops a draft, if it still is one.
func DropSecretDraft(ctx context.Context, db *DB, fileID int) error {
	return Change(ctx, db, System("secrets"), func(tx *Tx) error {
		f, err := SecretFiles.Get(tx, fileID)
		if err != nil || f.SecretID != 0 {
			return record.Ignore(ErrNotFound, err)
		}
		return dropSecretFile(tx, fileID)
	})
}

// draftAge is after how long a draft is one that an earlier process left.
const draftAge = time.Hour

// SweepSecretDrafts drops the drafts that nobody writes any more.
func SweepSecretDrafts(ctx context.Context, db *DB) error {
	return Change(ctx, db, System("secrets"), func(tx *Tx) error {
		var left []int
		for f, err := range secretFileDrafts.Each(tx, nil) {
			if err != nil {
				return err
			}
			if f.Begun.Add(draftAge).Before(tx.Now) {
				left = append(left, f.FileID)
			}
		}
		for _, id := range left {
			if err := dropSecretFile(tx, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// publishSecretFile makes a draft the file of a secret; a file that is the secret's already stays.
func publishSecretFile(tx *Tx, s *Secret) error {
	f, err := SecretFiles.Get(tx, s.FileID)
	if err != nil || f.SecretID == s.SecretID {
		return err
	}
	f.SecretID = s.SecretID
	return SecretFiles.Put(tx, f)
}

func dropSecretFile(tx *Tx, id int) error {
	if err := SecretFiles.Delete(tx, id); err != nil {
		return record.Ignore(ErrNotFound, err)
	}
	return record.SweepLater(tx, sweepOfSecretFile, id)
}

// clearSecretFile clears away the parts of a file. It notes their ids, not what they hold.
func clearSecretFile(b *record.SweepBatch, id int) error {
	return record.Each(b, secretPartIDs(b.Tx, id), func(partID int) func(*Tx) error {
		return func(tx *Tx) error { return record.Ignore(ErrNotFound, secretParts.Delete(tx, partID)) }
	})
}

func secretPartIDs(tx *Tx, fileID int) iter.Seq2[int, error] {
	keys := secretParts.Span(K(fileID), K(fileID))
	keys.KeysOnly = true
	return func(yield func(int, error) bool) {
		for pair, err := range tx.Reader.Scan(keys) {
			id := 0
			if err == nil {
				id, _, err = record.CutInt(pair.Key[len(keys.From):])
			}
			if !yield(id, err) || err != nil {
				return
			}
		}
	}
}

// File yields the file of a secret in pieces of at most 256 KiB. One that is not whole ends with ErrDamaged.
func (s *Secret) File(tx *Tx) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		f, err := SecretFiles.Get(tx, s.FileID)
		if err != nil {
			yield(nil, err)
			return
		}
		number, size := 0, 0
		for part, err := range secretParts.In(tx, K(s.FileID)) {
			var content []byte
			if err == nil {
				content, err = tx.Vault().Open(part.Sealed, sealedForPart(s.FileID, number))
			}
			number, size = number+1, size+len(content)
			if !yield(content, err) || err != nil {
				return
			}
		}
		if size != f.Size {
			yield(nil, fmt.Errorf("%d bytes of secret file %d are there, of %d: %w", size, s.FileID, f.Size, ErrDamaged))
		}
	}
}
