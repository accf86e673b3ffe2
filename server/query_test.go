package server_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/api"
)

// TestRowsRefuseBadEscapes calls every row with a query that cannot be read, among parameters that the row may or may not have.
func TestRowsRefuseBadEscapes(t *testing.T) {
	t.Parallel()
	everyRefusal(t, func(t *testing.T, l *fixture, d *api.Dialect, r api.Route) {
		path := l.objectOf(d, r)
		path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]
		for _, query := range []string{"x=%", "%zz=1", "x=1&limit=%1"} {
			w := l.request(r.Method, path+query, "{}", as(l.tokenAt(d.Name, "administrator")))
			if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "invalid URL escape") {
				t.Errorf("?%s: %d %s, want 400 that names the escape", query, w.Code, w.Body)
			}
		}
	})
}

// TestUnservedRoutes asks for everything that the original has and muster has not: 404 in the form of the door, with a text that
// nobody takes for a record that does not exist. A row that is added takes its line off the list.
func TestUnservedRoutes(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	value := regexp.MustCompile(`\{[^}]+\}`)
	for _, d := range server.Dialects() {
		rows := map[string]bool{}
		for _, r := range d.Routes {
			path, _, _ := strings.Cut(r.Path, "?")
			rows[r.Method+" "+strings.ToLower(value.ReplaceAllString(path, "{}"))] = true
		}
		for _, operation := range d.Unserved {
			if rows[strings.Split(operation, " ")[0]+" "+strings.ToLower(value.ReplaceAllString(strings.Split(operation, " ")[1], "{}"))] {
				t.Errorf("%s has a row and is on the list of what is not served", operation)
				continue
			}
			method, path, _ := strings.Cut(operation, " ")
			for _, header := range []http.Header{nil, as(l.tokenAt(d.Name, "administrator"))} {
				w := l.request(method, d.Base+"/"+strings.ToUpper(value.ReplaceAllString(path, "7")), "{}", header)
				if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "muster does not serve "+operation) {
					t.Errorf("%s: %d %s", operation, w.Code, w.Body)
				}
			}
		}
	}
}
