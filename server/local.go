package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// The local door is a unix socket that only the owner of the store can open. Besides everything that the others
// serve, it makes tokens without a secret, and does what no API can.

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
	mux.HandleFunc("POST "+LocalAdminPath, s.administer)
	mux.HandleFunc("POST "+LocalCredentialsPath, s.credentials)
	mux.HandleFunc("POST "+LocalLoadPath, s.load)
	mux.HandleFunc("POST "+LocalDumpPath, s.dump)
	mux.HandleFunc("POST "+LocalPluginsPath, s.managePlugins)
	mux.HandleFunc("POST "+LocalBackupPath, s.backUp)
	mux.HandleFunc("POST "+LocalSubscriptionsPath, s.subscriptions)
	return mux
}

func (s *Server) makeToken(w http.ResponseWriter, r *http.Request) {
	var ask LocalToken
	s.answerLocally(w, r, &ask, &ask.Error, func() (err error) {
		ask.Token, err = s.tokenFor(r, ask)
		return err
	})
}

// answerLocally reads what is asked, does it, and answers with the same, in which failed says what went wrong.
func (s *Server) answerLocally(w http.ResponseWriter, r *http.Request, ask any, failed *string, do func() error) {
	status := http.StatusOK
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, s.BodyLimit)).Decode(ask)
	if err == nil {
		err = do()
	}
	if err != nil {
		*failed, status = err.Error(), http.StatusBadRequest
		if errors.Is(err, store.ErrNotFound) {
			status = http.StatusNotFound
		}
		if !slices.ContainsFunc(theirFault, func(kind error) bool { return errors.Is(err, kind) }) {
			s.Log.Error("local door", "path", r.URL.Path, "error", err)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(ask)
}

// theirFault are the errors that whoever asks can do something about; any other is worth a line in the log.
var theirFault = []error{store.ErrNotFound, store.ErrDenied, store.ErrInvalid, store.ErrExists, store.ErrBusy}

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

// LocalBackupPath is where the local door answers with a backup, as package store/backup has it.
const LocalBackupPath = "/muster/backup"

// backUp streams a backup. One that fails on the way is cut off, which its reader notices.
func (s *Server) backUp(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // as long as it takes
	if err := s.Backup(r.Context(), w); err != nil {
		s.Log.Error("backup", "error", err)
		panic(http.ErrAbortHandler)
	}
}
