package server_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// accessLine is a line of the access log, as machines read it.
type accessLine struct {
	Msg, Method, Route, User, Reason, Because, See string
	Status                                         int
	TookMS                                         *float64 `json:"took_ms"`
}

// TestTheAccessLog says of each request who sent it, to which row and, for a refusal, the reason and where to read on. No line
// goes without a route.
func TestTheAccessLog(t *testing.T) {
	t.Parallel()
	log := &lines{}
	l := newFixture(t, false, func(o *server.Options) { o.Log = slog.New(slog.NewJSONHandler(log, nil)) }).requirePassword()
	rita, gone := as(l.tokenOf("rita")), as(l.tokenOf("gone"))
	l.request("POST", insight.Base+"/Auth/Signout", "", gone)
	psAuth := func(rest string) http.Header {
		return http.Header{"Authorization": {"PS-Auth key=" + l.first.ApiKey + "; " + rest}}
	}
	const token, form = insight.Base + "/Auth/connect/token", "application/x-www-form-urlencoded"
	client := func(id, secret string) string {
		return "grant_type=client_credentials&client_id=" + id + "&client_secret=" + secret
	}
	foreign := both(rita, http.Header{"Cookie": {"ASP.NET_SessionId=x"}, "Origin": {"https://elsewhere.example"}})
	foreign.Del("Authorization")
	for name, c := range map[string]struct {
		method, path, body string
		header             http.Header
		want               accessLine
	}{
		"a read":               {"GET", insight.Base + "/Workgroups/1?x=y", "", rita, accessLine{Route: insight.Base + "/Workgroups/{id}", User: "rita", Status: 403, Reason: "missing-permission"}},
		"nobody":               {"GET", insight.Base + "/Workgroups", "", nil, accessLine{Route: insight.Base + "/Workgroups", Status: 401, Reason: "no-credential"}},
		"who is it":            {"GET", insight.Base + "/auth/", "", rita, accessLine{Route: insight.Base + "/Auth", User: "rita", Status: 200}},
		"a wrong password":     {"GET", insight.Base + "/Auth", "", psAuth("runas=administrator; pwd=[hidden]"), accessLine{Route: insight.Base + "/Auth", User: "administrator", Status: 401, Reason: "wrong-password"}},
		"no password":          {"GET", insight.Base + "/Auth", "", psAuth("runas=administrator"), accessLine{Route: insight.Base + "/Auth", User: "administrator", Status: 401, Reason: "missing-password"}},
		"a mistyped name":      {"POST", insight.Base + "/Auth/SignAppin", "", psAuth("runas=adminstrator; pwd=[hidden]"), accessLine{Route: insight.Base + "/Auth/SignAppin", User: "adminstrator", Status: 401, Reason: "unknown-user"}},
		"an unreadable header": {"GET", insight.Base + "/Auth", "", http.Header{"Authorization": {"PS-Auth runas=hidden"}}, accessLine{Route: insight.Base + "/Auth", Status: 401, Reason: "unreadable-credential"}},
		"a session that ended": {"GET", insight.Base + "/Auth", "", gone, accessLine{Route: insight.Base + "/Auth", User: "gone", Status: 401, Reason: "ended-session"}},
		"another door's token": {"GET", insight.Base + "/Auth", "", as(l.tokenAt("idaas", "rita")), accessLine{Route: insight.Base + "/Auth", Status: 401, Reason: "foreign-token"}},
		"a forged token":       {"GET", insight.Base + "/Auth", "", as("a.b.c"), accessLine{Route: insight.Base + "/Auth", Status: 401, Reason: "invalid-token"}},
		"another site":         {"GET", insight.Base + "/Auth", "", foreign, accessLine{Route: insight.Base + "/Auth", Status: 403, Reason: "cross-site"}},
		"a wrong secret":       {"POST", token, client(l.first.ClientID, "hidden"), http.Header{"Content-Type": {form}}, accessLine{Route: token, User: l.first.ClientID, Status: 401, Reason: "wrong-client-secret"}},
		"an unknown client":    {"POST", token, client("nobody", "hidden"), http.Header{"Content-Type": {form}}, accessLine{Route: token, User: "nobody", Status: 401, Reason: "unknown-client"}},
		"a token":              {"POST", token, client(l.first.ClientID, l.first.ClientSecret), http.Header{"Content-Type": {form}}, accessLine{Route: token, User: l.first.ClientID, Status: 200}},
		"at Entrust's door":    {"POST", "/api/web/v1/adminapi/authenticate", `{"applicationId":"nobody","sharedSecret":"hidden"}`, nil, accessLine{Route: "/api/web/v1/adminapi/authenticate", User: "nobody", Status: 401, Reason: "unknown-client"}},
		"with a comma":         {"GET", "/api/web/v1/groups/x", "", http.Header{"Authorization": {"somebody,hidden"}}, accessLine{User: "somebody", Status: 401, Reason: "unknown-client"}},
		"at OPSWAT's door":     {"GET", "/o/oauth/token?" + client("somebody", "hidden"), "", nil, accessLine{Route: "/o/oauth/token", User: "somebody", Status: 401, Reason: "unknown-client"}},
		"no such path":         {"GET", insight.Base + "/Nothing/here?hidden", "", rita, accessLine{Route: insight.Base + "/Nothing/here", Status: 404}},
		"beside the doors":     {"GET", "/nothing?hidden", "", nil, accessLine{Route: "/nothing", Status: 404}},
		"a long path":          {"GET", "/" + strings.Repeat("x", 300), "", nil, accessLine{Route: "/" + strings.Repeat("x", 255), Status: 404}},
		"health":               {"GET", "/healthz", "", nil, accessLine{Route: "/healthz", Status: 200}},
	} {
		t.Run(name, func(t *testing.T) {
			before := log.b.Len()
			l.request(c.method, c.path, c.body, c.header)
			said := log.b.String()[before:]
			var got accessLine
			for line := range strings.Lines(said) {
				if strings.Contains(line, `"msg":"request"`) {
					must(t, json.Unmarshal([]byte(line), &got))
				}
			}
			if got.TookMS == nil || strings.Contains(said, "hidden") {
				t.Errorf("%s", said)
			}
			want := c.want
			if want.Reason != "" {
				want.Because, want.See = authz.Sentences[authz.Reason(want.Reason)], store.RefusedPage
			}
			if want.Route == "" {
				want.Route = got.Route
			}
			want.Msg, want.Method, want.TookMS = "request", c.method, got.TookMS
			if got != want || got.Route == "" {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// TestThePageOfRefusals has a line for each reason and fits a screen.
func TestThePageOfRefusals(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../" + store.RefusedPage)
	must(t, err)
	for reason, sentence := range authz.Sentences {
		if !strings.Contains(string(page), "`"+string(reason)+"`") || sentence == "" {
			t.Errorf("%s has no line", reason)
		}
	}
	if n := strings.Count(string(page), "\n"); n > 50 {
		t.Errorf("it has %d lines", n)
	}
	readme, err := os.ReadFile("../README.md")
	must(t, err)
	if !strings.Contains(string(readme), store.RefusedPage) {
		t.Error("the README does not name it")
	}
}
