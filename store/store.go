// Package store holds what muster knows: the nouns of the documents, a file each, families by prefix. What a record, an index
// or an audit is stands in package record; here is which there are, their rules, and who may see them. schema.go is
// the whole database on one screen.
package store

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// SchemaVersion is written into a new store, and into backups. A change of the key layout or of a record's meaning raises it and
// adds a migration.
const SchemaVersion = 4

// DB is an open store. It is safe for concurrent use.
type DB struct {
	*record.DB
	hasher *authz.Hasher

	keys     atomic.Pointer[authz.Checker]
	rotating sync.Mutex
	remember rightsMemory
	rules    *ruleWork
	owed     owed
	turns    turns

	registrations registrationMemory
	sessions      record.RecordCache[Session]
	workgroups    record.RecordCache[Workgroup]

	lockouts     SignInLimits
	unlock       string
	attempts     attemptLimiter
	responseTime responseTime
	refusals     refusals
}

// dbOf returns the DB of a transaction.
func dbOf(tx *Tx) *DB { return tx.DB().Nouns.(*DB) }

// Options are what a DB needs beside its engine.
type Options struct {
	Vault  *authz.Vault     // seals what must be readable again; required
	Hasher *authz.Hasher    // required
	Now    func() time.Time // nil: the clock
	Log    *slog.Logger     // nil: silent

	Lockouts SignInLimits // none: sign-ins may fail as often as they like
	Unlock   string       // the command, without its argument, that lifts a lock; empty: muster admin unlock
	// Room says whether so many bytes may be written beside the store, ErrNoSpace if not. nil: there is always room.
	Room func(bytes int) error
}

// SignInLimits say after how many refused sign-ins an account is locked, and an address.
type SignInLimits struct {
	Accounts, Addresses Limit
	// Loopback counts addresses of this host, too. Where no proxy forwards for others, those are of the users of this host,
	// whom one mistyped name must not lock out together.
	Loopback bool
}

// Open takes over an engine, checks its schema version and, in an empty one, lays down the catalogues that every
// store has and the first administrator. first is only called for an empty store, and what it returns is only
// written there.
func Open(ctx context.Context, engine kv.Engine, o Options, first func() (FirstStart, error)) (*DB, error) {
	db := &DB{
		DB:     record.New(engine, schema(), record.Options{Vault: o.Vault, Now: o.Now, Log: o.Log, Room: o.Room}),
		hasher: o.Hasher, rules: newRuleWork(),
		lockouts: o.Lockouts, unlock: cmp.Or(o.Unlock, "muster admin unlock"), attempts: attemptLimiter{waiters: map[string]*attempts{}}, refusals: refusals{kinds: map[refusalKind]*repeats{}},
	}
	db.Nouns = db
	err := db.DB.Open(ctx, func(ctx context.Context) (func(*Tx) error, error) {
		facts, err := first()
		if err != nil {
			return nil, err
		}
		return seed(ctx, o.Hasher, facts)
	})
	if err != nil {
		return nil, err
	}
	if err := db.loadKeys(ctx); err != nil {
		return nil, err
	}
	return db, Change(ctx, db, System("store"), requeueRules)
}

// Keys returns the keys that sign and check this store's tokens, as they are now.
func (db *DB) Keys() authz.Keys { return db.keys.Load().Keys }

// ParseToken is Keys().Parse at the moment of the clock, and remembers which signatures were right. The claims are shared: nobody
// may change them.
func (db *DB) ParseToken(token, audience string) (*authz.Claims, error) {
	return db.keys.Load().Parse(token, audience)
}

// Hasher returns what hashes and checks passwords, its limit shared by the whole process.
func (db *DB) Hasher() *authz.Hasher { return db.hasher }

// Close writes the refusals that are not told yet and what the disk had no room for, seals the audits that wait for it, gives
// unused ids back and closes the engine. What could not be written or sealed is logged.
func (db *DB) Close() error {
	last, cancel := context.WithTimeout(context.Background(), lastMoment)
	defer cancel()
	if err := PayOwed(last, db); err != nil {
		db.Log().Error("write what the disk had no room for", "error", err)
	}
	if err := FlushRefusals(last, db, true); err != nil {
		db.Log().Error("refusals that repeated are not in the audit", "error", err)
	}
	return db.DB.Close(last)
}
