package record

import (
	"context"
	"errors"
	"iter"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/kv"
)

// Tx is one transaction: one moment, one actor, one snapshot.
type Tx struct {
	Now Time  // the moment of the transaction, in milliseconds
	By  Actor // who acts

	ctx    context.Context
	db     *DB
	Reader kv.Reader
	Writer kv.Txn
	after  *[]func() // done once the transaction is committed; nil within View
	quiet  bool      // an act that writes its own audit row encloses what happens

	// Memo is what the nouns remember of the actor for the rest of the transaction.
	Memo any

	rehearsed map[string]int // the next id of each tag in a rehearsal; nil in earnest
}

// Actor is who a transaction acts for: what audits say, and what visibility is decided by.
type Actor struct {
	UserID          int // 0: muster itself
	UserName        string
	IPAddress       string // where they come from: as the connection says, or a trusted proxy
	Proxy           string // the trusted proxy that says so; empty: none
	Door            string // the API by which they came
	Registration    string // the name of the API registration that let them in
	Admin           bool   // a member of Administrators
	System          bool   // muster itself, which sees everything
	AllowEscalation bool   // may give rights that they lack, and change who has more
	Groups          []int  // their active groups
	Session         any    // the *store.Session by which they are signed in, without an ID if it is not stored; nil for muster itself
	SignsOut        string // the id of the session that a sign-out ends: that of the cookie, wherever one came; empty: none
}

// System is muster itself, acting for nobody.
func System(door string) Actor {
	return Actor{UserName: "muster", Door: door, Admin: true, System: true}
}

// View runs fn in a transaction that only reads.
func View[R any](ctx context.Context, db *DB, by Actor, fn func(*Tx) (R, error)) (R, error) {
	var result R
	err := db.engine.View(ctx, func(r kv.Reader) (err error) {
		result, err = fn(&Tx{Now: At(db.now()), By: by, ctx: ctx, db: db, Reader: r, Writer: readOnly{r}})
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
		result, err = fn(&Tx{Now: At(db.now()), By: by, ctx: ctx, db: db, Reader: w, Writer: w, after: &after})
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
func Pairs(tx *Tx) iter.Seq2[kv.Pair, error] { return tx.Reader.Scan(kv.Range{}) }

// OnCommit does something once the transaction is committed, for what lies in memory.
func (tx *Tx) OnCommit(do func()) {
	if tx.after != nil {
		*tx.after = append(*tx.after, do)
	}
}

// DB returns the DB of the transaction.
func (tx *Tx) DB() *DB { return tx.db }

// Context returns the context that the transaction was opened with.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Vault returns what seals and opens secrets.
func (tx *Tx) Vault() *authz.Vault { return tx.db.vault }

// Unaudited returns tx without the rows that Collection.Replace leaves: for the records of an act that
// writes a row of its own with Audit, and for what is no act at all (progress, sessions).
func (tx *Tx) Unaudited() *Tx {
	quiet := *tx
	quiet.quiet = true
	return &quiet
}

// As returns tx for another actor.
func (tx *Tx) As(by Actor) *Tx {
	as := *tx
	as.By, as.Memo = by, nil
	return &as
}

// Get reads one key; nil means absent.
func (tx *Tx) Get(key []byte) ([]byte, error) {
	values, err := tx.Reader.Get(key)
	if err != nil {
		return nil, err
	}
	return values[0], nil
}
