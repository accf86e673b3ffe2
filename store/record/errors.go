package record

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
	ErrInvalid  = errors.New("invalid")        // a member breaks a rule; the text names the member and its limit
	ErrNotFound = errors.New("not found")      // absent, or not for this caller to see
	ErrExists   = errors.New("already exists") // a unique name is taken
	ErrBusy     = errors.New("busy")           // the record is in a state that forbids the change for now
	ErrDamaged  = errors.New("the store is damaged")
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
func Invalid(format string, args ...any) error { return Error(ErrInvalid, format, args...) }

// Busy returns an ErrBusy whose text is exactly the given one.
func Busy(format string, args ...any) error { return Error(ErrBusy, format, args...) }

// NotFound returns the ErrNotFound for a record by id or name, the same whether it does not exist or may not be seen.
func NotFound(what string, asked any) error {
	if name, ok := asked.(string); ok {
		return Error(ErrNotFound, "%s %q not found", what, name)
	}
	return Error(ErrNotFound, "%s %v not found", what, asked)
}

// Error returns an error that reads as the text alone and is kind to errors.Is.
func Error(kind error, format string, args ...any) error {
	return &reason{kind: kind, text: fmt.Sprintf(format, args...)}
}

type reason struct {
	kind error
	text string
}

func (r *reason) Error() string { return r.text }
func (r *reason) Unwrap() error { return r.kind }

// Ignore returns err, or nil if it is of the given kind.
func Ignore(kind, err error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}
