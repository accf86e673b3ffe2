package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/kv"
)

// Problem is something in a store that does not fit the rest.
type Problem struct {
	What     string // the collection or link, or what else is concerned
	Key      string // as docs/keys.md writes it; empty: no single one
	Wrong    string // what is wrong with it
	Repaired string // what was done about it; empty: nothing
}

// String is the problem as one line.
func (p Problem) String() string {
	s := p.What
	if p.Key != "" {
		s += " " + p.Key
	}
	s += ": " + p.Wrong
	if p.Repaired != "" {
		s += "; " + p.Repaired
	}
	return s
}

// Verified says how much Verify has looked at, and how it found it.
type Verified struct {
	Records, Links, Blocks int // blocks of sealed audits
	Sealed, Unsealed       int // audits
	Problems, Repaired     int // Problems that are left, and those that were repaired

	// Chain is the end of the audits' seals. Whoever keeps it elsewhere can tell that a store was exchanged for an older copy.
	Chain []byte
}

// VerifyOptions say how Verify goes about it.
type VerifyOptions struct {
	Vault         *authz.Vault // required
	RepairIndexes bool         // make index entries, pointers, guards, counts and the way back of links again from records and links

	// Progress is told now and then what is being looked at and how many keys were, some of them twice. nil: nobody asks.
	Progress func(what string, keys int)
}

// checks are all that Verify does. What keeps something that follows neither from one record nor from one link adds a line here.
func checks() []func(*Verification) error {
	return []func(*Verification) error{
		func(v *Verification) error { return v.schema.VerifyFacts(v) },
		(*Verification).strays,
		(*Verification).declared,
		(*Verification).owned,
		(*Verification).linked,
		(*Verification).sealed,
		(*Verification).counts,
	}
}

// Verify looks at every key of a store that nobody else has open, and calls report with each problem, in no particular
// order. It refuses a store of another schema. It returns an error of report's, and one if the store cannot be read or is none. Its memory grows with the number
// of audits by a bit, with that of problems, and with that of queued sweeps, but not with the store.
func Verify(ctx context.Context, engine kv.Engine, schema *Schema, o VerifyOptions, report func(Problem) error) (*Verified, error) {
	db := New(engine, schema, Options{Vault: o.Vault})
	switch version, err := db.version(ctx); {
	case err != nil:
		return nil, err
	case version == 0:
		return nil, errors.New("there is no store")
	case version > schema.Version:
		return nil, schema.newer(version)
	case version < schema.Version:
		return nil, fmt.Errorf("the store is of schema %d: muster serve brings it to %d at its start, and then it can be verified", version, schema.Version)
	}
	v := &Verification{
		repair: o.RepairIndexes, report: report, progress: o.Progress, seed: maphash.MakeSeed(),
		named: map[string]bool{}, totals: map[any]map[string]int{}, schema: schema, owners: schema.Owners(),
	}
	var err error
	for _, check := range checks() {
		if err == nil {
			err = v.run(ctx, db, check)
		}
	}
	if err == nil && v.cut {
		err = Change(ctx, db, System("verify"), schema.Repaired)
	}
	return &v.Verified, errors.Join(err, db.returnIDs())
}

// run runs one check, on a snapshot in which what was repaired before is repaired.
func (v *Verification) run(ctx context.Context, db *DB, check func(*Verification) error) error {
	_, err := View(ctx, db, System("verify"), func(tx *Tx) (struct{}, error) {
		v.tx = tx
		if err := check(v); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, v.flush()
	})
	return err
}

// newer is the refusal of a store that a later version has written.
func (s *Schema) newer(version int) error {
	return fmt.Errorf("the store was written by a newer muster (schema %d, this one knows %d)", version, s.Version)
}

// Verification is one run of Verify.
type Verification struct {
	Verified
	schema   *Schema
	tx       *Tx // of the check that runs
	repair   bool
	report   func(Problem) error
	progress func(what string, keys int)
	at       string // what is being looked at
	keys     int    // that were looked at
	seed     maphash.Seed
	scratch  []byte // of sums

	named map[string]bool            // keys that a problem was reported of, so that none is reported twice
	swept map[SweepKind]map[int]bool // what is queued to be swept; nil until it is asked for
	fixes []kv.Pair                  // what is to be written; a nil value deletes
	cut   bool                       // a link was repaired

	totals   map[any]map[string]int // of each Count, the records by the key that it is kept under; none if some cannot be read
	owners   []Ownership
	orphaned bool // a record may have no owner
}

// Tx returns the transaction in which the check runs.
func (v *Verification) Tx() *Tx { return v.tx }

// Wrong reports a problem that nothing here can repair.
func (v *Verification) Wrong(what string, key []byte, format string, args ...any) error {
	v.Problems++
	p := Problem{What: what, Wrong: fmt.Sprintf(format, args...)}
	if key != nil {
		v.named[string(key)] = true
		p.Key = KeyText(key)
	}
	return v.report(p)
}

// repairable reports a problem that goes away if the key gets a value, or is deleted if the value is nil.
func (v *Verification) repairable(what string, key, value []byte, wrong string) error {
	if !v.repair {
		return v.Wrong(what, key, "%s", wrong)
	}
	v.named[string(key)] = true
	v.Repaired++
	p := Problem{What: what, Key: KeyText(key), Wrong: wrong, Repaired: "deleted"}
	if value != nil {
		p.Repaired = "written anew"
	}
	v.fixes = append(v.fixes, kv.Pair{Key: bytes.Clone(key), Value: bytes.Clone(value)})
	if len(v.fixes) >= kv.MaxWrites {
		if err := v.flush(); err != nil {
			return err
		}
	}
	return v.report(p)
}

// flush writes the repairs that have gathered. The check that found them goes on with its snapshot from before.
func (v *Verification) flush() error {
	fixes := v.fixes
	v.fixes = nil
	if len(fixes) == 0 {
		return nil
	}
	return v.tx.db.engine.Update(v.tx.ctx, func(w kv.Txn) error {
		for _, fix := range fixes {
			var err error
			if fix.Value == nil {
				err = w.Delete(fix.Key)
			} else {
				err = w.Set(fix.Key, fix.Value)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// count counts the keys of a range.
func (v *Verification) count(r kv.Range) (n int, err error) {
	r.KeysOnly = true
	for _, err := range v.tx.Reader.Scan(r) {
		if err != nil {
			return n, err
		}
		v.advance("")
		n++
	}
	return n, nil
}

// declared checks each collection and each link by itself.
func (v *Verification) declared() error {
	for _, d := range v.schema.Declared() {
		if err := d.verify(v); err != nil {
			return err
		}
	}
	return nil
}

// TheStore is what problems of the store's own facts are about.
const TheStore = "the store"

// strays finds keys that belong to nothing. It looks between what keys may begin with, so that it reads no others.
func (v *Verification) strays() error {
	known := v.schema.prefixes()
	for _, d := range v.schema.Declared() {
		known = append(known, d.prefixes()...)
	}
	slices.Sort(known)
	from := []byte{}
	for _, prefix := range append(known, "") {
		between := kv.Range{From: from, To: []byte(prefix), KeysOnly: true}
		for pair, err := range v.tx.Reader.Scan(between) {
			if err != nil {
				return err
			}
			if err := v.Wrong(TheStore, pair.Key, "nothing accounts for the key"); err != nil {
				return err
			}
		}
		from = kv.Prefix([]byte(prefix)).To
	}
	return nil
}
