package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// The local door is a unix socket that only the owner of the store can open. Besides everything that the others
// serve, it makes tokens without a secret.

// LocalTokenPath is where the local door makes tokens.
const LocalTokenPath = "/muster/token"

// LocalToken asks the local door for a token, and is its answer.
type LocalToken struct {
	User  string
	Hours int    `json:",omitempty"` // how long it lives; 0: one
	Token string `json:",omitempty"`
	Error string `json:",omitempty"`
}

// maxTokenHours is the longest life of a token made on the host.
const maxTokenHours = 24

func (s *Server) localHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", s.handler)
	mux.HandleFunc("POST "+LocalTokenPath, s.makeToken)
	return mux
}

func (s *Server) makeToken(w http.ResponseWriter, r *http.Request) {
	var ask LocalToken
	status := http.StatusOK
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, s.BodyLimit)).Decode(&ask)
	if err == nil {
		ask.Token, err = s.tokenFor(r, ask)
	}
	if err != nil {
		ask.Error, status = err.Error(), http.StatusBadRequest
		if !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrDenied) && !errors.Is(err, store.ErrInvalid) {
			s.Log.Error("make a token", "error", err)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(ask)
}

func (s *Server) tokenFor(r *http.Request, ask LocalToken) (string, error) {
	if ask.Hours < 0 || ask.Hours > maxTokenHours {
		return "", store.Invalid("a token lives 1 to %d hours", maxTokenHours)
	}
	lifetime := time.Duration(max(ask.Hours, 1)) * time.Hour
	return store.Update(r.Context(), s.DB, store.Actor{Door: "host"}, func(tx *store.Tx) (string, error) {
		in, err := store.OnHost(tx, ask.User)
		if err != nil {
			return "", err
		}
		if err := store.RecordLogin(tx, in); err != nil {
			return "", err
		}
		token, _, err := store.NewSession(tx, in, insight.Name, lifetime, 0)
		return token, err
	})
}
