package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/musterhq/muster/lab"
	"github.com/musterhq/muster/store"
)

// The local door loads and dumps lab files at these paths.
const (
	LocalLoadPath = "/muster/load"
	LocalDumpPath = "/muster/dump"
)

// LocalLoad asks the local door to load a lab file, and is its answer.
type LocalLoad struct {
	Name    string       `json:",omitempty"` // for errors
	Text    string       `json:",omitempty"`
	Given   []GivenValue `json:",omitempty"` // what the file wants to be read, which the asker has done
	DryRun  bool         `json:",omitempty"`
	Changes []lab.Change `json:",omitempty"`
	Error   string       `json:",omitempty"`
}

// GivenValue is what was read for a source of a lab file.
type GivenValue struct {
	lab.Source
	Value string
}

// LocalDump asks the local door for a dump, and is its answer.
type LocalDump struct {
	Secrets bool   `json:",omitempty"`
	Text    string `json:",omitempty"`
	Error   string `json:",omitempty"`
}

// load loads a lab file, one at a time.
func (s *Server) load(w http.ResponseWriter, r *http.Request) {
	var ask LocalLoad
	// A text may become twice as long in JSON.
	s.answerLab(w, r, 2*lab.MaxSize+s.BodyLimit, &ask, func() (any, error) {
		f, err := lab.Parse(ask.Name, []byte(ask.Text))
		if err != nil {
			return nil, err
		}
		s.loading.Lock()
		defer s.loading.Unlock()
		changes, err := lab.Load(r.Context(), s.DB, f, lab.LoadOptions{
			By: store.System("host"), DryRun: ask.DryRun, Values: given(ask.Given),
		})
		return LocalLoad{Changes: changes}, err
	})
}

// given finds what the asker has read.
func given(values []GivenValue) func(lab.Source) (string, error) {
	return func(wanted lab.Source) (string, error) {
		for _, v := range values {
			if v.Source == wanted {
				return v.Value, nil
			}
		}
		return "", errors.New("its value did not come along")
	}
}

func (s *Server) dump(w http.ResponseWriter, r *http.Request) {
	var ask LocalDump
	s.answerLab(w, r, s.BodyLimit, &ask, func() (any, error) {
		var text strings.Builder
		err := lab.Dump(r.Context(), s.DB, &text, lab.DumpOptions{By: store.System("host"), Secrets: ask.Secrets})
		return LocalDump{Text: text.String()}, err
	})
}

// answerLab reads what is asked, does it, and sends the answer, or in its place what went wrong.
func (s *Server) answerLab(w http.ResponseWriter, r *http.Request, limit int64, ask any, do func() (any, error)) {
	status := http.StatusOK
	var answer any
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, limit)).Decode(ask)
	if err == nil {
		answer, err = do()
	}
	if err != nil {
		answer, status = struct{ Error string }{err.Error()}, http.StatusBadRequest
		if _, refused := errors.AsType[*lab.Error](err); !refused {
			s.Log.Error("local door", "path", r.URL.Path, "error", err)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(answer)
}
