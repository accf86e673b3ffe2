package server_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// everyRow runs a test for each row of each door, whose requests may be answered with success. Rows that only read share a lab,
// each other has one of its own.
func everyRow(t *testing.T, manual bool, test func(t *testing.T, l *fixture, d *api.Dialect, r api.Route)) {
	rowsIn(t, manual, func(r api.Route) bool { return r.Method != http.MethodGet }, test)
}

// everyRefusal runs a test for each row of each door, whose requests are all refused: they share a lab.
func everyRefusal(t *testing.T, test func(t *testing.T, l *fixture, d *api.Dialect, r api.Route)) {
	rowsIn(t, false, func(api.Route) bool { return false }, test)
}

func rowsIn(t *testing.T, manual bool, alone func(api.Route) bool, test func(t *testing.T, l *fixture, d *api.Dialect, r api.Route)) {
	shared := newFixture(t, manual)
	for _, d := range server.Dialects() {
		for _, r := range d.Routes {
			t.Run(fmt.Sprintf("%s %s %s", d.Name, r.Method, strings.ReplaceAll(r.Path, "/", "∕")), func(t *testing.T) {
				if alone(r) {
					t.Parallel()
					test(t, newFixture(t, manual), d, r)
					return
				}
				shared.t = t
				test(t, shared, d, r)
			})
		}
	}
}

// TestRowsRefuseStrangers calls every row without a token, with a broken one, and with one for another door.
func TestRowsRefuseStrangers(t *testing.T) {
	t.Parallel()
	everyRefusal(t, func(t *testing.T, l *fixture, d *api.Dialect, r api.Route) {
		if r.IsOpen() {
			t.Skip("needs no session")
		}
		path := l.objectOf(d, r)
		strangers := map[string]http.Header{
			"no token": as(""), "broken token": as("eyJhbGciOiJIUzI1NiJ9.e30.AAAA"), "wrong scheme": {"Authorization": {"Basic YTpi"}},
		}
		for _, other := range server.Dialects() {
			if other.Name != d.Name {
				strangers["token of "+other.Name] = as(l.tokenAt(other.Name, "administrator"))
			}
		}
		for name, header := range strangers {
			if w := l.request(r.Method, path, "{}", header); w.Code != http.StatusUnauthorized {
				t.Errorf("%s: %d %s, want 401", name, w.Code, w.Body)
			}
		}
	})
}

// TestRowsNeedTheirPermissions calls every row with everything but what it needs, with one level too little, and
// with exactly enough, under both contracts.
func TestRowsNeedTheirPermissions(t *testing.T) {
	t.Parallel()
	for _, manual := range []bool{false, true} {
		t.Run(fmt.Sprintf("manual=%t", manual), func(t *testing.T) {
			t.Parallel()
			everyRow(t, manual, needsItsPermissions)
		})
	}
}

// needsItsPermissions is the test of one row.
func needsItsPermissions(t *testing.T, l *fixture, d *api.Dialect, r api.Route) {
	path := l.objectOf(d, r)
	for _, group := range r.Need {
		if slices.ContainsFunc(group, func(term authz.Term) bool { return term.Kind != authz.KindGrant }) {
			continue // decided by the object
		}
		for name, grants := range map[string][]authz.Grant{"without": allBut(group, authz.None), "one level less": allBut(group, authz.Read)} {
			if name == "one level less" && !slices.ContainsFunc(group, func(t authz.Term) bool { return t.Level == authz.ReadWrite }) {
				continue
			}
			w := l.request(r.Method, path, "{}", as(l.tokenAt(d.Name, l.newName(name), grants...)))
			if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), r.Need.Required()) {
				t.Errorf("%s %v: %d %s, want 403 with %q", name, group, w.Code, w.Body, r.Need.Required())
			}
		}
	}
	if isOnObject(r.Need) {
		needsItsObject(t, l, d, r)
		return
	}
	for _, grants := range r.Need.Alternatives() {
		name, path := l.newName("enough"), l.objectOf(d, r)
		token := l.tokenAt(d.Name, name, grants...)
		l.letIntoSafes(name)
		w := l.request(r.Method, path, "{}", as(token))
		if w.Code != http.StatusBadRequest && w.Code != http.StatusUnsupportedMediaType && w.Code >= 300 {
			t.Errorf("with exactly %v: %d %s", grants, w.Code, w.Body)
		}
	}
}

func isOnObject(n authz.Need) bool {
	return slices.ContainsFunc(n, func(group []authz.Term) bool {
		return slices.ContainsFunc(group, func(t authz.Term) bool { return t.Kind == authz.KindObject })
	})
}

// needsItsObject is the test of a row that asks for a role or for one's own: a caller without any is refused, and one with a
// grant that suffices instead is not. With the roles, the conversations call it.
func needsItsObject(t *testing.T, l *fixture, d *api.Dialect, r api.Route) {
	w := l.request(r.Method, l.objectOf(d, r), anyRequest, as(l.tokenAt(d.Name, l.newName("nothing"))))
	if w.Code != http.StatusForbidden {
		t.Errorf("without anything: %d %s, want 403", w.Code, w.Body)
	}
	for _, group := range r.Need {
		for _, term := range group {
			if term.Kind != authz.KindGrant {
				continue
			}
			w := l.request(r.Method, l.objectOf(d, r), anyRequest, as(l.tokenAt(d.Name, l.newName("enough"), term.Grant)))
			if w.Code == http.StatusForbidden {
				t.Errorf("with %v: %d %s", term.Grant, w.Code, w.Body)
			}
		}
	}
}

// anyRequest is a body by which an account is requested, or anything done with a request.
const anyRequest = `{"SystemID":1,"AccountID":1,"DurationMinutes":5,"Reason":"x"}`

// newName is a name that tokenOf has not seen.
func (l *fixture) newName(like string) string { return fmt.Sprint(like, len(l.users)) }

// allBut are all grants but those that a group of terms accepts, of which only the given level is left.
func allBut(group []authz.Term, left authz.Level) []authz.Grant {
	var grants []authz.Grant
	for _, p := range authz.Permissions() {
		level := authz.ReadWrite
		for _, t := range group {
			if t.Permission == p && (left == authz.None || t.Level == authz.Read) {
				level = authz.None
			} else if t.Permission == p {
				level = left
			}
		}
		if level != authz.None {
			grants = append(grants, authz.Grant{Permission: p, Level: level})
		}
	}
	return grants
}

// TestRowsHideOtherOrganizations calls the rows that concern an Organization as somebody who has every permission and
// no Organization: what he asks for is as if absent.
func TestRowsHideOtherOrganizations(t *testing.T) {
	t.Parallel()
	everyRefusal(t, func(t *testing.T, l *fixture, d *api.Dialect, r api.Route) {
		concerned := slices.ContainsFunc(r.Need, func(group []authz.Term) bool {
			return slices.ContainsFunc(group, func(t authz.Term) bool { return t.Kind == authz.KindOrganization })
		})
		if !concerned {
			t.Skip("concerns no Organization")
		}
		path := l.objectOf(d, r)
		token := l.tokenAt(d.Name, "outsider", allBut(nil, authz.None)...)
		l.takeOrganizations("outsider")
		w := l.request(r.Method, path, "{}", as(token))
		if isList := !strings.ContainsAny(r.Path, "{?"); isList {
			if w.Code != http.StatusOK || w.Body.String() != "[]" {
				t.Errorf("%d %s, want an empty list", w.Code, w.Body)
			}
		} else if w.Code != http.StatusNotFound {
			t.Errorf("%d %s, want 404", w.Code, w.Body)
		}
	})
}

// takeOrganizations takes from the group of a user the access to every Organization.
func (l *fixture) takeOrganizations(name string) {
	l.t.Helper()
	must(l.t, store.Change(l.t.Context(), l.db, system, func(tx *store.Tx) error {
		organization, err := store.DefaultOrganization(tx)
		if err != nil {
			return err
		}
		g, err := store.UserGroupByName(tx, name)
		if err != nil {
			return err
		}
		_, err = store.GroupOrganization.Cut(tx, g.GroupID, organization)
		return err
	}))
}

// TestConversationsCoverEveryRow finds for each row a request in the conversations.
func TestConversationsCoverEveryRow(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../testdata/api/*.txt")
	must(t, err)
	var requests []string
	for _, file := range files {
		script, err := os.ReadFile(file)
		must(t, err)
		requests = append(requests, strings.Split(string(script), "\n")...)
	}
	for _, d := range server.Dialects() {
		for _, r := range d.Routes {
			if !slices.ContainsFunc(requests, func(line string) bool { return isFor(line, d, r) }) {
				t.Errorf("no conversation has %s %s %s", d.Name, r.Method, r.Path)
			}
		}
	}
}

// hasAll reports whether a query has all parameters that pick a row.
func hasAll(query, parameters string) bool {
	for one := range strings.SplitSeq(parameters, "&") {
		if one != "" && !strings.Contains(query, one+"=") {
			return false
		}
	}
	return true
}

// isFor reports whether a line of a conversation is a request for the row.
func isFor(line string, d *api.Dialect, r api.Route) bool {
	if !strings.HasPrefix(line, r.Method+" ") {
		return false // most lines, at less than what the expression costs
	}
	m := requestLine.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	rowPath, rowQuery, _ := strings.Cut(r.Path, "?")
	path, query, _ := strings.Cut(m[2], "?")
	below, absolute := strings.CutPrefix(path, d.Base+"/")
	if !absolute && (strings.HasPrefix(path, "/") || d.Name != insight.Name) {
		return false
	}
	path = below
	want, got := strings.Split(rowPath, "/"), strings.Split(path, "/")
	if len(want) != len(got) || !hasAll(query, rowQuery) {
		return false
	}
	for i, segment := range want {
		digits := strings.Trim(got[i], "0123456789") == "" || strings.HasPrefix(got[i], "{") // {organization} stands for an id
		switch {
		case !strings.HasPrefix(segment, "{"):
			if !strings.EqualFold(segment, got[i]) {
				return false
			}
		case digits == strings.Contains(segment, "ame"):
			return false
		}
	}
	return true
}
