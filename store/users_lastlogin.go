package store

import (
	"errors"
)

// LastLogin is when and how a user signed in last.
type LastLogin struct {
	UserID             int
	Date               Time
	AuthenticationType string
}

// LastLoginOf returns when and how a user signed in last, an empty one if they never did.
func LastLoginOf(tx *Tx, userID int) (*LastLogin, error) {
	l, err := LastLogins.Get(tx, userID)
	if errors.Is(err, ErrNotFound) {
		return &LastLogin{UserID: userID}, nil
	}
	return l, err
}
