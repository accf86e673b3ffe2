package main

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
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
	admin("administrator is released", "release", "administrator")
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
	admin("muster is inactive", "deactivate", "muster")
	admin("User 1 is the last active administrator", "deactivate", "administrator")
	admin("muster is active", "activate", "muster")
	admin(`User "nobody" not found`, "release", "nobody")
}
