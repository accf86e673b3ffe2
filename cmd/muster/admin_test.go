package main

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/musterhq/muster/store"
)

// TestAdmin does to users what the API cannot, with a server that runs on the store and without.
func TestAdmin(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	p := serve(t, dir)
	admin := func(want string, args ...string) {
		t.Helper()
		out, log, _ := runCommand(t, append(append([]string{"admin"}, args...), "--dir", dir)...)
		if !strings.Contains(out+log, want) {
			t.Errorf("admin %v: %q %q, want %q", args, out, log, want)
		}
	}
	// The application is an administrator too, until it is none any more.
	if _, err := p.call("POST", "Users/1/Quarantine", nil, nil); err != nil {
		t.Error(err)
	}
	if status, _ := p.call("GET", "Workgroups", nil, nil); status != http.StatusUnauthorized {
		t.Errorf("the token of a quarantined user: %d", status)
	}
	admin("User 2 is the last active administrator", "deactivate", "muster")
	admin("administrator is released\n", "release", "administrator")
	admin("administrator is not quarantined; nothing is changed", "release", "administrator")
	admin("administrator is active already; nothing is changed", "activate", "administrator")
	if status, _ := p.call("GET", "Workgroups", nil, nil); status != http.StatusUnauthorized {
		t.Errorf("a token from before the quarantine: %d", status)
	}
	token, log, code := runCommand(t, "token", "administrator", "--dir", dir)
	if code != 0 {
		t.Fatal(log)
	}
	p.Token = strings.TrimSpace(token)
	if _, err := p.call("GET", "Workgroups", nil, nil); err != nil {
		t.Error(err)
	}
	var audits struct {
		Data []struct{ UserName, ActionType string }
	}
	if _, err := p.call("GET", "UserAudits?section=User", nil, &audits); err != nil {
		t.Error(err)
	}
	if len(audits.Data) < 2 || audits.Data[0].UserName != "muster" || audits.Data[0].ActionType != "Edit" || audits.Data[1].ActionType != "Quarantine" {
		t.Errorf("audits %v", audits.Data)
	}
	must(t, p.stop(syscall.SIGTERM))
	admin("muster is inactive\n", "deactivate", "muster")
	admin("muster is inactive already; nothing is changed", "deactivate", "muster")
	admin("User 1 is the last active administrator", "deactivate", "administrator")
	admin("muster is active", "activate", "muster")
	admin(`User "nobody" not found`, "release", "nobody")
}

// TestUnlock locks the application and its address by wrong secrets, over a restart, and lifts both with a server that runs on the
// store and without.
func TestUnlock(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	proxy := []string{"--trusted-proxy", "192.0.2.1"} // without one, loopback is not locked
	p := serve(t, dir, proxy...)
	admin := func(want string, args ...string) {
		t.Helper()
		out, log, _ := runCommand(t, append(append([]string{"admin"}, args...), "--dir", dir)...)
		if !strings.Contains(out+log, want) {
			t.Errorf("admin %v: %q %q, want %q", args, out, log, want)
		}
	}
	signIn := func(secret string) int {
		status, _ := p.call("POST", "Auth/connect/token", map[string]string{
			"grant_type": "client_credentials", "client_id": p.ClientID, "client_secret": secret,
		}, nil)
		return status
	}
	for range 5 {
		if status := signIn("wrong"); status != http.StatusUnauthorized {
			t.Errorf("a wrong secret: %d", status)
		}
	}
	mustBeLocked := func(when string) {
		t.Helper()
		if status := signIn(p.ClientSecret); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", when, status)
		}
	}
	mustBeLocked("after five failures")
	admin("Muster is unlocked", "unlock", " Muster")
	mustBeLocked("the address still is")
	must(t, p.stop(syscall.SIGTERM))
	p.mustTellOfLocks(dir)
	p = serve(t, dir, proxy...)
	mustBeLocked("after a restart")
	must(t, p.stop(syscall.SIGTERM))
	admin("127.0.0.1 is unlocked", "unlock", "127.0.0.1")
	admin(`no failed sign-in is held against "127.0.0.1"`, "unlock", "127.0.0.1")
	p = serve(t, dir, proxy...)
	if status := signIn(p.ClientSecret); status != http.StatusOK {
		t.Errorf("unlocked: %d", status)
	}
}

// mustTellOfLocks finds a warning for the account and one for the address: until when, and with a command that this host can run.
func (p *process) mustTellOfLocks(dir string) {
	p.t.Helper()
	told := map[string]string{}
	for line := range strings.Lines(p.log.String()) {
		var l struct{ Level, Msg, Locked, Until, Unlock, See string }
		if json.Unmarshal([]byte(line), &l) == nil && l.Level == "WARN" && l.Locked != "" {
			if told[l.Locked] != "" || l.Until == "" || l.See != store.RefusedPage {
				p.t.Errorf("%s", line)
			}
			told[l.Locked] = l.Unlock
		}
	}
	self, err := os.Executable()
	must(p.t, err)
	command := quoted(self) + " admin unlock --dir " + quoted(dir)
	if want := map[string]string{`account \muster`: command + " muster", "address 127.0.0.1": command + " 127.0.0.1"}; !maps.Equal(told, want) {
		p.t.Errorf("got %q, want %q", told, want)
	}
}

// TestNobodyLocksOutTheHost mistypes names from this host: that locks no address, and under --demo nothing.
func TestNobodyLocksOutTheHost(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string][]string{"as it comes": nil, "demo": {"--demo"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, newDir(t), flags...)
			for range 6 {
				for _, user := range []string{"adminstrator", "administator"} {
					if status := signsInAs(p, p.APIKey, user, "x"); status != http.StatusUnauthorized {
						t.Errorf("%s: %d", user, status)
					}
				}
			}
			if status := signsInAs(p, p.APIKey, "administrator", p.Password); status != http.StatusOK {
				t.Errorf("the right name: %d", status)
			}
			if locked := strings.Count(p.log.String(), `"msg":"locked after failed sign-ins"`); locked != map[string]int{"as it comes": 2, "demo": 0}[name] {
				t.Errorf("%d locks", locked)
			}
		})
	}
}

// TestRotateKeys lets sessions go on, with a server that runs on the store and without.
func TestRotateKeys(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	p := serve(t, dir)
	kid := func() string {
		t.Helper()
		token, log, code := runCommand(t, "token", "administrator", "--dir", dir)
		if code != 0 {
			t.Fatal(log)
		}
		header, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
		must(t, err)
		return string(header)
	}
	rotate := func() {
		t.Helper()
		before := kid()
		if out, log, code := runCommand(t, "admin", "rotate-keys", "--dir", dir); code != 0 || !strings.Contains(out, "signed with a new key") {
			t.Fatalf("%d %q %q", code, out, log)
		}
		if after := kid(); after == before {
			t.Errorf("the same key signs: %s", after)
		}
	}
	goesOn := func(when string) {
		t.Helper()
		if _, err := p.call("GET", "Workgroups", nil, nil); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	for range 3 {
		rotate()
	}
	goesOn("rotated beside a running server")
	must(t, p.stop(syscall.SIGTERM))
	rotate()
	p = serve(t, dir)
	goesOn("rotated without one")
}
