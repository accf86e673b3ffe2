package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/musterhq/muster/store/record"
)

// owed is what counts although the disk had no room for it: that somebody signed in or out, or failed to. It is written, with
// the date that it had, as soon as there is room. A crash loses it, as it does with all that was not answered yet.
type owed struct {
	mu   sync.Mutex
	acts []owedAct
	seen map[string]Time // when sessions were last used, by their ids
}

type owedAct struct {
	by       Actor
	at       Time
	failures []string // the keys that a refused sign-in counts against
	session  string   // that is ended
	do       func(*Tx) error
}

// maxOwed bounds what is kept in memory. Beyond it requests are refused as before.
const maxOwed = 10_000

// owe takes an act in if failed is ErrNoSpace, and returns nil for it; any other error is returned as it is.
func (db *DB) owe(failed error, a owedAct) error {
	if !errors.Is(failed, ErrNoSpace) {
		return failed
	}
	db.owed.mu.Lock()
	defer db.owed.mu.Unlock()
	if len(db.owed.acts) >= maxOwed {
		return failed
	}
	a.at = record.At(db.Now())
	db.owed.acts = append(db.owed.acts, a)
	return nil
}

// failuresOwed returns how many failures of a key are not written yet and still count.
func (db *DB) failuresOwed(key string, now Time) (n int) {
	db.owed.mu.Lock()
	defer db.owed.mu.Unlock()
	for _, a := range db.owed.acts {
		if slices.Contains(a.failures, key) && now.Sub(a.at) < db.limitOf(key).Time {
			n++
		}
	}
	return n
}

// follow takes dates back to now that a clock chose which was set back since.
func (o *owed) follow(now Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.acts {
		if a := &o.acts[i]; now.Before(a.at) {
			a.at = now
		}
	}
	for id, seen := range o.seen {
		if now.Before(seen) {
			o.seen[id] = now
		}
	}
}

// isEnded reports whether a session was ended although the store still has it.
func (db *DB) isEnded(sessionID string) bool {
	db.owed.mu.Lock()
	defer db.owed.mu.Unlock()
	return slices.ContainsFunc(db.owed.acts, func(a owedAct) bool { return a.session == sessionID })
}

// wasSeen keeps in memory when a session was used.
func (db *DB) wasSeen(sessionID string) {
	db.owed.mu.Lock()
	defer db.owed.mu.Unlock()
	if db.owed.seen == nil || len(db.owed.seen) >= maxOwed {
		db.owed.seen = map[string]Time{}
	}
	db.owed.seen[sessionID] = record.At(db.Now())
}

// lastSeen returns when a session was last used, by the store or, if that is later, by memory.
func (db *DB) lastSeen(s *Session) Time {
	db.owed.mu.Lock()
	defer db.owed.mu.Unlock()
	if seen, ok := db.owed.seen[s.ID]; ok && s.LastSeen.Before(seen) {
		return seen
	}
	return s.LastSeen
}

// payments is how many acts are written in a transaction.
const payments = 50

// PayOwed writes what the disk had no room for. While there still is none it returns nil: that is known.
func PayOwed(ctx context.Context, db *DB) error {
	for {
		db.owed.mu.Lock()
		some := slices.Clone(db.owed.acts[:min(payments, len(db.owed.acts))])
		db.owed.mu.Unlock()
		if len(some) == 0 {
			return nil
		}
		err := Change(record.Impatient(ctx), db, System("store"), func(tx *Tx) error {
			for _, a := range some {
				as := *tx
				as.By, as.Now = a.by, a.at
				if err := a.do(&as); err != nil {
					return err
				}
			}
			return nil
		})
		switch {
		case errors.Is(err, ErrNoSpace), ctx.Err() != nil:
			return nil
		case err != nil:
			err = fmt.Errorf("%d sign-ins and sign-outs of a time when the disk was full are lost: %w", len(some), err)
		}
		db.owed.mu.Lock() // only now: until here it is memory that counts
		db.owed.acts = slices.Delete(db.owed.acts, 0, len(some))
		db.owed.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

// NoteLogin records a sign-in that has no session. A full disk keeps nobody out who can be checked: then the sign-in is
// recorded later, or not at all if too much is owed already.
func NoteLogin(ctx context.Context, db *DB, by Actor, in *SignedIn) error {
	err := Change(ctx, db, by, func(tx *Tx) error { return RecordLogin(tx, in) })
	return record.Ignore(ErrNoSpace, db.owe(err, owedAct{by: by, do: func(tx *Tx) error {
		if known, err := Users.Has(tx, in.Rights.User.UserID); err != nil || !known {
			return err // deleted since
		}
		return RecordLogin(tx, in)
	}}))
}

// SignOutLater ends the actor's session at once although failed, why SignOut could not be committed, is ErrNoSpace. Any other error is
// returned.
func SignOutLater(db *DB, by Actor, failed error) error {
	if by.SignsOut == "" {
		return failed
	}
	return db.owe(failed, owedAct{by: by, session: by.SignsOut, do: SignOut})
}
