package store

import (
	"errors"
	"fmt"

	"github.com/musterhq/muster/store/record"
)

// What can be wrong with a call. Every error of this package that a caller can cause wraps one of these, with the
// words of what was asked for in front: "Asset 17 not found".
var (
	ErrInvalid  = record.ErrInvalid
	ErrNotFound = record.ErrNotFound
	ErrExists   = record.ErrExists
	ErrBusy     = record.ErrBusy
	ErrDamaged  = record.ErrDamaged
	ErrNoSpace  = record.ErrNoSpace

	ErrDenied = errors.New("is required")            // an access level on the object is missing
	ErrSignIn = errors.New("User not authenticated") // authz.ReasonOf has the reason, for logs and audits only

	// ErrRefused is the ErrSignIn of a sign-in that was refused, in contrast to a session that has ended.
	ErrRefused = record.Error(ErrSignIn, "%s", ErrSignIn)

	// ErrInDirectory is the ErrInvalid of what only the directory may do that a user group comes from.
	ErrInDirectory = fmt.Errorf("%w: a directory decides it", ErrInvalid)
)

// Invalid returns an ErrInvalid whose text is exactly the given one.
func Invalid(format string, args ...any) error { return record.Invalid(format, args...) }

// Denied returns an ErrDenied whose text is exactly the given one.
func Denied(text string) error { return record.Error(ErrDenied, "%s", text) }
