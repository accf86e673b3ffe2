package store

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// attempt is one sign-in, from its limits to its audit row.
type attempt struct {
	db     *DB
	by     Actor
	name   string // what was given for a name
	method string
	began  time.Time // by the clock of the machine
	hashed bool      // a password was compared
}

func (db *DB) newAttempt(by Actor, name, method string) *attempt {
	return &attempt{db: db, by: by, name: name, method: method, began: time.Now()}
}

// run lets the check of a secret happen unless the account or the address is locked, and keeps count of what comes of it. It
// returns ErrRefused for a refusal, which is what check returns for one, when it has taken as long as any other.
func (t *attempt) run(ctx context.Context, account string, check func() error) error {
	err := t.admit(ctx, account, check)
	switch {
	case !errors.Is(err, ErrRefused):
	case t.hashed:
		t.db.responseTime.note(time.Since(t.began))
	default:
		t.db.responseTime.await(ctx, t.db.hasher, t.began)
	}
	return err
}

func (t *attempt) admit(ctx context.Context, account string, check func() error) error {
	keys := t.counted(account)
	for _, key := range keys {
		entered, err := t.db.attempts.enter(ctx, key, func() (int, error) { return t.db.failuresLeft(ctx, key) })
		if err != nil {
			return err
		}
		if !entered {
			return t.refuse(ctx, nil, lockedReason(key))
		}
		defer t.db.attempts.leave(key)
	}
	switch err := check(); {
	case errors.Is(err, ErrRefused):
		return t.refuse(ctx, keys, authz.ReasonOf(err))
	case err != nil:
		return err
	}
	return t.succeed(ctx, account)
}

func lockedReason(key string) authz.Reason {
	if strings.HasPrefix(key, addressPrefix) {
		return authz.LockedAddress
	}
	return authz.LockedAccount
}

// counted are the keys that a failure counts against: those of the account and of the address, as far as they have a limit.
func (t *attempt) counted(account string) (keys []string) {
	address := addressKey(t.by.IPAddress)
	if isLoopback(t.by.IPAddress) && !t.db.lockouts.Loopback {
		address = ""
	}
	for _, key := range []string{account, address} {
		if !t.db.limitOf(key).off() {
			keys = append(keys, key)
		}
	}
	return keys
}

// succeed forgives an account what was held against it, if anything was.
func (t *attempt) succeed(ctx context.Context, account string) error {
	if t.db.limitOf(account).off() {
		return nil
	}
	held, err := View(ctx, t.db, t.by, func(tx *Tx) (bool, error) { return Lockouts.Has(tx, account) })
	if err != nil || !held {
		return err
	}
	return record.Ignore(ErrNoSpace, Change(ctx, t.db, t.by, func(tx *Tx) error { return forgive(tx, account) }))
}

// refuse counts a failure against the keys, notes the refusal for the audit, and returns ErrRefused with the reason. The name
// that is noted is the one that was asked for.
func (t *attempt) refuse(ctx context.Context, keys []string, reason authz.Reason) error {
	refused := authz.Refuse(ErrRefused, reason)
	by := t.by
	by.UserName = record.AuditText(t.name)
	r := Refusal{
		Section: record.SectionAuthentication, Reason: t.method + " " + string(reason),
		Details: []UserAuditDetail{record.Detail("Method", "", t.method), record.Detail("Reason", "", reason)},
		Weak:    IsWeak(reason),
	}
	prompt := t.db.refusals.note(t.db.Now(), by, r)
	if !prompt && len(keys) == 0 {
		return refused
	}
	var locked []*Lockout
	do := func(tx *Tx) (err error) {
		locked = nil
		if prompt {
			err = r.audit(tx)
		}
		for _, key := range keys {
			if err != nil {
				return err
			}
			var l *Lockout
			if l, err = countFailure(tx, key); l != nil {
				locked = append(locked, l)
			}
		}
		return err
	}
	err := Change(context.WithoutCancel(ctx), t.db, by, do)
	if err == nil {
		for _, l := range locked {
			t.db.warnOf(l)
		}
		return refused
	}
	if err = t.db.owe(err, owedAct{by: by, failures: keys, do: do}); err == nil {
		err = t.warnOfOwed(ctx, keys)
	}
	return cmp.Or(err, refused)
}

// warnOfOwed warns of the locks that failures made which are not written yet.
func (t *attempt) warnOfOwed(ctx context.Context, keys []string) error {
	for _, key := range keys {
		n, err := t.db.failuresLeft(context.WithoutCancel(ctx), key)
		if err != nil {
			return err
		}
		if n == 0 {
			t.db.warnOf(&Lockout{Of: key, Until: record.At(t.db.Now()).Add(t.db.limitOf(key).Time)})
		}
	}
	return nil
}
