package server_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/musterhq/muster/docs"
	"github.com/musterhq/muster/server"
)

func TestPages(t *testing.T) {
	t.Parallel()
	lab := newFixture(t, false)
	for _, c := range []struct {
		path     string
		status   int
		location string
		media    string
		holds    string
	}{
		{"/", http.StatusFound, "/swagger/insight/", "text/html", ""},
		{"/swagger", http.StatusFound, "/swagger/insight/", "text/html", ""},
		{"/swagger/", http.StatusFound, "/swagger/insight/", "text/html", ""},
		{"/swagger/insight", http.StatusFound, "/swagger/insight/", "text/html", ""},
		{"/swagger/insight/", http.StatusOK, "", "text/html", "/swagger/insight.json"},
		{"/swagger/insight/page.js", http.StatusOK, "", "text/javascript", "SwaggerUIBundle("},
		{"/swagger/insight/page.css", http.StatusOK, "", "text/css", "box-sizing"},
		{"/swagger/insight/swagger-ui.css", http.StatusOK, "", "text/css", ".swagger-ui"},
		{"/swagger/insight/swagger-ui-bundle.js", http.StatusOK, "", "application/javascript", "SwaggerUIBundle"},
		{"/swagger/insight.json", http.StatusOK, "", "application/json", `"basePath": "/BeyondTrust/api/public/v3"`},
		{"/swagger/insight/", http.StatusOK, "", "text/html", `href="/swagger/idaas/">Entrust Identity as a Service: groups</a>`},
		{"/swagger/idaas/", http.StatusOK, "", "text/html", `href="/swagger/insight/">BeyondInsight</a>`},
		{"/swagger/metaaccess/", http.StatusOK, "", "text/html", `href="/swagger/insight/">BeyondInsight</a>`},
		{"/swagger/metaaccess.json", http.StatusOK, "", "application/json", `"basePath": "/o"`},
		{"/swagger/idaas.json", http.StatusOK, "", "application/json", `"basePath": "/api/web"`},
		{"/swagger/insight/nothing.js", http.StatusNotFound, "", "text/plain", ""},
		{"/swagger/nobody.json", http.StatusNotFound, "", "text/plain", ""},
	} {
		t.Run(c.path, func(t *testing.T) {
			t.Parallel()
			answer := httptest.NewRecorder()
			lab.http.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, c.path, nil))
			if answer.Code != c.status || answer.Header().Get("Location") != c.location {
				t.Errorf("status %d to %q, want %d to %q", answer.Code, answer.Header().Get("Location"), c.status, c.location)
			}
			if media := answer.Header().Get("Content-Type"); !strings.HasPrefix(media, c.media) {
				t.Errorf("it is %s, want %s", media, c.media)
			}
			if !bytes.Contains(answer.Body.Bytes(), []byte(c.holds)) {
				t.Errorf("%q is not in it", c.holds)
			}
		})
	}
}

// A door without a document would show an empty page.
func TestEveryDoorHasADocument(t *testing.T) {
	t.Parallel()
	for _, d := range server.Dialects() {
		for _, manual := range []bool{false, true} {
			if len(docs.Swagger(d.Name, manual)) == 0 {
				t.Errorf("%s has none, under the contract manual: %t", d.Name, manual)
			}
		}
	}
}
