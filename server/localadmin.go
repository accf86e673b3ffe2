package server

import (
	"net/http"

	"github.com/musterhq/muster/store"
)

// LocalAdminPath is where the local door does what administrators of the host may.
const LocalAdminPath = "/muster/admin"

// LocalAdmin asks the local door to do something, and is its answer.
type LocalAdmin struct {
	User  string `json:",omitempty"` // a user's name; for Unlock also a ClientID or an address
	Do    LocalAct
	Error string `json:",omitempty"`
}

// LocalAct is what is done.
type LocalAct string

// What can be done: to a user but for the last, which is for all.
const (
	Release    LocalAct = "release"     // lift his quarantine
	Activate   LocalAct = "activate"    // let him sign in again
	Deactivate LocalAct = "deactivate"  // and no longer
	Unlock     LocalAct = "unlock"      // forget his failed sign-ins, or those from an address
	RotateKeys LocalAct = "rotate-keys" // sign tokens with another key
)

func (s *Server) administer(w http.ResponseWriter, r *http.Request) {
	var ask LocalAdmin
	s.answerLocally(w, r, &ask, &ask.Error, func() error {
		by := store.System("host")
		if ask.Do == RotateKeys {
			return store.RotateKeys(r.Context(), s.DB, by)
		}
		return store.Change(r.Context(), s.DB, by, func(tx *store.Tx) error {
			if ask.Do == Unlock {
				return store.Unlock(tx, ask.User)
			}
			return changeUser(tx, ask)
		})
	})
}

func changeUser(tx *store.Tx, ask LocalAdmin) error {
	u, err := store.UserByName(tx, ask.User)
	if err != nil {
		return err
	}
	switch ask.Do {
	case Release:
		u.IsQuarantined = false
	case Activate, Deactivate:
		u.IsActive = ask.Do == Activate
	default:
		return store.Invalid("%q cannot be done to a user", ask.Do)
	}
	return store.Users.Put(tx, u)
}
