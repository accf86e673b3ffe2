package store

import (
	"context"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// What nouns and their callers use of package record, by its short names.
type (
	Tx              = record.Tx
	Actor           = record.Actor
	Time            = record.Time
	Text            = record.Text
	Key             = record.Key
	List            = record.List
	Job             = record.Job
	Audit           = record.Audit
	AuditFilter     = record.AuditFilter
	UserAudit       = record.UserAudit
	UserAuditDetail = record.UserAuditDetail

	// Collection is a kind of record.
	Collection[ID int | string, T any] = record.Collection[ID, T]
)

// registry has all of them, in this order.
var registry record.Registry

// schema is what package record knows of them.
func schema() *record.Schema {
	return &record.Schema{
		Version: SchemaVersion, Registry: &registry, Sweeps: sweeps(), Owners: owners, Migrations: migrations(),
		Facts:       []string{signingKeys, defaultOrganization},
		Prefixes:    []string{string(epochKey(0)[:3]), string(record.SequenceKey(epochTag)), string(record.SequenceKey(ruleIDs))},
		VerifyFacts: verifyFacts,
		Repaired:    func(tx *Tx) error { return bump(tx, everyone) }, // rights are looked at again
	}
}

// verifyFacts checks what the store knows of itself.
func verifyFacts(v *record.Verification) error {
	tx := v.Tx()
	sealed, err := tx.Get(record.StoreKey(signingKeys))
	if err != nil {
		return err
	}
	if _, err := tx.Vault().Open(sealed, signingKeys); err != nil {
		if err := v.Wrong(record.TheStore, record.StoreKey(signingKeys), "the keys that sign tokens cannot be opened with this master key"); err != nil {
			return err
		}
	}
	id, err := tx.Get(record.StoreKey(defaultOrganization))
	if err != nil {
		return err
	}
	known, err := Organizations.Has(tx, string(id))
	if err == nil && !known {
		err = v.Wrong(record.TheStore, record.StoreKey(defaultOrganization), "there is no %s %q", Organizations.Name(), id)
	}
	return err
}

// K makes a Key; see record.K.
func K(parts ...any) Key { return record.K(parts...) }

// System is muster itself, acting for nobody.
func System(door string) Actor { return record.System(door) }

// View runs fn in a transaction that only reads.
func View[R any](ctx context.Context, db *DB, by Actor, fn func(*Tx) (R, error)) (R, error) {
	return record.View(ctx, db.DB, by, fn)
}

// Update runs fn in a transaction and commits it durably; see record.Update.
func Update[R any](ctx context.Context, db *DB, by Actor, fn func(*Tx) (R, error)) (R, error) {
	return record.Update(ctx, db.DB, by, fn)
}

// Change is Update for a function without a result.
func Change(ctx context.Context, db *DB, by Actor, fn func(*Tx) error) error {
	return record.Change(ctx, db.DB, by, fn)
}

// Rehearse runs fn in a transaction that is forgotten; see record.Rehearse.
func Rehearse(ctx context.Context, db *DB, by Actor, fn func(*Tx) error) error {
	return record.Rehearse(ctx, db.DB, by, fn)
}

// What a verification reports.
type (
	Problem       = record.Problem
	Verified      = record.Verified
	VerifyOptions = record.VerifyOptions
)

// Verify looks at every key of a store that nobody else has open, and calls report with each problem; see record.Verify.
func Verify(ctx context.Context, engine kv.Engine, o VerifyOptions, report func(Problem) error) (*Verified, error) {
	return record.Verify(ctx, engine, schema(), o, report)
}
