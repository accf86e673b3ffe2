package store

import (
	"context"
	"time"
)

// try is one sign-in on its way through the gate.
type try struct {
	db     *DB
	by     Actor
	name   string // what was given for a name
	method string
	began  time.Time // by the clock of the machine
	hashed bool      // a password was compared
}

func (db *DB) try(by Actor, name, method string) *try {
	return &try{db: db, by: by, name: name, method: method, began: time.Now()}
}

// pass lets the check of a secret happen unless the account or the address is locked, and keeps count of what comes of it. It
// returns ErrSignIn for a refusal, whatever its reason, when it has taken as long as any other.
func (t *try) pass(ctx context.Context, account string, check func() (bool, error)) error {
	err := t.gated(ctx, account, check)
	switch {
	case err != ErrSignIn:
	case t.hashed:
		t.db.pace.note(time.Since(t.began))
	default:
		t.db.pace.await(ctx, t.db.hasher, t.began)
	}
	return err
}

func (t *try) gated(ctx context.Context, account string, check func() (bool, error)) error {
	keys := t.counted(account)
	for _, key := range keys {
		entered, err := t.db.gate.enter(ctx, key, func() (int, error) { return t.db.failuresLeft(ctx, key) })
		if err != nil {
			return err
		}
		if !entered {
			return t.refuse(ctx, nil, "locked")
		}
		defer t.db.gate.leave(key)
	}
	switch right, err := check(); {
	case err != nil:
		return err
	case !right:
		return t.refuse(ctx, keys, "")
	}
	return t.succeed(ctx, account)
}

// counted are the keys that a failure counts against: those of the account and of the address, as far as they have a limit.
func (t *try) counted(account string) (keys []string) {
	for _, key := range []string{account, addressKey(t.by.IPAddress)} {
		if !t.db.limitOf(key).off() {
			keys = append(keys, key)
		}
	}
	return keys
}

// succeed forgives an account what was held against it, if anything was.
func (t *try) succeed(ctx context.Context, account string) error {
	if t.db.limitOf(account).off() {
		return nil
	}
	held, err := View(ctx, t.db, t.by, func(tx *Tx) (bool, error) { return Lockouts.Has(tx, account) })
	if err != nil || !held {
		return err
	}
	return unless(ErrNoSpace, Change(ctx, t.db, t.by, func(tx *Tx) error { return forgive(tx, account) }))
}

// refuse counts a failure against the keys, notes the refusal for the audit, and returns ErrSignIn. The name that is noted is what
// was asked for, not whether there is such a user.
func (t *try) refuse(ctx context.Context, keys []string, why string) error {
	by := t.by
	by.UserName = text(t.name)
	r := Refusal{Section: SectionAuthentication, Reason: t.method + why, Details: []UserAuditDetail{Detail("Method", "", t.method)}}
	if why != "" {
		r.Details = append(r.Details, Detail("Reason", "", why))
	}
	prompt := t.db.refusals.note(t.db.Now(), by, r)
	if !prompt && len(keys) == 0 {
		return ErrSignIn
	}
	do := func(tx *Tx) error {
		if prompt {
			if err := r.audit(tx); err != nil {
				return err
			}
		}
		for _, key := range keys {
			if err := countFailure(tx, key); err != nil {
				return err
			}
		}
		return nil
	}
	err := Change(context.WithoutCancel(ctx), t.db, by, do)
	return orElse(t.db.owe(err, owedAct{by: by, failures: keys, do: do}), ErrSignIn)
}
