package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/musterhq/muster/server/api"
)

// TestRowsRefuseBadEscapes calls every row with a query that cannot be read, among parameters that the row may or may not have.
func TestRowsRefuseBadEscapes(t *testing.T) {
	t.Parallel()
	everyRefusal(t, func(t *testing.T, l *lab, d *api.Dialect, r api.Route) {
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
