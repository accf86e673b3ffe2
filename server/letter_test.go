package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// TestToTheLetter walks all headings of the documents under --contract manual --grants vendor. Each answers, to a caller who
// has the permissions that the heading prints and no others, with the status, the members, the order and the spelling that
// it prints, for every kind of body and of answer; and without the permissions not.
func TestToTheLetter(t *testing.T) {
	t.Parallel()
	walked := &tally{of: map[string]int{}}
	t.Run("headings", func(t *testing.T) {
		for _, d := range server.Dialects() {
			headings := headingsOf(t, d.Name)
			for _, r := range d.Routes {
				h := headings[r.Method+" "+r.Path]
				if h == nil || h.ours {
					continue
				}
				t.Run(fmt.Sprintf("%s %s %s", d.Name, r.Method, strings.ReplaceAll(r.Path, "/", "∕")), func(t *testing.T) {
					t.Parallel()
					w := &walk{t: t, d: d, r: r, h: h, seen: map[*form]bool{}}
					w.through()
					walked.add(d.Name)
				})
			}
		}
	})
	for door, manual := range manuals {
		if !t.Failed() && walked.of[door] != manual.headings {
			t.Errorf("%d headings of %s were walked, want %d", walked.of[door], door, manual.headings)
		}
	}
}

// tally counts what was walked to its end.
type tally struct {
	sync.Mutex
	of map[string]int
}

func (t *tally) add(door string) {
	t.Lock()
	defer t.Unlock()
	t.of[door]++
}

// walk is one heading that is being walked.
type walk struct {
	t    *testing.T
	d    *api.Dialect
	r    api.Route
	h    *heading
	seen map[*form]bool // of the answer
}

func (w *walk) name() string { return w.r.Method + " " + w.r.Path }

// attempts are the requests by which the heading is called: one for each kind of body unless attemptsOf says otherwise.
func (w *walk) attempts() []attempt {
	if special, ok := attemptsOf[w.name()]; ok {
		return special
	}
	all := make([]attempt, max(1, len(w.h.takes)))
	for i := range all {
		all[i].kind = i
	}
	return all
}

// through calls the heading in every way that has to be refused, and in every way that has to answer with success: each in a
// lab of its own if it changes something.
func (w *walk) through() {
	l := newLetterLab(w.t, w.name())
	w.refuse(l)
	for i, grants := range w.r.Need.Alternatives() {
		for n, a := range w.attempts() {
			if i+n > 0 && w.r.Method != http.MethodGet {
				l = newLetterLab(w.t, w.name())
			}
			who := l.caller(fmt.Sprint("enough", i, n), w, a, slices.Concat(grants, a.with))
			w.check(fmt.Sprintf("%v, body %d", grants, a.kind), l, a, who)
		}
	}
	for _, f := range w.h.answers {
		for _, inner := range f.within() {
			if !w.seen[inner] && !slices.Contains(neverFilled, w.name()) {
				w.t.Errorf("no answer showed %v", inner)
			}
		}
	}
}

// check sends one request and compares the answer with what the heading prints.
func (w *walk) check(what string, l *letterLab, a attempt, who string) {
	w.t.Helper()
	path, body, header := w.request(l, a, who)
	answer := l.request(w.r.Method, path, body, header)
	if answer.Code != w.r.Status(true) {
		w.t.Fatalf("%s: %s %s %s: %d %s, want %d", what, w.r.Method, path, body, answer.Code, answer.Body, w.r.Status(true))
	}
	length, media := answer.Header().Get("Content-Length"), answer.Header().Get("Content-Type")
	if answer.Body.Len() == 0 && (media != "" || length != "0" && answer.Code != http.StatusNoContent) || answer.Body.Len() > 0 && media != "application/json" {
		w.t.Errorf("%s: an answer of %d bytes has Content-Type %q and Content-Length %q", what, answer.Body.Len(), media, length)
	}
	forms := &form{kinds: w.h.answers}
	if err := forms.match(answer.Body.Bytes(), w.seen); err != nil {
		w.t.Errorf("%s: %s %s: %v\nthe answer is %s", what, w.r.Method, path, err, answer.Body)
	}
	if !a.reads {
		w.echoes(body, answer.Body.Bytes())
	}
}

// echoes compares what was sent with the members of that name in the answer.
func (w *walk) echoes(body string, answer []byte) {
	sent, shown := membersIn([]byte(body)), membersIn(answer)
	for name, value := range sent {
		got, known := shown[name]
		if known && string(got) != string(value) && !slices.Contains([]string{"Id", "ClientSecret", "limit", "DistinguishedName"}, name) && !bytes.HasPrefix(value, []byte("[")) {
			w.t.Errorf("%s was sent as %s and is answered as %s", name, value, got)
		}
	}
}

// membersIn are the members of an object, or of the object in a list of one.
func membersIn(body []byte) map[string]json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(body, &list) == nil && len(list) == 1 {
		body = list[0]
	}
	var members map[string]json.RawMessage
	_ = json.Unmarshal(body, &members) // none of anything else
	return members
}

// request is the heading's request, for a caller.
func (w *walk) request(l *letterLab, a attempt, who string) (path, body string, header http.Header) {
	path = l.objectOf(w.d, w.r)
	if a.path != "" {
		path = w.d.Base + "/" + l.fill(a.path)
	}
	path += l.fill(a.query)
	header = as(l.tokenAt(w.d.Name, who))
	switch {
	case a.body != "":
		body = l.fill(a.body)
	case len(w.h.takes) > 0:
		body = l.bodyOf(w.name(), w.h.takes[a.kind], a.values)
	}
	for name, value := range a.header {
		header.Set(name, value)
	}
	return path, body, header
}

// refuse calls the heading without each of the permissions that it prints, and with one level less.
func (w *walk) refuse(l *letterLab) {
	a := w.attempts()[0]
	for i, group := range w.r.Need {
		if group[0].Kind != authz.KindGrant {
			w.refuseObject(l, group[0], a)
			continue
		}
		if slices.ContainsFunc(group, func(term authz.Term) bool { return term.Kind == authz.KindSelf }) {
			group = group[:1]
		}
		for name, level := range map[string]authz.Level{"without": authz.None, "with one level less": authz.Read} {
			if level == authz.Read && !slices.ContainsFunc(group, func(t authz.Term) bool { return t.Level == authz.ReadWrite }) {
				continue
			}
			path, body, header := w.request(l, a, l.caller(fmt.Sprint(name, i), w, a, allBut(group, level)))
			if answer := l.request(w.r.Method, path, body, header); answer.Code != http.StatusForbidden || !strings.Contains(answer.Body.String(), w.r.Need.Required()) {
				w.t.Errorf("%s %v: %d %s, want 403 with %q", name, group, answer.Code, answer.Body, w.r.Need.Required())
			}
		}
	}
}

// refuseObject calls the heading with every permission, but without the access to the object that it prints: what cannot be
// seen is as if absent.
func (w *walk) refuseObject(l *letterLab, term authz.Term, a attempt) {
	who := l.caller("outsider", w, a, allBut(nil, authz.None))
	path, body, header := w.request(l, a, who)
	if term.Kind == authz.KindOrganization {
		l.takeOrganizations(who)
	} else {
		l.takeRules(who)
	}
	answer := l.request(w.r.Method, path, body, header)
	isList := term.Kind == authz.KindOrganization && !strings.ContainsAny(w.r.Path, "{?")
	if isList && (answer.Code != http.StatusOK || answer.Body.String() != "[]") || !isList && answer.Code != http.StatusNotFound {
		w.t.Errorf("without access: %d %s, want 404 or an empty list", answer.Code, answer.Body)
	}
	if term.Kind == authz.KindSmartRule && term.Level == authz.ReadWrite {
		l.readRules(who)
		if answer := l.request(w.r.Method, path, body, header); answer.Code != http.StatusForbidden {
			w.t.Errorf("with Read: %d %s, want 403", answer.Code, answer.Body)
		}
	}
}

// caller makes a user with these grants, and with the access to Smart Rules that the heading prints.
func (l *letterLab) caller(name string, w *walk, a attempt, grants []authz.Grant) string {
	l.tokenAt(w.d.Name, name, grants...)
	l.objectOf(w.d, w.r)
	l.letIntoSafes(name)
	level := a.rules
	for _, group := range w.r.Need {
		for _, term := range group {
			if term.Kind == authz.KindSmartRule {
				level = term.Level
			}
		}
	}
	must(l.t, store.Change(l.t.Context(), l.db, system, func(tx *store.Tx) error {
		g, err := store.UserGroupByName(tx, name)
		if err != nil {
			return err
		}
		for r, err := range store.SmartRules.All(tx) {
			if err != nil {
				return err
			}
			if err := store.SetRuleLevel(tx, g.GroupID, r.SmartRuleID, level); err != nil {
				return err
			}
		}
		return nil
	}))
	if strings.HasPrefix(w.r.Path, "Subscriptions/") {
		id, err := delivery(l.t.Context(), l.db, name)
		must(l.t, err)
		l.names["delivery"] = id
	}
	return name
}
