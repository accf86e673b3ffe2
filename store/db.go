// Package store holds what muster knows: records in collections with declared indexes, links between them, and
// the audit of every change, over an ordered key-value engine. schema.go is the whole database on one screen;
// collection.go is the only place where a record, its index entries and its audit rows change.
package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/kv"
)

// SchemaVersion is written into a new store, and into backups. A change of the key layout or of a record's meaning raises it and
// adds a migration.
const SchemaVersion = 3

// DB is an open store. It is safe for concurrent use.
type DB struct {
	engine kv.Engine
	vault  *authz.Vault
	hasher *authz.Hasher
	now    func() time.Time
	log    *slog.Logger
	room   func(bytes int) error

	mu        sync.Mutex
	sequences map[string]*sequence
	keys      atomic.Pointer[authz.Checker]
	rotating  sync.Mutex
	remember  rightsMemory
	rules     *ruleWork
	sweeps    bell // there are records to clear up after
	owed      owed
	turns     turns

	registrations registrationMemory
	sessions      decodedMemory[Session]
	workgroups    decodedMemory[Workgroup]

	lockouts SignInLimits
	unlock   string
	gate     gate
	pace     pace
	refusals refusals
}

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
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	db := &DB{
		engine: engine, vault: o.Vault, hasher: o.Hasher, now: o.Now, log: o.Log, room: o.Room, sequences: map[string]*sequence{}, rules: newRuleWork(), sweeps: make(bell, 1),
		lockouts: o.Lockouts, unlock: cmp.Or(o.Unlock, "muster admin unlock"), gate: gate{lines: map[string]*line{}}, refusals: refusals{kinds: map[refusalKind]*repeats{}},
	}
	version, err := db.version(ctx)
	switch {
	case err != nil:
		return nil, err
	case version > SchemaVersion:
		return nil, newer(version)
	case version == 0:
		facts, err := first()
		if err != nil {
			return nil, err
		}
		if err := db.seed(ctx, facts); err != nil {
			return nil, fmt.Errorf("seed the store: %w", err)
		}
	case version < SchemaVersion:
		if err := db.migrate(ctx, version); err != nil {
			return nil, err
		}
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

// Now returns the moment by the clock that the store was opened with.
func (db *DB) Now() time.Time { return db.now() }

// Log returns the logger that the store was opened with.
func (db *DB) Log() *slog.Logger { return db.log }

// Hasher returns what hashes and checks passwords, its limit shared by the whole process.
func (db *DB) Hasher() *authz.Hasher { return db.hasher }

// Close writes the refusals that are not told yet, seals the audits that wait for it, gives unused ids back and closes the
// engine. What could not be written or sealed is logged: audits are sealed by the next run of a server.
func (db *DB) Close() error {
	last, cancel := context.WithTimeout(context.Background(), lastMoment)
	defer cancel()
	if err := PayOwed(last, db); err != nil {
		db.log.Error("write what the disk had no room for", "error", err)
	}
	if err := TellRefusals(last, db, true); err != nil {
		db.log.Error("refusals that repeated are not in the audit", "error", err)
	}
	if _, err := SealAudits(last, db); err != nil {
		db.log.Warn("seal audits", "error", err)
	}
	return errors.Join(db.returnIDs(), db.engine.Close())
}

// Tx is one transaction: one moment, one actor, one snapshot.
type Tx struct {
	Now Time  // the moment of the transaction, in milliseconds
	By  Actor // who acts

	ctx   context.Context
	db    *DB
	r     kv.Reader
	w     kv.Txn
	after *[]func() // done once the transaction is committed; nil within View
	quiet bool      // an act that writes its own audit row encloses what happens

	organizations map[string]bool // memory of Sees
	rehearsed     map[string]int  // the next id of each tag in a rehearsal; nil in earnest
}

// Actor is who a transaction acts for: what audits say, and what visibility is decided by.
type Actor struct {
	UserID       int // 0: muster itself
	UserName     string
	IPAddress    string   // whence he comes: as the connection says, or a trusted proxy
	Proxy        string   // the trusted proxy that says so; empty: none
	Door         string   // the API by which he came
	Registration string   // the name of the API registration that let him in
	Admin        bool     // a member of Administrators
	System       bool     // muster itself, which sees everything
	Unbound      bool     // may give rights that he lacks, and change who has more than he
	Groups       []int    // his active groups
	Session      *Session // by which he is signed in; without an ID if it is not stored; nil for muster itself
	SignsOut     string   // the id of the session that a sign-out ends: that of the cookie, wherever one came; empty: none
}

// System is muster itself, acting for nobody.
func System(door string) Actor {
	return Actor{UserName: "muster", Door: door, Admin: true, System: true}
}

// View runs fn in a transaction that only reads.
func View[R any](ctx context.Context, db *DB, by Actor, fn func(*Tx) (R, error)) (R, error) {
	var result R
	err := db.engine.View(ctx, func(r kv.Reader) (err error) {
		result, err = fn(&Tx{Now: At(db.now()), By: by, ctx: ctx, db: db, r: r, w: readOnly{r}})
		return err
	})
	return result, err
}

// readOnly is what a transaction writes to that only reads.
type readOnly struct{ kv.Reader }

var errReadOnly = errors.New("a write within a reading transaction")

func (readOnly) Set(_, _ []byte) error   { return errReadOnly }
func (readOnly) Delete([]byte) error     { return errReadOnly }
func (readOnly) Add([]byte, int64) error { return errReadOnly }

// Update runs fn in a transaction and commits it durably. fn may run several times and so touches nothing but its
// Tx; on any error nothing is written. It returns ErrNoSpace while the disk is too full, unless the context is Patient.
func Update[R any](ctx context.Context, db *DB, by Actor, fn func(*Tx) (R, error)) (R, error) {
	for {
		result, err := transact(ctx, db, by, fn)
		if !errors.Is(err, ErrNoSpace) || !isPatient(ctx) {
			return result, err
		}
		if err := waitForSpace(ctx); err != nil {
			return result, err
		}
	}
}

func transact[R any](ctx context.Context, db *DB, by Actor, fn func(*Tx) (R, error)) (R, error) {
	var result R
	var after []func()
	err := db.engine.Update(ctx, func(w kv.Txn) (err error) {
		after = nil
		result, err = fn(&Tx{Now: At(db.now()), By: by, ctx: ctx, db: db, r: w, w: w, after: &after})
		return err
	})
	if err != nil {
		var none R
		return none, err
	}
	for _, do := range after {
		do()
	}
	return result, nil
}

// Change is Update for a function without a result.
func Change(ctx context.Context, db *DB, by Actor, fn func(*Tx) error) error {
	_, err := Update(ctx, db, by, func(tx *Tx) (struct{}, error) { return struct{}{}, fn(tx) })
	return err
}

// Pairs yields all that the store holds, in the order of the keys and as one snapshot: for backups.
func Pairs(tx *Tx) iter.Seq2[kv.Pair, error] { return tx.r.Scan(kv.Range{}) }

// committed does something once the transaction is committed, for what lies in memory.
func (tx *Tx) committed(do func()) {
	if tx.after != nil {
		*tx.after = append(*tx.after, do)
	}
}

// Context returns the context that the transaction was opened with.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Vault returns what seals and opens secrets.
func (tx *Tx) Vault() *authz.Vault { return tx.db.vault }

// Unaudited returns tx without the rows that Collection.write leaves: for the records of an act that
// writes a row of its own with Audit, and for what is no act at all (progress, sessions).
func (tx *Tx) Unaudited() *Tx {
	quiet := *tx
	quiet.quiet = true
	return &quiet
}

// As returns tx for another actor.
func (tx *Tx) As(by Actor) *Tx {
	as := *tx
	as.By, as.organizations = by, nil
	return &as
}

// get reads one key; nil means absent.
func (tx *Tx) get(key []byte) ([]byte, error) {
	values, err := tx.r.Get(key)
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

// storeKey is the key of a fact about the store itself.
func storeKey(name string) []byte { return []byte("!" + name) }

func (db *DB) version(ctx context.Context) (int, error) {
	return View(ctx, db, System("store"), func(tx *Tx) (int, error) {
		b, err := tx.get(storeKey("schema"))
		if b == nil || err != nil {
			return 0, err
		}
		version, _, err := cutInt(b)
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
