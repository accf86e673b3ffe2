package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/musterhq/muster/server"
)

// TestCredentials shows what can be shown, and makes new what cannot, beside a server and without one. The old ones end at once, and
// each act leaves an audit row.
func TestCredentials(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	p := serve(t, dir, "--lockout-address", "off")
	p.requirePassword()
	credentials := func(args ...string) string {
		t.Helper()
		out, log, code := runCommand(t, append(append([]string{"credentials"}, args...), "--dir", dir)...)
		if code != 0 {
			t.Fatalf("%v: exit code %d, %s%s", args, code, out, log)
		}
		return strings.TrimSpace(out)
	}
	listed := credentials()
	for _, want := range []string{"administrator", p.ClientID, "muster key", "muster token", p.HTTPS[strings.LastIndex(p.HTTPS, ":"):] + "/swagger/", "credentials reset password"} {
		if !strings.Contains(listed, want) {
			t.Errorf("%q is not listed:\n%s", want, listed)
		}
	}
	for _, secret := range []string{p.Password, p.APIKey, p.ClientSecret} {
		if strings.Contains(listed, secret) {
			t.Errorf("a secret is shown that nobody asked for:\n%s", listed)
		}
	}
	for range 5 { // somebody who has lost the password has tried others
		signsInAs(p, p.APIKey, "administrator", "wrong")
	}
	password, secret := credentials("reset", "password"), credentials("reset", "secret")
	must(t, p.stop(syscall.SIGTERM))
	if kept := credentials("--keys"); !strings.Contains(kept, p.APIKey) || strings.Contains(kept, "/swagger/") {
		t.Errorf("the key is not shown, or an address at which nobody listens:\n%s", kept)
	}
	key := credentials("reset", "key", "Muster Key")
	var all server.LocalCredentials
	if err := json.Unmarshal([]byte(credentials("--json", "--keys")), &all); err != nil || all.Registrations[0].Key != key {
		t.Errorf("as JSON: %v %+v", err, all)
	}
	for want, args := range map[string][]string{
		`User "nobody" not found`: {"password", "nobody"}, `API Registration "nothing" not found`: {"key", "nothing"},
		"has a client secret and no password": {"password", "muster"}, "has a password and no client secret": {"secret", "administrator"},
		"only an ApiKeyPolicy has a key": {"key", "muster token"},
	} {
		if _, log, code := runCommand(t, append([]string{"credentials", "reset", "--dir", dir}, args...)...); code == 0 || !strings.Contains(log, want) {
			t.Errorf("reset %v: exit code %d, %s", args, code, log)
		}
	}

	again := serve(t, dir, "--lockout-address", "off")
	if status := signsIn(again, p.ClientID, secret); status != http.StatusOK {
		t.Errorf("the new client secret: %d", status)
	}
	if status := signsIn(again, p.ClientID, p.ClientSecret); status != http.StatusUnauthorized {
		t.Errorf("the old client secret: %d", status)
	}
	if status := signsInAs(again, key, "administrator", password); status != http.StatusOK {
		t.Errorf("the new key and password: %d", status)
	}
	if status := signsInAs(again, p.APIKey, "administrator", password); status != http.StatusUnauthorized {
		t.Errorf("the old key: %d", status)
	}
	token, _, _ := runCommand(t, "token", "administrator", "--dir", dir)
	again.Token = strings.TrimSpace(token)
	var audits struct {
		Data []struct{ Section, ActionType string }
	}
	if _, err := again.call("GET", "UserAudits?limit=20", nil, &audits); err != nil {
		t.Error(err)
	}
	found := map[string]bool{}
	for _, a := range audits.Data {
		found[a.Section+" "+a.ActionType] = true
	}
	for _, want := range []string{"User Secret Edit", "API Key Edit", "API Key View"} {
		if !found[want] {
			t.Errorf("no audit %q among %v", want, found)
		}
	}
}
