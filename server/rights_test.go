package server_test

import (
	"net/http"
	"testing"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/idaas"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/server/metaaccess"
	"github.com/musterhq/muster/store"
)

// probes are requests that need one permission, one for each door: Asset Management or User Accounts Management (Read).
var probes = map[string]struct{ method, path string }{
	insight.Name:    {"GET", insight.Base + "/Organizations"},
	idaas.Name:      {"GET", idaas.Base + "/v1/groups"},
	metaaccess.Name: {"POST", metaaccess.Base + "/api/v3/groups"},
}

// TestRightsHoldFromTheNextRequest changes what a signed-in user may do, and asks again at each door with the same token,
// and with the same cookie.
func TestRightsHoldFromTheNextRequest(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct {
		do   func(tx *store.Tx, u *store.User, g *store.UserGroup) error
		want int
	}{
		"nothing": {func(*store.Tx, *store.User, *store.UserGroup) error { return nil }, http.StatusOK},
		"a permission is taken from the group": {func(tx *store.Tx, _ *store.User, g *store.UserGroup) error {
			for _, p := range []authz.Permission{authz.AssetManagement, authz.UserAccountsManagement} {
				if _, err := store.GroupPermission.Cut(tx, g.GroupID, int(p)); err != nil {
					return err
				}
			}
			return nil
		}, http.StatusForbidden},
		"the user leaves the group": {func(tx *store.Tx, u *store.User, g *store.UserGroup) error {
			_, err := store.GroupMember.Cut(tx, g.GroupID, u.UserID)
			return err
		}, http.StatusForbidden},
		"the group is deactivated": {func(tx *store.Tx, _ *store.User, g *store.UserGroup) error {
			g.IsActive = false
			return store.UserGroups.Put(tx, g)
		}, http.StatusForbidden},
		"the user is deactivated": {func(tx *store.Tx, u *store.User, _ *store.UserGroup) error {
			u.IsActive = false
			return store.Users.Put(tx, u)
		}, http.StatusUnauthorized},
		"the user is quarantined": {func(tx *store.Tx, u *store.User, _ *store.UserGroup) error {
			u.IsQuarantined = true
			return store.Users.Put(tx, u)
		}, http.StatusUnauthorized},
		"the password is replaced": {func(tx *store.Tx, u *store.User, _ *store.UserGroup) error {
			return store.UserSecrets.Put(tx, &store.UserSecret{UserID: u.UserID, Version: 2})
		}, http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t, false)
			grants := []authz.Grant{{Permission: authz.AssetManagement, Level: authz.Read}, {Permission: authz.UserAccountsManagement, Level: authz.Read}}
			callers := map[string]http.Header{"cookie": l.cookieOf(l.tokenOf("rita", grants...))}
			for _, d := range server.Dialects() {
				callers[d.Name] = as(l.tokenAt(d.Name, "rita"))
			}
			ask := func(how, when string, want int) {
				probe, known := probes[how]
				if how == "cookie" {
					probe, known = probes[insight.Name], true
				}
				if !known {
					t.Fatalf("no probe for %s", how)
				}
				if w := l.request(probe.method, probe.path, "", callers[how]); w.Code != want {
					t.Errorf("%s, %s: %d %s, want %d", how, when, w.Code, w.Body, want)
				}
			}
			for how := range callers {
				ask(how, "before", http.StatusOK)
			}
			must(t, store.Change(t.Context(), l.db, system, func(tx *store.Tx) error {
				u, err := store.UserByName(tx, "rita")
				if err != nil {
					return err
				}
				g, err := store.UserGroupByName(tx, "rita")
				if err != nil {
					return err
				}
				return change.do(tx, u, g)
			}))
			for how := range callers {
				ask(how, "after", change.want)
			}
		})
	}
}

// TestSignoutEndsOneSession ends the session that signs out, by token or by cookie, and no other.
func TestSignoutEndsOneSession(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	token := as(l.tokenOf("rita"))
	first, second := l.cookieOf(l.tokenOf("rita")), l.cookieOf(l.tokenOf("rita"))
	for _, step := range []struct {
		out  http.Header
		want [3]int // token, first cookie, second cookie
	}{
		{first, [3]int{200, 401, 200}},
		{token, [3]int{401, 401, 200}},
		{second, [3]int{401, 401, 401}},
	} {
		if w := l.request("POST", insight.Base+"/Auth/Signout", "", step.out); w.Code != http.StatusOK {
			t.Fatalf("sign-out: %d %s", w.Code, w.Body)
		}
		for i, header := range []http.Header{token, first, second} {
			if w := l.request("GET", insight.Base+"/Auth", "", header); w.Code != step.want[i] {
				t.Errorf("session %d: %d, want %d", i, w.Code, step.want[i])
			}
		}
	}
}

// cookieOf begins a cookie session with a token.
func (l *fixture) cookieOf(token string) http.Header {
	l.t.Helper()
	w := l.request("POST", insight.Base+"/Auth/SignAppin", "", as(token))
	if w.Code != http.StatusOK {
		l.t.Fatalf("sign-in: %d %s", w.Code, w.Body)
	}
	return http.Header{"Cookie": {w.Result().Cookies()[0].String()}}
}
