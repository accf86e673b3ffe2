// Package record says what a record, an index, a link, a count, a sequence, an audit, a job, a sweep and a verification are, over an
// ordered key-value engine. It knows no noun: package store declares which records there are, and gives it a Schema of
// them. collection.go is the only place where a record, its index entries and its audit rows change. A third of the files
// are verify*.go, one for each kind of thing that a verification looks at; they need what the others hide.
package record

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/kv"
)

// DB is an open store. It is safe for concurrent use.
type DB struct {
	// Nouns is what package store keeps beside its records in memory.
	Nouns any

	engine kv.Engine
	schema *Schema
	vault  *authz.Vault
	now    func() time.Time
	log    *slog.Logger
	room   func(bytes int) error

	mu        sync.Mutex
	sequences map[string]*sequence
	sweeps    Signal // there are records to clear up after
}

// Options are what a DB needs beside its engine.
type Options struct {
	Vault *authz.Vault     // seals what must be readable again; required
	Now   func() time.Time // nil: the clock
	Log   *slog.Logger     // nil: silent
	// Room says whether so many bytes may be written beside the store, ErrNoSpace if not. nil: there is always room.
	Room func(bytes int) error
}

// New returns a DB over an engine, which Open makes ready for use.
func New(engine kv.Engine, schema *Schema, o Options) *DB {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &DB{
		engine: engine, schema: schema, vault: o.Vault, now: o.Now, log: o.Log, room: o.Room,
		sequences: map[string]*sequence{}, sweeps: make(Signal, 1),
	}
}

// Open checks the schema version of the engine, migrates an older store, and fills an empty one. seed is only called for an
// empty store; what it returns runs in the transaction that makes it one.
func (db *DB) Open(ctx context.Context, seed func(context.Context) (func(*Tx) error, error)) error {
	version, err := db.version(ctx)
	switch {
	case err != nil:
		return err
	case version > db.schema.Version:
		return db.schema.newer(version)
	case version == 0:
		fill, err := seed(ctx)
		if err != nil {
			return err
		}
		if err := db.create(ctx, fill); err != nil {
			return fmt.Errorf("seed the store: %w", err)
		}
	case version < db.schema.Version:
		return db.migrate(ctx, version)
	}
	return nil
}

// create makes an empty engine a store.
func (db *DB) create(ctx context.Context, fill func(*Tx) error) error {
	return Change(ctx, db, System("first start"), func(tx *Tx) error {
		if err := fill(tx); err != nil {
			return err
		}
		if err := tx.Writer.Set(StoreKey(AuditHead), new(sealHead).encode(tx)); err != nil {
			return err
		}
		return tx.Writer.Set(StoreKey("schema"), K(db.schema.Version))
	})
}

// Now returns the moment by the clock that the store was opened with.
func (db *DB) Now() time.Time { return db.now() }

// Log returns the logger that the store was opened with.
func (db *DB) Log() *slog.Logger { return db.log }

// Vault returns what seals and opens secrets.
func (db *DB) Vault() *authz.Vault { return db.vault }

// Close seals the audits that wait for it, gives unused ids back and closes the engine. What could not be sealed is logged:
// the next run of a server seals it.
func (db *DB) Close(ctx context.Context) error {
	if _, err := db.SealAudits(ctx); err != nil {
		db.log.Warn("seal audits", "error", err)
	}
	return errors.Join(db.returnIDs(), db.engine.Close())
}

// StoreKey is the key of a fact about the store itself.
func StoreKey(name string) []byte { return []byte("!" + name) }

func (db *DB) version(ctx context.Context) (int, error) {
	return View(ctx, db, System("store"), func(tx *Tx) (int, error) {
		b, err := tx.Get(StoreKey("schema"))
		if b == nil || err != nil {
			return 0, err
		}
		version, _, err := CutInt(b)
		return version, err
	})
}

// Ready reports whether the store can be read and written: ErrNoSpace if only read.
func (db *DB) Ready(ctx context.Context) error {
	if _, err := db.version(ctx); err != nil {
		return err
	}
	return db.Room(0)
}
