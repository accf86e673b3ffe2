package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// TestHostileNames gives Workgroups names that break what is careless, and finds each again under exactly that name,
// or is told why not.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	administrator := as(l.tokenOf("administrator"))
	for name, want := range map[string]int{
		"../../etc/passwd": http.StatusCreated, "a/b": http.StatusCreated, "%2F": http.StatusCreated, "a+b c": http.StatusCreated,
		"?name=x&y": http.StatusCreated, "#;{}[]": http.StatusCreated, "<script>alert(1)</script>": http.StatusCreated,
		"'; DROP TABLE--": http.StatusCreated, "\u202egnorw": http.StatusCreated, "ﬀ": http.StatusCreated,
		strings.Repeat("ü", 256): http.StatusCreated, strings.Repeat("ü", 257): http.StatusBadRequest,
		"nul\x00": http.StatusBadRequest, "\xff\xfe": http.StatusBadRequest, "": http.StatusBadRequest,
		strings.Repeat("x", 10<<20): http.StatusRequestEntityTooLarge,
	} {
		t.Run(fmt.Sprintf("%.20q", name), func(t *testing.T) {
			body := fmt.Sprintf(`{"Name":%s}`, quoted(name))
			w := l.request("POST", insight.Base+"/Workgroups", body, administrator)
			if w.Code != want {
				t.Fatalf("%d %.200s, want %d", w.Code, w.Body, want)
			}
			if want != http.StatusCreated {
				return
			}
			for _, path := range []string{"/Workgroups/" + url.PathEscape(name), "/Workgroups?name=" + url.QueryEscape(name)} {
				var found store.Workgroup
				w := l.request("GET", insight.Base+path, "", administrator)
				if err := json.Unmarshal(w.Body.Bytes(), &found); err != nil || found.Name != name {
					t.Errorf("%s: %d %s", path, w.Code, w.Body)
				}
			}
		})
	}
}

// quoted writes JSON without mending what is no UTF-8.
func quoted(s string) string {
	if strings.Contains(s, "\xff") {
		return `"` + s + `"`
	}
	b, _ := json.Marshal(s)
	return string(b)
}

// TestRowsAnswerTheAdministrator calls every row as somebody who may do everything, under both contracts: what succeeds
// answers with the status that the row states, and nothing is the server's own fault.
func TestRowsAnswerTheAdministrator(t *testing.T) {
	t.Parallel()
	for _, manual := range []bool{false, true} {
		t.Run(fmt.Sprintf("manual=%t", manual), func(t *testing.T) {
			t.Parallel()
			everyRow(t, manual, func(t *testing.T, l *fixture, d *api.Dialect, r api.Route) {
				w := l.request(r.Method, l.objectOf(d, r), "{}", as(l.tokenAt(d.Name, "administrator")))
				switch {
				case w.Code < 300 && w.Code != r.Status(manual):
					t.Errorf("%d %s, want %d", w.Code, w.Body, r.Status(manual))
				case w.Code == http.StatusUnauthorized, w.Code == http.StatusForbidden, w.Code >= 500:
					t.Errorf("%d %s", w.Code, w.Body)
				}
			})
		})
	}
}
