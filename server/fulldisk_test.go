package server_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/kv/badgerkv"
)

// fullDisk is a lab whose disk can be full, and the warnings and errors that its server logged.
func fullDisk(t *testing.T, adjust ...func(*ground)) (l *fixture, full *atomic.Bool, log *bytes.Buffer) {
	full, log = new(atomic.Bool), new(bytes.Buffer)
	on := ground{engine: badgerkv.Options{InMemory: true, Room: func(int) error {
		if full.Load() {
			return kv.ErrNoSpace
		}
		return nil
	}}}
	on.log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	for _, adjust := range adjust {
		adjust(&on)
	}
	l = newLabOn(t, on, false, func(o *server.Options) { o.Log = on.log })
	return l, full, log
}

// TestReadsGoOnOnAFullDisk has callers of every kind read while nothing can be written, for longer than a check of a credential is
// remembered: what can be checked is let in, what cannot is refused as ever, and a session can be ended.
func TestReadsGoOnOnAFullDisk(t *testing.T) {
	t.Parallel()
	l, full, log := fullDisk(t)
	psAuth := func(key string) http.Header {
		return http.Header{"Authorization": {"PS-Auth key=" + key + "; runas=administrator;"}}
	}
	cookieOf := func() http.Header {
		w := l.request("POST", insight.Base+"/Auth/SignAppin", "", psAuth(l.first.ApiKey))
		return http.Header{"Cookie": {strings.Split(w.Header().Get("Set-Cookie"), ";")[0]}}
	}
	ended, kept := cookieOf(), cookieOf()
	opswat := as(l.tokenAt("metaaccess", "administrator"))
	wrong := strings.Repeat("f", 128)
	want := func(what string, w *httptest.ResponseRecorder, status int) {
		t.Helper()
		if w.Code != status {
			t.Errorf("%s: %d %s, want %d", what, w.Code, w.Body, status)
		}
	}
	full.Store(true)
	for range 10 { // 30 minutes, in which a session without requests would end
		l.clock.Add(int64(3 * time.Minute))
		want("PS-Auth", l.request("GET", insight.Base+"/Workgroups", "", psAuth(l.first.ApiKey)), http.StatusOK)
		want("a cookie", l.request("GET", insight.Base+"/Workgroups", "", kept), http.StatusOK)
		want("a token of OPSWAT's", l.request("POST", "/o/api/v3/groups", "", opswat), http.StatusOK)
		want("a client of Entrust's", l.request("POST", "/api/web/v3/users/userid", `{"userId":"administrator"}`,
			http.Header{"Authorization": {l.first.ClientID + "," + l.first.ClientSecret}, "Content-Type": {"application/json"}}), http.StatusOK)
	}
	want("a wrong key", l.request("GET", insight.Base+"/Workgroups", "", psAuth(wrong)), http.StatusUnauthorized)
	want("nobody", l.request("GET", insight.Base+"/Workgroups", "", nil), http.StatusUnauthorized)
	want("a change", l.request("POST", insight.Base+"/Workgroups", `{"Name":"A"}`, psAuth(l.first.ApiKey)), http.StatusServiceUnavailable)
	want("a session that idled", l.request("POST", insight.Base+"/Auth/Signout", "", ended), http.StatusUnauthorized)
	want("a sign-out", l.request("POST", insight.Base+"/Auth/Signout", "", kept), http.StatusOK)
	want("the session that was signed out", l.request("GET", insight.Base+"/Workgroups", "", kept), http.StatusUnauthorized)
	if log.Len() > 0 {
		t.Errorf("the log has a line for each request:\n%s", log)
	}
	full.Store(false)
	must(t, store.PayOwed(t.Context(), l.db))
	want("the session, with room again", l.request("GET", insight.Base+"/Workgroups", "", kept), http.StatusUnauthorized)
	audits := l.request("GET", insight.Base+"/UserAudits?limit=1000", "", psAuth(l.first.ApiKey)).Body.String()
	for _, action := range []string{"Logout", "AccessDenied"} {
		if strings.Count(audits, `"ActionType":"`+action+`"`) == 0 {
			t.Errorf("there is no %s in the audit", action)
		}
	}
	if n := strings.Count(audits, `"ActionType":"Login"`); n < 20 {
		t.Errorf("%d sign-ins are in the audit", n)
	}
}

// TestFailuresCountOnAFullDisk tries passwords while nothing can be written: the account is locked as ever, and stays so.
func TestFailuresCountOnAFullDisk(t *testing.T) {
	t.Parallel()
	limit, err := store.ParseLimit("3/15m")
	must(t, err)
	l, full, log := fullDisk(t, func(on *ground) { on.limits = store.SignInLimits{Accounts: limit} })
	sign := func(key string) int {
		return l.request("GET", insight.Base+"/Workgroups", "", http.Header{"Authorization": {"PS-Auth key=" + key + "; runas=administrator;"}}).Code
	}
	full.Store(true)
	for range 3 {
		if status := sign(strings.Repeat("f", 128)); status != http.StatusUnauthorized {
			t.Errorf("a wrong key: %d", status)
		}
	}
	if status := sign(l.first.ApiKey); status != http.StatusUnauthorized {
		t.Errorf("the right key after them: %d, want a lock", status)
	}
	if n := strings.Count(log.String(), `locked="account \\administrator"`); n != 1 {
		t.Errorf("%d warnings of the lock, want 1:\n%s", n, log)
	}
	full.Store(false)
	must(t, store.PayOwed(t.Context(), l.db))
	if status := sign(l.first.ApiKey); status != http.StatusUnauthorized {
		t.Errorf("the right key, with room again: %d, want a lock", status)
	}
}

// TestGoneClientsAreNoErrors has clients hang up before, during and after a request: the log has nothing above debug.
func TestGoneClientsAreNoErrors(t *testing.T) {
	t.Parallel()
	l, _, log := fullDisk(t)
	l.assets(400)
	header := as(l.tokenOf("administrator"))
	for _, request := range []string{"GET Workgroups/1/Assets", "POST Workgroups", "POST Assets/Search", "DELETE Imports/1"} {
		method, path, _ := strings.Cut(request, " ")
		ctx, hangUp := context.WithCancel(t.Context())
		hangUp()
		r := httptest.NewRequestWithContext(ctx, method, insight.Base+"/"+path, strings.NewReader(`{"Name":"A","AssetName":"a"}`))
		r.Header = header.Clone()
		l.http.ServeHTTP(httptest.NewRecorder(), r)
	}
	r := httptest.NewRequestWithContext(t.Context(), "GET", insight.Base+"/Workgroups/1/Assets", nil)
	r.Header = header.Clone()
	func() {
		defer func() { recover() }() // the connection is cut
		l.http.ServeHTTP(&gone{ResponseRecorder: httptest.NewRecorder()}, r)
	}()
	if log.Len() > 0 {
		t.Errorf("the log:\n%s", log)
	}
}

// gone is a client that hangs up behind the first bytes.
type gone struct {
	*httptest.ResponseRecorder
	written int
}

func (g *gone) Write(p []byte) (int, error) {
	if g.written += len(p); g.written > 1000 {
		return 0, syscall.EPIPE
	}
	return g.ResponseRecorder.Write(p)
}
