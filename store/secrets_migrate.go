package store

import (
	"context"
	"encoding/json"

	"github.com/musterhq/muster/store/record"
)

// oldSecret is a secret as schema 3 has it: a name in the safe of a user group, 0 for no group's.
type oldSecret struct {
	SecretID int
	GroupID  int
	Name     string
	FolderID string // empty: not moved yet
}

// moveSecretsToSafes puts the secrets of an old store into safes named after their groups. They are credentials without a
// password, and keep their ids and owners.
func moveSecretsToSafes(ctx context.Context, db *record.DB) error {
	old, err := record.View(ctx, db, System("store"), oldSecrets)
	if err != nil {
		return err
	}
	for _, s := range old {
		if err := record.Change(ctx, db, System("store"), func(tx *Tx) error { return s.move(tx.Unaudited()) }); err != nil {
			return err
		}
	}
	return nil
}

func oldSecrets(tx *Tx) (all []oldSecret, err error) {
	for pair, err := range tx.Reader.Scan(Secrets.Span(nil, nil)) {
		var s oldSecret
		if err == nil {
			err = json.Unmarshal(pair.Value, &s)
		}
		if err != nil {
			return nil, err
		}
		if s.FolderID == "" {
			all = append(all, s)
		}
	}
	return all, nil
}

// secretsByOldGroup is the kind of an index that schema 3 has, by GroupID.
const secretsByOldGroup = 'g'

func (s oldSecret) move(tx *Tx) error {
	safe, err := GroupsSafe(tx, s.GroupID)
	if err != nil {
		return err
	}
	group := K(s.GroupID)
	for _, key := range [][]byte{
		Secrets.Key(secretsByOldGroup, K(s.GroupID, s.SecretID)), Secrets.Key(record.KindGuard, append(Key{secretsByOldGroup}, group...)),
	} {
		if err := tx.Writer.Delete(key); err != nil {
			return err
		}
	}
	taken := func(title string) (bool, error) { return exists(SecretIn(tx, safe.ID, title)) }
	title, err := arrivingName(s.Name, MoveRename, maxSecretTitle, taken) // schema 3 let two have one name
	if err != nil {
		return err
	}
	return Secrets.Replace(tx, nil, &Secret{
		SecretID: s.SecretID, FolderID: safe.ID, Title: title, SecretType: CredentialSecret,
		CreatedOn: tx.Now, CreatedBy: tx.By.UserName, ModifiedOn: tx.Now, ModifiedBy: tx.By.UserName,
	})
}
