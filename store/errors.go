package store

import (
	"errors"
	"fmt"

	"github.com/musterhq/muster/store/kv"
)

// ErrNoSpace is for a change that the disk has no room for. It goes by itself when there is room.
var ErrNoSpace = kv.ErrNoSpace

// What can be wrong with a call. Every error of this package that a caller can cause wraps one of these, with the
// words of what was asked for in front: "Asset 17 not found".
var (
	ErrInvalid  = errors.New("invalid")                // a member breaks a rule; the text names the member and its limit
	ErrNotFound = errors.New("not found")              // absent, or not for this caller to see
	ErrExists   = errors.New("already exists")         // a unique name is taken
	ErrBusy     = errors.New("busy")                   // the thing is in a state that forbids the change for now
	ErrDenied   = errors.New("is required")            // an access level on the object is missing
	ErrSignIn   = errors.New("User not authenticated") // authz.ReasonOf has the reason, for logs and audits only
	ErrDamaged  = errors.New("the store is damaged")

	// ErrRefused is the ErrSignIn of a sign-in that was refused, in contrast to a session that has ended.
	ErrRefused = because(ErrSignIn, "%s", ErrSignIn)

	// ErrInDirectory is the ErrInvalid of what only the directory may do that a user group comes from.
	ErrInDirectory = fmt.Errorf("%w: a directory decides it", ErrInvalid)
)

// Duplicate is the ErrExists of a record whose unique member another one has.
type Duplicate struct {
	Record string // as Collection.Name says it
	Member string // which it is: "name"
}

func (d *Duplicate) Error() string {
	return fmt.Sprintf("%s %s by that %s already exists", article(d.Record), d.Record, d.Member)
}

func (d *Duplicate) Unwrap() error { return ErrExists }

// Invalid returns an ErrInvalid whose text is exactly the given one.
func Invalid(format string, args ...any) error { return because(ErrInvalid, format, args...) }

// Busy returns an ErrBusy whose text is exactly the given one.
func Busy(format string, args ...any) error { return because(ErrBusy, format, args...) }

// Denied returns an ErrDenied whose text is exactly the given one.
func Denied(text string) error { return because(ErrDenied, "%s", text) }

// absent returns the ErrNotFound for a record by id or name, the same whether it does not exist or may not be seen.
func absent(what string, asked any) error {
	if name, ok := asked.(string); ok {
		return because(ErrNotFound, "%s %q not found", what, name)
	}
	return because(ErrNotFound, "%s %v not found", what, asked)
}

// because returns an error that reads as the text alone and is kind to errors.Is.
func because(kind error, format string, args ...any) error {
	return &reason{kind: kind, text: fmt.Sprintf(format, args...)}
}

type reason struct {
	kind error
	text string
}

func (r *reason) Error() string { return r.text }
func (r *reason) Unwrap() error { return r.kind }
