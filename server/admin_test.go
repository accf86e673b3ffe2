package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/insight"
)

// admin asks the admin listener, as somebody on this host unless the header says otherwise.
func (l *fixture) admin(path, host string, header http.Header) *httptest.ResponseRecorder {
	l.t.Helper()
	r := httptest.NewRequestWithContext(l.t.Context(), http.MethodGet, path, nil)
	r.Host = host
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	l.server.AdminHandler().ServeHTTP(w, r)
	return w
}

const thisHost = "127.0.0.1:9090"

// TestMetrics has requests of all kinds counted under names that the server knows, and under no other.
func TestMetrics(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false, func(o *server.Options) { o.Dir = t.TempDir() })
	administrator := as(l.tokenOf("administrator"))
	for range 3 {
		l.request("GET", insight.Base+"/workgroups/1/assets/?limit=1", "", administrator)
	}
	l.request("GET", insight.Base+"/Workgroups", "", nil)
	l.request("GET", insight.Base+"/Workgroups", "", as("eyJh.bogus.token"))
	l.request("POST", insight.Base+"/Imports", `{"WorkgroupID":1,"ImportType":"NESSUS","FileName":"scan.csv","Base64FileContents":"SG9zdAoxMC4wLjAuMQo="}`, administrator)
	l.awaitImports()
	for i := range 50 { // a stranger who makes names up
		l.request("GET", fmt.Sprintf("%s/Nonsense%d", insight.Base, i), "", nil)
		l.request("GET", fmt.Sprintf("/nonsense%d", i), "", nil)
		l.request(fmt.Sprintf("BREW%d", i), insight.Base+"/Workgroups", "", nil)
	}
	text := l.admin("/metrics", thisHost, nil).Body.String()
	for _, line := range []string{
		`muster_requests_total{door="insight",method="GET",route="Workgroups/{workgroupID}/Assets",status="200"} 3`,
		`muster_request_duration_seconds_count{door="insight",method="GET",route="Workgroups/{workgroupID}/Assets"} 3`,
		`muster_requests_total{door="insight",method="GET",route="Workgroups",status="401"} 2`,
		`muster_sign_ins_refused_total{door="insight"} 2`,
		`muster_requests_total{door="insight",method="GET",route="unrouted",status="404"} 50`,
		`muster_requests_total{door="",method="GET",route="unrouted",status="404"} 50`,
		`muster_requests_total{door="insight",method="other",route="unrouted",status="405"} 50`,
		`muster_import_rows_total{outcome="created"} 1`,
		`muster_requests_under_way 0`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("there is no line %s", line)
		}
	}
	for _, name := range []string{"muster_disk_free_bytes", "muster_store_bytes", "go_goroutines", "go_memstats_heap_alloc_bytes"} {
		if !regexp.MustCompile(`(?m)^` + name + ` \d`).MatchString(text) {
			t.Errorf("there is no %s", name)
		}
	}
	if strings.Contains(text, "onsense") || strings.Contains(text, "BREW") {
		t.Error("a stranger has made a name")
	}
	if t.Failed() {
		t.Log(text)
	}
}

// TestQueueDepth counts an import that nobody runs.
func TestQueueDepth(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	l.object("Imports") // taken for an hour by nobody
	if text := l.admin("/metrics", thisHost, nil).Body.String(); !strings.Contains(text, `muster_queue_jobs{kind="import",state="under way"} 1`) {
		t.Error(text)
	}
}

// TestAdminListener is open to this host's programs and closed to browsers that another site's page sends, in whatever
// way; and what it has, the public listeners have not.
func TestAdminListener(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	for _, c := range []struct {
		name, path, host string
		header           http.Header
		status           int
	}{
		{"metrics", "/metrics", thisHost, nil, http.StatusOK},
		{"metrics at localhost", "/metrics", "localhost:9090", nil, http.StatusOK},
		{"metrics over IPv6", "/metrics", "[::1]:9090", nil, http.StatusOK},
		{"health", "/healthz", thisHost, nil, http.StatusOK},
		{"readiness", "/readyz", thisHost, nil, http.StatusOK},
		{"the list of profiles", "/debug/pprof/", thisHost, nil, http.StatusOK},
		{"a profile", "/debug/pprof/goroutine?debug=1", thisHost, nil, http.StatusOK},
		{"no command line", "/debug/pprof/cmdline", thisHost, nil, http.StatusNotFound},
		{"no API", insight.Base + "/Workgroups", thisHost, as(l.tokenOf("administrator")), http.StatusNotFound},
		{"a name that was made to resolve to this host", "/metrics", "evil.example", nil, http.StatusForbidden},
		{"a name that begins like this host", "/metrics", "127.0.0.1.evil.example", nil, http.StatusForbidden},
		{"another site's page", "/debug/pprof/profile?seconds=1", thisHost, browser("cross-site", "https://evil.example"), http.StatusForbidden},
		{"another site's image", "/metrics", thisHost, browser("cross-site", ""), http.StatusForbidden},
		{"an address that its user typed", "/metrics", thisHost, browser("none", ""), http.StatusOK},
	} {
		if w := l.admin(c.path, c.host, c.header); w.Code != c.status {
			t.Errorf("%s: %d, want %d", c.name, w.Code, c.status)
		}
	}
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap"} {
		if w := l.request("GET", path, "", as(l.tokenOf("administrator"))); w.Code != http.StatusNotFound {
			t.Errorf("%s is public: %d", path, w.Code)
		}
	}
}
