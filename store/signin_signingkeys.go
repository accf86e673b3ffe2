package store

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// signingKeys is where the sealed keys lie that sign this store's tokens.
const signingKeys = "signing-keys"

// sectionSigningKeys is the audit Section of their rotation.
const sectionSigningKeys = "Signing Keys"

func saveKeys(tx *Tx, keys authz.Keys) error {
	plain, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	sealed, err := tx.Vault().Seal(plain, signingKeys)
	if err != nil {
		return err
	}
	return tx.Writer.Set(record.StoreKey(signingKeys), sealed)
}

// readKeys reads the keys by a point read, so that of two rotations at once one runs again.
func readKeys(tx *Tx) (keys authz.Keys, err error) {
	sealed, err := tx.Get(record.StoreKey(signingKeys))
	if err != nil {
		return keys, err
	}
	plain, err := tx.Vault().Open(sealed, signingKeys)
	if err != nil {
		return keys, err
	}
	return keys, json.Unmarshal(plain, &keys)
}

func (db *DB) loadKeys(ctx context.Context) error {
	keys, err := View(ctx, db, System("store"), readKeys)
	if err == nil {
		db.keys.Store(authz.NewChecker(keys, db.Now))
	}
	return err
}

// RotateKeys makes a new key that signs tokens from now on, and audits it. Sessions go on: the old keys check their tokens for as
// long as one can live. It returns ErrInvalid when that would be too many keys.
func RotateKeys(ctx context.Context, db *DB, by Actor) error {
	db.rotating.Lock() // so that what is in memory is what was committed last
	defer db.rotating.Unlock()
	return Change(ctx, db, by, func(tx *Tx) error {
		old, err := readKeys(tx)
		if err != nil {
			return err
		}
		keys, err := old.Rotate(db.Now())
		if err != nil {
			return Invalid("%s", err)
		}
		if err := cmp.Or(saveKeys(tx, keys), tx.Audit(record.ActionEdit, sectionSigningKeys, record.Detail("Key", old.ID(), keys.ID()))); err != nil {
			return err
		}
		tx.OnCommit(func() { db.keys.Store(authz.NewChecker(keys, db.Now)) })
		return nil
	})
}
