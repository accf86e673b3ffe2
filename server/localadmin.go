package server

import (
	"net/http"

	"github.com/musterhq/muster/store"
)

// LocalAdminPath is where the local door does what administrators of the host may.
const LocalAdminPath = "/muster/admin"

// LocalAdmin asks the local door to do something, and is its answer.
type LocalAdmin struct {
	User    string `json:",omitempty"` // a user's name; for Unlock also a ClientID or an address
	Do      LocalAct
	Changed bool   `json:",omitempty"` // in the answer; false: it was so before
	Error   string `json:",omitempty"`
}

// LocalAct is what is done.
type LocalAct string

// What can be done: to a user but for the last, which is for all.
const (
	Release    LocalAct = "release"     // lift the quarantine of a user
	Activate   LocalAct = "activate"    // let a user sign in again
	Deactivate LocalAct = "deactivate"  // and no longer
	Unlock     LocalAct = "unlock"      // forget failed sign-ins of a user, or those from an address
	RotateKeys LocalAct = "rotate-keys" // sign tokens with another key
)

func (s *Server) administer(w http.ResponseWriter, r *http.Request) {
	var ask LocalAdmin
	s.answerLocally(w, r, &ask, &ask.Error, func() (err error) {
		by := store.System("host")
		if ask.Do == RotateKeys {
			ask.Changed = true
			return store.RotateKeys(r.Context(), s.DB, by)
		}
		ask.Changed, err = store.Update(r.Context(), s.DB, by, func(tx *store.Tx) (bool, error) {
			if ask.Do == Unlock {
				return true, store.Unlock(tx, ask.User)
			}
			return changeUser(tx, ask)
		})
		return err
	})
}

// changeUser reports whether the user was not so before.
func changeUser(tx *store.Tx, ask LocalAdmin) (changed bool, err error) {
	u, err := store.UserByName(tx, ask.User)
	if err != nil {
		return false, err
	}
	before := *u
	switch ask.Do {
	case Release:
		u.IsQuarantined = false
	case Activate, Deactivate:
		u.IsActive = ask.Do == Activate
	default:
		return false, store.Invalid("%q cannot be done to a user", ask.Do)
	}
	return *u != before, store.Users.Put(tx, u)
}
