package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/insight"
)

// browser are the headers that say what page a browser calls for.
func browser(site, origin string) http.Header {
	h := http.Header{}
	if site != "" {
		h.Set("Sec-Fetch-Site", site)
	}
	if origin != "" {
		h.Set("Origin", origin)
	}
	return h
}

// both are two sets of headers in one.
func both(a, b http.Header) http.Header {
	sum := a.Clone()
	for name, values := range b {
		sum[name] = values
	}
	return sum
}

// TestOtherSites calls as a browser that holds a session's cookie does for its own pages and for those of others, and as
// clients that are no browsers. Each request that another site's page could cause is refused, one that it may cause is not.
func TestOtherSites(t *testing.T) {
	t.Parallel()
	const portal = "https://portal.example"
	l := newFixture(t, false, func(o *server.Options) { o.Origins = []string{portal} })
	token := l.tokenOf("administrator")
	cookie := http.Header{"Cookie": {"ASP.NET_SessionId=" + token}}
	bearer := as(token)
	psAuth := http.Header{"Authorization": {fmt.Sprintf("PS-Auth key=%s; runas=administrator; pwd=[%s];", l.first.ApiKey, l.first.Password)}}
	own := "http://example.com" // what httptest calls the server
	for _, c := range []struct {
		name    string
		header  http.Header
		refused bool
	}{
		{"a script that keeps cookies", cookie, false},
		{"a script with a cookie and PS-Auth", both(cookie, psAuth), false},
		{"the server's own page", both(cookie, browser("same-origin", own)), false},
		{"an address that its user typed", both(cookie, browser("none", "")), false},
		{"a page of a listed site", both(cookie, browser("cross-site", portal)), false},
		{"a page of another site", both(cookie, browser("cross-site", "https://evil.example")), true},
		{"an image of another site's page, which has no Origin", both(cookie, browser("cross-site", "")), true},
		{"another port or name of the same site", both(cookie, browser("same-site", "http://example.com:8000")), true},
		{"a listed site's name over plain HTTP", both(cookie, browser("cross-site", "http://portal.example")), true},
		{"an old browser, which has no Sec-Fetch-Site, elsewhere", both(cookie, browser("", "https://evil.example")), true},
		{"an old browser on the server's own page", both(cookie, browser("", own)), false},
		{"a page without an origin, such as a sandboxed frame", both(cookie, browser("cross-site", "null")), true},
		{"a browser that adds Basic by itself", both(both(cookie, browser("cross-site", "https://evil.example")), http.Header{"Authorization": {"Basic YTpi"}}), true},
		{"a browser that adds Digest by itself", both(both(cookie, browser("cross-site", "https://evil.example")), http.Header{"Authorization": {"Digest YTpi"}}), true},
		{"a browser that adds Negotiate by itself", both(both(cookie, browser("cross-site", "https://evil.example")), http.Header{"Authorization": {"Negotiate YTpi"}}), true},
		{"a browser that adds NTLM by itself", both(both(cookie, browser("cross-site", "https://evil.example")), http.Header{"Authorization": {"NTLM YTpi"}}), true},
		{"a Bearer token from whatever page", both(bearer, browser("cross-site", "https://evil.example")), false},
		{"PS-Auth from whatever page", both(psAuth, browser("cross-site", "https://evil.example")), false},
		{"a token call from whatever page needs a secret, no cookie", browser("cross-site", "https://evil.example"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			requests := [][3]string{
				{"POST", "/Workgroups", fmt.Sprintf(`{"Name":%q}`, t.Name())},
				{"GET", "/Auth", ""},
				{"GET", "/UserGroups/1/Users", ""},
				{"GET", "/ApiRegistrations/1/Key", ""}, // leaves an audit
				{"DELETE", "/Assets/4711", ""},
			}
			if strings.HasPrefix(c.name, "a token call") {
				requests = [][3]string{{"POST", "/Auth/connect/token", fmt.Sprintf(`{"grant_type":"client_credentials","client_id":%q,"client_secret":%q}`, l.first.ClientID, l.first.ClientSecret)}}
			}
			for _, r := range requests {
				w := l.request(r[0], insight.Base+r[1], r[2], both(c.header, http.Header{"Content-Type": {"application/json"}}))
				if refused := w.Code == http.StatusForbidden; refused != c.refused || w.Code == http.StatusUnauthorized {
					t.Errorf("%s %s: %d %s; refused: %t is wanted", r[0], r[1], w.Code, w.Body, c.refused)
				}
			}
		})
	}
}

// TestWithoutACookieTheOriginDoesNotCount sends what a browser adds by itself from another site's page: unknown, not refused for the page.
func TestWithoutACookieTheOriginDoesNotCount(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	for _, scheme := range []string{"Basic", "Digest", "Negotiate", "NTLM"} {
		header := both(browser("cross-site", "https://evil.example"), http.Header{"Authorization": {scheme + " YTpi"}})
		if w := l.request("GET", insight.Base+"/Workgroups", "", header); w.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", scheme, w.Code, w.Body)
		}
	}
}

// TestEveryRowIsClosedToOtherSites calls every row with a cookie from another site's page: none forgets the check.
func TestEveryRowIsClosedToOtherSites(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	cookie := both(http.Header{"Cookie": {"ASP.NET_SessionId=" + l.tokenOf("administrator")}}, browser("cross-site", "https://evil.example"))
	for _, d := range server.Dialects() {
		for _, r := range d.Routes {
			if r.IsOpen() {
				continue // takes no cookie
			}
			if w := l.request(r.Method, l.objectOf(d, r), "{}", cookie); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "another site") {
				t.Errorf("%s %s: %d %s", r.Method, r.Path, w.Code, w.Body)
			}
		}
	}
}

// TestSharing asks which pages' scripts may read answers: none, unless their exact origin is listed.
func TestSharing(t *testing.T) {
	t.Parallel()
	const portal = "https://portal.example:8443"
	closed, open := newFixture(t, false), newFixture(t, false, func(o *server.Options) { o.Origins = []string{portal} })
	preflight := http.Header{"Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"authorization,content-type"}}
	for _, c := range []struct {
		name   string
		lab    *fixture
		origin string
		status int // of the preflight
		shared bool
	}{
		{"no origin is listed", closed, portal, http.StatusMethodNotAllowed, false},
		{"a listed one", open, portal, http.StatusNoContent, true},
		{"one that begins like it", open, portal + ".evil.example", http.StatusNoContent, false},
		{"one that ends like it", open, "https://evilportal.example:8443", http.StatusNoContent, false},
		{"the same name at another port", open, "https://portal.example", http.StatusNoContent, false},
		{"null", open, "null", http.StatusNoContent, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := c.lab.request("OPTIONS", insight.Base+"/Workgroups", "", both(preflight, browser("cross-site", c.origin)))
			allowed := w.Header().Get("Access-Control-Allow-Origin")
			if w.Code != c.status || (allowed == c.origin) != c.shared || !c.shared && allowed != "" {
				t.Errorf("preflight: %d, allowed: %q", w.Code, allowed)
			}
			if c.shared && (w.Header().Get("Access-Control-Allow-Credentials") != "true" || !strings.EqualFold(w.Header().Get("Access-Control-Allow-Headers"), "authorization,content-type")) {
				t.Errorf("the preflight allows %v", w.Header())
			}
			w = c.lab.request("GET", insight.Base+"/Workgroups", "", both(as(c.lab.tokenOf("administrator")), browser("cross-site", c.origin)))
			if allowed := w.Header().Get("Access-Control-Allow-Origin"); w.Code != http.StatusOK || (allowed == c.origin) != c.shared || allowed == "*" {
				t.Errorf("answer: %d, allowed: %q", w.Code, allowed)
			}
		})
	}
}

func TestCheckOrigin(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"https://portal.example", "https://portal.example:8443", "http://localhost:3000", "https://[2001:db8::1]:8443"} {
		if err := server.CheckOrigin(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"*", "https://*.example", "null", "", "portal.example", "https://", "https://portal.example/", "https://portal.example/page", "HTTPS://portal.example",
		"https://Portal.example", "https://portal.example:443", "http://portal.example:80", "https://user@portal.example", "file:///etc", "https://portal.example?x",
	} {
		if err := server.CheckOrigin(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestAnswersAreGuarded looks at the headers of answers of all kinds, refusals among them.
func TestAnswersAreGuarded(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	for _, c := range []struct {
		method, path string
		header       http.Header
		status       int
	}{
		{"GET", insight.Base + "/Workgroups", as(l.tokenOf("administrator")), http.StatusOK},
		{"GET", insight.Base + "/Workgroups", nil, http.StatusUnauthorized},
		{"GET", insight.Base + "/Nonsense", nil, http.StatusNotFound},
		{"PATCH", insight.Base + "/Workgroups", nil, http.StatusMethodNotAllowed},
		{"GET", "/nonsense", nil, http.StatusNotFound},
		{"GET", "/", nil, http.StatusFound},
		{"GET", "/swagger/insight/", nil, http.StatusOK},
		{"GET", "/swagger/insight/page.js", nil, http.StatusOK},
		{"GET", "/swagger/insight.json", nil, http.StatusOK},
		{"GET", "/healthz", nil, http.StatusOK},
	} {
		t.Run(c.method+" "+strings.ReplaceAll(c.path, "/", "∕"), func(t *testing.T) {
			t.Parallel()
			w := l.request(c.method, c.path, "", c.header)
			if w.Code != c.status {
				t.Errorf("%d, want %d", w.Code, c.status)
			}
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
				"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
			} {
				if got := w.Header().Values(name); len(got) != 1 || got[0] != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			policy := w.Header().Get("Content-Security-Policy")
			for _, directive := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
				if !strings.Contains(policy, directive) {
					t.Errorf("the policy %q lacks %s", policy, directive)
				}
			}
			if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
				t.Errorf("the policy is %q", policy)
			}
			if w.Header().Get("Server") != "" || w.Header().Get("X-Powered-By") != "" {
				t.Errorf("it says what it is: %v", w.Header())
			}
		})
	}
}
