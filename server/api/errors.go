package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/kv"
)

// What is wrong with a request before a handler sees it.
var (
	ErrTooLarge  = errors.New("the body is too large")
	ErrMediaType = errors.New("the body must be JSON or a form")
	// ErrSlow is for a body that takes too long.
	ErrSlow = errors.New("too slow")
	// ErrTooLong and ErrBeyond are for a page that may not be that long, and for one that there is not.
	ErrTooLong = errors.New("too many for one page")
	ErrBeyond  = errors.New("there is no such page")
	// ErrTooMany is for a request beyond those that a caller has in some time.
	ErrTooMany = errors.New("too many requests")
	// ErrOccupied is for what cannot be taken in as long as so much is under way.
	ErrOccupied = errors.New("too much is under way; try again later")
	// ErrUnavailable is for what works again by itself; the answer has Retry-After.
	ErrUnavailable = errors.New("try again later")
)

// mediaType is the error of a body that is none of what its row takes.
type mediaType string

// WrongMediaType is an ErrMediaType of a row that takes another body than most.
func WrongMediaType(takes string) error { return mediaType(takes) }

func (m mediaType) Error() string { return "the body must be " + string(m) }

func (m mediaType) Is(target error) bool { return target == ErrMediaType }

// statuses is the one table of errors. The first that an error wraps decides.
var statuses = []struct {
	is     error
	status int
}{
	{store.ErrSignIn, http.StatusUnauthorized},
	{authz.ErrToken, http.StatusUnauthorized},
	{authz.ErrCredential, http.StatusUnauthorized},
	{store.ErrDenied, http.StatusForbidden},
	{ErrCrossSite, http.StatusForbidden},
	{store.ErrNotFound, http.StatusNotFound},
	{store.ErrExists, http.StatusConflict},
	{store.ErrBusy, http.StatusConflict},
	{ErrTooLarge, http.StatusRequestEntityTooLarge},
	{ErrSlow, http.StatusRequestTimeout},
	{ErrTooLong, http.StatusNotAcceptable},
	{ErrBeyond, http.StatusRequestEntityTooLarge},
	{ErrTooMany, http.StatusTooManyRequests},
	{kv.ErrTooLarge, http.StatusRequestEntityTooLarge},
	{ErrMediaType, http.StatusUnsupportedMediaType},
	{store.ErrInvalid, http.StatusBadRequest},
	{authz.ErrPassword, http.StatusBadRequest},
	{authz.ErrTooMany, http.StatusServiceUnavailable},
	{kv.ErrBusy, http.StatusServiceUnavailable},
	{kv.ErrNoSpace, http.StatusServiceUnavailable},
	{ErrOccupied, http.StatusServiceUnavailable},
	{ErrUnavailable, http.StatusServiceUnavailable},
	{kv.ErrClosed, http.StatusServiceUnavailable},
	{context.Canceled, http.StatusServiceUnavailable},
	{context.DeadlineExceeded, http.StatusServiceUnavailable},
}

// StatusOf returns the status that an error means; 500 for one that a caller cannot cause.
func StatusOf(err error) int {
	for _, s := range statuses {
		if errors.Is(err, s.is) {
			return s.status
		}
	}
	return http.StatusInternalServerError
}

// Public returns what a caller may read of an error: all of it, unless it is the server's own fault or would tell a
// stranger what exactly was wrong with their sign-in.
func Public(status int, err error, requestID string) error {
	switch {
	case status == http.StatusUnauthorized:
		return store.ErrSignIn
	case status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable:
		return fmt.Errorf("internal error; the log has it under request %s", requestID)
	}
	return err
}
