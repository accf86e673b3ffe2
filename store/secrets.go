package store

import (
	"cmp"
	"errors"
	"reflect"
	"strings"

	"github.com/google/uuid"

	"github.com/musterhq/muster/store/record"
)

// The kinds of secret, as the API calls them.
const (
	CredentialSecret = "Credential"
	TextSecret       = "Text"
	FileSecret       = "File"
)

// Secret is a secret of Secrets Safe, without what is secret of it: see SecretValue and SecretFile.
type Secret struct {
	SecretID              int
	ID                    string // by which the API knows it
	FolderID              string
	Title                 string
	SecretType            string
	Description           Text
	Username              Text // of a credential
	Notes                 Text
	Urls                  []SecretURL
	FileName              Text // of a file
	FileHash              Text // its SHA-256 in hex
	FileID                int
	CreatedOn             Time
	CreatedBy             string
	ModifiedOn            Time
	ModifiedBy            string
	SecretValueModifiedOn Time
}

// SecretURL is where a credential is used.
type SecretURL struct {
	ID  string
	URL string
}

// The limits of secrets, in code points.
const (
	maxSecretTitle = 256
	maxSecretText  = 256
	maxUsername    = 1000
	maxNotes       = 4000
	maxURL         = 2048
	maxURLs        = 100
	maxFileName    = 256
)

func (s *Secret) Validate(tx *Tx) error {
	if err := ownUUID(&s.ID); err != nil {
		return err
	}
	for i := range s.Urls {
		if err := cmp.Or(ownUUID(&s.Urls[i].ID), required("Url", s.Urls[i].URL, maxURL)); err != nil {
			return err
		}
	}
	if len(s.Urls) > maxURLs {
		return Invalid("Urls: at most %d are expected", maxURLs)
	}
	if s.SecretType == FileSecret {
		if err := required("FileName", string(s.FileName), maxFileName); err != nil {
			return err
		}
	}
	known, err := SecretsFolders.Has(tx, s.FolderID)
	if err == nil && !known {
		err = Invalid("FolderId: there is no folder %s", s.FolderID)
	}
	return cmp.Or(
		err, required("Title", s.Title, maxSecretTitle), short("Description", string(s.Description), maxSecretText),
		short("Username", string(s.Username), maxUsername), short("Notes", string(s.Notes), maxNotes),
	)
}

// AfterWrite deletes what is secret of a deleted secret, and what was before another file.
func (s *Secret) AfterWrite(tx *Tx, old *Secret) error {
	if old == nil {
		return nil
	}
	if old.FileID != 0 && (s == nil || s.FileID != old.FileID) {
		if err := dropSecretFile(tx, old.FileID); err != nil {
			return err
		}
	}
	if s != nil {
		return nil
	}
	if err := record.Ignore(ErrNotFound, SecretValues.Delete(tx, old.SecretID)); err != nil {
		return err
	}
	return record.SweepLater(tx, sweepOfSecret, old.SecretID)
}

// clearSecret clears away who owned a deleted secret.
func clearSecret(b *record.SweepBatch, id int) error {
	return cmp.Or(record.CutFrom(b, SecretOwner, id), record.CutFrom(b, SecretOwnerGroup, id))
}

// NewSecret is what a secret is made or changed with. What is nil of a change stays.
type NewSecret struct {
	Secret Secret
	Owners []SecretPrincipal
	Value  *string // the password or the text
}

// CreateSecret makes a secret in a folder, which takes Create on the safe. Without owners the actor owns it.
func CreateSecret(tx *Tx, n NewSecret) (*Secret, error) {
	folder, err := LookInSafes(tx).folderFor(n.Secret.FolderID, SafeCreate)
	if err != nil {
		return nil, err
	}
	s := n.Secret
	s.FolderID = folder.ID
	s.CreatedOn, s.ModifiedOn, s.SecretValueModifiedOn = tx.Now, tx.Now, tx.Now
	s.CreatedBy, s.ModifiedBy = tx.By.UserName, tx.By.UserName
	if len(n.Owners) == 0 {
		n.Owners = []SecretPrincipal{{UserID: tx.By.UserID}}
	}
	return &s, storeSecret(tx, &s, n, Secrets.Insert)
}

// ChangeSecret stores a changed secret, whose SecretID says which. It takes Edit on the safe, or to own it.
func ChangeSecret(tx *Tx, n NewSecret) (*Secret, error) {
	old, err := Secrets.Get(tx, n.Secret.SecretID)
	if err != nil {
		return nil, err
	}
	if err := MayOnSecret(tx, old, SafeEdit); err != nil {
		return nil, err
	}
	s := n.Secret
	s.CreatedOn, s.CreatedBy, s.ModifiedOn, s.ModifiedBy = old.CreatedOn, old.CreatedBy, old.ModifiedOn, old.ModifiedBy
	s.SecretValueModifiedOn = old.SecretValueModifiedOn
	fresh, err := newValue(tx, old, n)
	if err != nil {
		return nil, err
	}
	if fresh {
		s.SecretValueModifiedOn = tx.Now
	}
	if !reflect.DeepEqual(&s, old) || n.Owners != nil {
		s.ModifiedOn, s.ModifiedBy = tx.Now, tx.By.UserName
	}
	return &s, storeSecret(tx, &s, n, Secrets.Put)
}

// newValue reports whether a change brings another value or file.
func newValue(tx *Tx, old *Secret, n NewSecret) (bool, error) {
	if n.Secret.FileID != old.FileID {
		return true, nil
	}
	if n.Value == nil {
		return false, nil
	}
	value, err := old.Value(tx)
	return value != *n.Value, err
}

func storeSecret(tx *Tx, s *Secret, n NewSecret, put func(*Tx, *Secret) error) error {
	err := put(tx, s)
	if _, twice := errors.AsType[*record.Duplicate](err); twice {
		return record.Error(ErrExists, "Title name already exists")
	}
	if err == nil && n.Owners != nil {
		err = SetSecretOwners(tx, s.SecretID, n.Owners)
	}
	if err == nil && n.Value != nil {
		err = SetSecretValue(tx, s, *n.Value)
	}
	if err == nil && s.FileID != 0 {
		err = publishSecretFile(tx, s)
	}
	return err
}

// DeleteSecret deletes a secret, which takes Delete on the safe, or to own it.
func DeleteSecret(tx *Tx, id string) error {
	s, err := SecretByUUID(tx, id)
	if err != nil {
		return err
	}
	if err := MayOnSecret(tx, s, SafeDelete); err != nil {
		return err
	}
	return Secrets.Delete(tx, s.SecretID)
}

// SecretByUUID returns a secret in a safe that the actor may read, or ErrNotFound.
func SecretByUUID(tx *Tx, id string) (*Secret, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return nil, record.NotFound(Secrets.Name(), id)
	}
	s, err := secretByUUID.One(tx, K(parsed.String()), id)
	if err != nil {
		return nil, err
	}
	if _, err := LookInSafes(tx).Folder(s.FolderID); err != nil {
		return nil, cmp.Or(record.Ignore(ErrNotFound, err), record.NotFound(Secrets.Name(), id))
	}
	return s, nil
}

// MayOnSecret returns ErrNotFound for a secret in a safe that the actor may not read, and ErrDenied unless they have the flag
// on the safe or own the secret.
func MayOnSecret(tx *Tx, s *Secret, flag SafeFlags) error {
	look := LookInSafes(tx)
	_, err := look.folderFor(s.FolderID, flag)
	if !errors.Is(err, ErrDenied) {
		return err
	}
	owned, e := ownsSecret(tx, s.SecretID)
	if e != nil || owned {
		return e
	}
	return err
}

// SecretIn returns the secret of a title in a folder, without regard to case, or ErrNotFound. It does not ask who may see it.
func SecretIn(tx *Tx, folderID, title string) (*Secret, error) {
	return secretByTitle.One(tx, K(folderID, record.Fold(title)), title)
}

// MayStoreSecret returns what CreateSecret or ChangeSecret would for an actor who may not store the secret.
func MayStoreSecret(tx *Tx, s *Secret) error {
	if s.SecretID != 0 {
		return MayOnSecret(tx, s, SafeEdit)
	}
	_, err := LookInSafes(tx).folderFor(s.FolderID, SafeCreate)
	return err
}

// NotOfKind is the ErrNotFound of a secret that is of another kind than was asked for.
func NotOfKind(id, kind string) error {
	return record.Error(ErrNotFound, "Secret %s is no %s", id, strings.ToLower(kind))
}
