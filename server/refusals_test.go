package server_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// told is an audit as the tests here look at it.
type told struct {
	store.UserAudit
	details map[string]string
}

// refusalsTold are the audits of refusals, oldest first.
func (l *fixture) refusalsTold() (all []told) {
	l.t.Helper()
	_, err := store.View(l.t.Context(), l.db, system, func(tx *store.Tx) (any, error) {
		for a, err := range record.Audits.All(tx) {
			if err != nil {
				return nil, err
			}
			if a.ActionType != record.ActionAccessDenied && a.ActionType != record.ActionLockout {
				continue
			}
			one := told{UserAudit: a.UserAudit, details: map[string]string{}}
			for _, d := range a.Details {
				one.details[d.Name] = d.NewValue
			}
			all = append(all, one)
		}
		return nil, nil
	})
	must(l.t, err)
	return all
}

// TestRefusalsAreAudited leaves a row for each kind of 401 and 403 at each door, which names the route and nothing that was sent.
func TestRefusalsAreAudited(t *testing.T) {
	t.Parallel()
	const secret = "hunter2hunter2hunter2"
	for name, c := range map[string]struct {
		header func(l *fixture) http.Header
		query  string
		want   int
		reason string
	}{
		"no credential":        {func(*fixture) http.Header { return http.Header{} }, "?token=" + secret, 401, "no-credential"},
		"an unreadable header": {func(*fixture) http.Header { return http.Header{"Authorization": {"Basic " + secret}} }, "", 401, "unreadable-credential"},
		"an invalid token":     {func(*fixture) http.Header { return as("eyJh." + secret + ".AAAA") }, "", 401, "invalid-token"},
		"a session that is over": {func(l *fixture) http.Header {
			token := l.tokenOf("rita")
			l.request("POST", insight.Base+"/Auth/Signout", "", as(token))
			return as(token)
		}, "", 401, "ended-session"},
		"a missing permission": {func(l *fixture) http.Header { return as(l.tokenOf("rita")) }, "?username=" + secret, 403, "missing-permission"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t, false)
			header := c.header(l)
			if w := l.request("GET", insight.Base+"/Users"+c.query, "", header); w.Code != c.want {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			rows := l.refusalsTold()
			if len(rows) != 1 {
				t.Fatalf("%d rows", len(rows))
			}
			row := rows[0]
			if strings.Contains(fmt.Sprint(row), secret) {
				t.Errorf("the row holds what was sent: %+v", row)
			}
			if row.IPAddress != "192.0.2.1" || row.details["Door"] != insight.Name || !strings.HasPrefix(row.details["Route"], "GET Users") || row.details["Reason"] != c.reason {
				t.Errorf("%+v", row)
			}
			section := map[int]string{401: record.SectionAuthentication, 403: store.SectionAuthorization}[c.want]
			if row.Section != section || c.want == 403 && (row.UserName != "rita" || row.UserID == 0 || row.details["Refused"] != "User Accounts Management (Read) is required") {
				t.Errorf("%+v", row)
			}
		})
	}
}

// TestRefusalsOfHandlersAreAudited has 403s that only a handler can give.
func TestRefusalsOfHandlersAreAudited(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	uma := l.tokenOf("uma", authz.Grant{Permission: authz.UserAccountsManagement, Level: authz.ReadWrite})
	if status, answer := l.call(uma, "POST", "Users/2/UserGroups/1", ""); status != http.StatusForbidden {
		t.Fatalf("%d %s", status, answer)
	}
	rows := l.refusalsTold()
	if len(rows) != 1 || rows[0].UserName != "uma" || !strings.Contains(rows[0].details["Refused"], "membership of Administrators is required") {
		t.Errorf("%+v", rows)
	}
}

// TestAFloodOfStrangersSharesRows sends 500 requests without a session: one row at once, one when the minute is over.
func TestAFloodOfStrangersSharesRows(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	for range 500 {
		if status, _ := l.call("", "GET", "Workgroups", ""); status != http.StatusUnauthorized {
			t.Fatal(status)
		}
	}
	if rows := l.refusalsTold(); len(rows) != 1 {
		t.Errorf("%d rows at once", len(rows))
	}
	l.clock.Add(int64(time.Minute))
	must(t, store.FlushRefusals(t.Context(), l.db, false))
	if rows := l.refusalsTold(); len(rows) != 2 || rows[1].details["Repeated"] != "499" {
		t.Errorf("%+v", rows)
	}
}

// newLockingLab locks accounts and addresses after five failures.
func newLockingLab(t *testing.T, addresses string) *fixture {
	t.Helper()
	accounts, err := store.ParseLimit("5/15m")
	must(t, err)
	limits := store.SignInLimits{Accounts: accounts}
	limits.Addresses, err = store.ParseLimit(addresses)
	must(t, err)
	return newLabOn(t, ground{limits: limits}, false).requirePassword()
}

// psAuth signs in as a user, and returns what came of it.
func (l *fixture) psAuth(name, password string) (int, string, http.Header) {
	l.t.Helper()
	header := http.Header{"Authorization": {fmt.Sprintf("PS-Auth key=%s; runas=%s; pwd=[%s];", l.first.ApiKey, name, password)}}
	w := l.request("POST", insight.Base+"/Auth/SignAppin", "", header)
	return w.Code, w.Body.String(), w.Header()
}

// TestARefusalSaysNotThatItIsALockout has the same status, body and headers for a wrong password, an unknown user, and both of them
// once they are locked, whatever the password is.
func TestARefusalSaysNotThatItIsALockout(t *testing.T) {
	t.Parallel()
	l := newLockingLab(t, "off")
	want := ""
	for _, name := range []string{"administrator", "nobody"} {
		for i := range 8 {
			password := "wrong"
			if i > 5 && name == "administrator" {
				password = l.first.Password
			}
			status, body, header := l.psAuth(name, password)
			header.Del("X-Request-Id")
			got := fmt.Sprint(status, body, header)
			if want == "" && strings.HasPrefix(got, `401"Failed to authenticate due to one or more authentication rules."map[`) {
				want = got
			}
			if got != want {
				t.Errorf("%s, try %d: %s, want %s", name, i, got, want)
			}
		}
	}
	client := func() (int, string) {
		body := fmt.Sprintf(`{"grant_type":"client_credentials","client_id":%q,"client_secret":%q}`, l.first.ClientID, "wrong")
		return l.call("", "POST", "Auth/connect/token", body)
	}
	for range 8 {
		if status, body := client(); status != http.StatusUnauthorized || body != `{"error":"invalid_client","error_description":"the client_id or the client_secret is wrong"}` {
			t.Errorf("%d %s", status, body)
		}
	}
	locked := 0
	for _, row := range l.refusalsTold() {
		if row.ActionType == record.ActionLockout {
			locked++
		}
	}
	if locked != 3 {
		t.Errorf("%d lockouts are audited, want one for each account", locked)
	}
}

// TestSessionsOutliveALockout goes on for who is signed in, whatever others try.
func TestSessionsOutliveALockout(t *testing.T) {
	t.Parallel()
	l := newLockingLab(t, "5/15m")
	token := l.tokenOf("administrator")
	for range 6 {
		l.psAuth("administrator", "wrong")
	}
	if status, body := l.call(token, "GET", "Auth", ""); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
}

// TestTheAddressThatCountsIsThatOfTheDecision locks the client that a trusted proxy names, not the proxy; and nobody escapes by
// naming others.
func TestTheAddressThatCountsIsThatOfTheDecision(t *testing.T) {
	t.Parallel()
	l := newLockingLab(t, "5/15m")
	try := func(peer, forwarded, name, password string) int {
		l.peer = peer
		header := http.Header{"Authorization": {fmt.Sprintf("PS-Auth key=%s; runas=%s; pwd=[%s];", l.first.ApiKey, name, password)}}
		if forwarded != "" {
			header.Set("X-Forwarded-For", forwarded)
		}
		return l.request("GET", insight.Base+"/Auth", "", header).Code
	}
	for i := range 5 {
		try("203.0.113.1", "198.51.100.1", fmt.Sprint("proxied ", i), "wrong")
		try("192.0.2.66", fmt.Sprintf("198.51.100.%d", 100+i), fmt.Sprint("direct ", i), "wrong")
	}
	for _, c := range []struct {
		name, peer, forwarded string
		want                  int
	}{
		{"the client behind the proxy", "203.0.113.1", "198.51.100.1", 401},
		{"another client behind it", "203.0.113.1", "198.51.100.2", 200},
		{"the same client, without the proxy", "198.51.100.1", "", 401},
		{"who named another each time", "192.0.2.66", "198.51.100.9", 401},
		{"whom he named", "198.51.100.100", "", 200},
	} {
		if got := try(c.peer, c.forwarded, "administrator", l.first.Password); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// TestRefusalsDoTheSameWork counts the password hashes that refusals cost: one each where a password is given, whatever is wrong,
// and none for a locked account. That the times are alike, too, is TestSoakRefusalsTakeAsLong.
func TestRefusalsDoTheSameWork(t *testing.T) {
	t.Parallel()
	l := newLockingLab(t, "off")
	l.tokenOf("rita") // has no password
	l.psAuth("the first refusal takes the measure", "wrong")
	for range 5 {
		l.psAuth("locked", "wrong")
	}
	for name, c := range map[string]struct {
		user, key string
		want      int64
	}{
		"a wrong password":                 {"administrator", l.first.ApiKey, 1},
		"an unknown user":                  {"nobody", l.first.ApiKey, 1},
		"a user without a password":        {"rita", l.first.ApiKey, 1},
		"a wrong key":                      {"muster", strings.Repeat("0", 128), 1},
		"a wrong key and an unknown user":  {"nobody else", strings.Repeat("0", 128), 1},
		"a locked account":                 {"locked", l.first.ApiKey, 0},
		"a locked account and a wrong key": {"locked", strings.Repeat("0", 128), 0},
	} {
		before := l.db.Hasher().Computed()
		header := http.Header{"Authorization": {fmt.Sprintf("PS-Auth key=%s; runas=%s; pwd=[wrong];", c.key, c.user)}}
		if w := l.request("GET", insight.Base+"/Auth", "", header); w.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if got := l.db.Hasher().Computed() - before; got != c.want {
			t.Errorf("%s costs %d hashes, want %d", name, got, c.want)
		}
	}
}

// TestRefusalsOfRoutesAreToldApart: ten rows for each route that a user is refused at, whatever they are refused at elsewhere. What
// is refused before anybody is known shares a row, whatever the route.
func TestRefusalsOfRoutesAreToldApart(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	rita := l.tokenOf("rita")
	for range 12 {
		for _, path := range []string{"Users", "UserGroups"} {
			for token, want := range map[string]int{rita: http.StatusForbidden, "": http.StatusUnauthorized} {
				if status, answer := l.call(token, "GET", path, ""); status != want {
					t.Fatalf("%s: %d %s", path, status, answer)
				}
			}
		}
	}
	l.clock.Add(int64(time.Minute))
	must(t, store.FlushRefusals(t.Context(), l.db, false))
	rows := map[string]int{}
	for _, row := range l.refusalsTold() {
		rows[strings.TrimSpace(fmt.Sprint(row.UserName, " ", row.details["Route"], " ", row.details["Reason"], " ", row.details["Repeated"]))]++
	}
	want := map[string]int{
		"rita GET Users missing-permission": 10, "rita GET Users missing-permission 2": 1,
		"rita GET UserGroups missing-permission": 10, "rita GET UserGroups missing-permission 2": 1,
		"GET Users no-credential": 1, "GET Users no-credential 23": 1, // the route of the first
	}
	if !maps.Equal(rows, want) {
		t.Errorf("%v, want %v", rows, want)
	}
}
