package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/musterhq/muster/store"
)

// TestFirstStartInterrupted kills a first start after each of its steps. Whatever there is then, the next start is whole.
func TestFirstStartInterrupted(t *testing.T) {
	t.Parallel()
	var args []string
	for step := 1; ; step++ {
		dir := newDir(t)
		name := killedAfter(t, step, dir, args...)
		isWhole(t, "killed after "+name, dir, args...)
		switch name {
		case "store":
			args = []string{"--demo"} // costs time, and nothing before knows of it
		case "end":
			return
		}
		if step > 30 {
			t.Fatal("the first start has no end")
		}
	}
}

// killedAfter is the step after which a first start was killed.
func killedAfter(t *testing.T, step int, dir string, args ...string) string {
	t.Helper()
	cmd := command(t.Context(), append([]string{"serve", "--dir", dir, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0",
		"--first-start-file", dir + ".json"}, args...)...)
	cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", killAfter, step))
	log, err := cmd.CombinedOutput()
	_, name, killed := strings.Cut(string(log), fmt.Sprintf("killed after step %d, ", step))
	if !killed {
		t.Fatalf("it ended by itself: %v\n%s", err, log)
	}
	return strings.TrimSpace(name)
}

// TestFirstStartKilled kills first starts at any moment, between the steps too.
func TestFirstStartKilled(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	for after := 5 * time.Millisecond; after < 700*time.Millisecond; after *= 2 {
		cmd := command(t.Context(), "serve", "--dir", dir, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--first-start-file", dir+".json", "--demo")
		must(t, cmd.Start())
		time.Sleep(after)
		must(t, cmd.Process.Kill())
		_ = cmd.Wait()
	}
	isWhole(t, "killed at any moment", dir, "--demo")
	if out, log, code := runCommand(t, "verify", "--dir", dir); code != 0 {
		t.Errorf("%s%s", out, log)
	}
}

// isWhole starts a server on a folder and finds all that a first start makes, once, and each credential working.
func isWhole(t *testing.T, when, dir string, args ...string) {
	t.Helper()
	p := serve(t, dir, args...)
	if _, err := os.Stat(filepath.Join(dir, "first-start")); err == nil {
		t.Errorf("%s: the first start has not come to its end", when)
	}
	passwords := map[string]string{"administrator": p.Password}
	if slices.Contains(args, "--demo") {
		passwords["olga"] = p.DemoPassword
		var imports []store.Import
		if _, err := p.call("GET", "Imports", nil, &imports); err != nil || len(imports) != 1 || imports[0].State != store.ImportDone {
			t.Errorf("%s: the demo's import: %+v %v", when, imports, err)
		}
		for _, path := range []string{"Users?username=ruth", "Workgroups?name=Tidewater%20Laboratory", "Assets/1"} {
			if _, err := p.call("GET", path, nil, nil); err != nil {
				t.Errorf("%s: %v", when, err)
			}
		}
	}
	if status := signsIn(p, p.ClientID, p.ClientSecret); status != http.StatusOK {
		t.Errorf("%s: the client's secret: %d", when, status)
	}
	for user, password := range passwords {
		if status := signsInAs(p, p.APIKey, user, password); status != http.StatusOK {
			t.Errorf("%s: %s cannot sign in: %d", when, user, status)
		}
	}
	must(t, p.stop(syscall.SIGTERM))
}

// signsInAs is the status of a sign-in with an API key.
func signsInAs(p *process, key, user, password string) int {
	c := &caller{p, map[string][]string{"Authorization": {"PS-Auth key=" + key + "; runas=" + user + "; pwd=[" + password + "];"}}}
	status, _ := c.ask("POST", "Auth/SignAppin", "")
	return status
}

// requirePassword has the first API key ask for the user's password, which is ignored otherwise.
func (p *process) requirePassword() {
	p.t.Helper()
	_, err := p.call("PUT", "ApiRegistrations/1", map[string]any{"Name": "muster key", "RegistrationType": "ApiKeyPolicy", "UserPasswordRequired": true}, nil)
	must(p.t, err)
}

// signsIn is the status of a token call.
func signsIn(p *process, id, secret string) int {
	status, _ := p.call("POST", "Auth/connect/token", map[string]string{"grant_type": "client_credentials", "client_id": id, "client_secret": secret}, nil)
	return status
}

// TestPortsTaken starts with both ports taken, which makes nothing and says which they are and how others are chosen. The next start
// is whole, and so is one after a lab file that was refused.
func TestPortsTaken(t *testing.T) {
	t.Parallel()
	var taken []string
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		defer l.Close()
		taken = append(taken, l.Addr().String())
	}
	dir := newDir(t)
	_, log, code := runCommand(t, "serve", "--dir", dir, "--http", taken[0], "--https", taken[1], "--demo")
	for _, want := range []string{strings.TrimPrefix(taken[0], "127.0.0.1:"), strings.TrimPrefix(taken[1], "127.0.0.1:"), "--http 127.0.0.1:PORT", "MUSTER_HTTPS=127.0.0.1:PORT"} {
		if code != exitPort || !strings.Contains(log, want) {
			t.Errorf("exit code %d, %q, want %q", code, log, want)
		}
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("a start without its ports has made a folder: %v", err)
	}
	wrong := writeFiles(t, map[string]string{"wrong.yaml": "muster: 1\nUsers:\n  - {UserName: olga, Groups: [Nobody]}\n"})
	out, log, code := runCommand(t, "serve", "--dir", dir, "--http", "127.0.0.1:0", "--https", "", "--load", filepath.Join(wrong, "wrong.yaml"))
	if code != exitFailed || out != "" {
		t.Errorf("a refused lab file: exit code %d, %s%s", code, out, log)
	}
	for _, command := range [][]string{{"token", "administrator"}, {"verify"}} {
		if out, log, code := runCommand(t, append(command, "--dir", dir)...); code != exitStore || !strings.Contains(log, "first start of "+dir+" did not come to its end") {
			t.Errorf("%v of a store that is not finished: exit code %d, %s%s", command, code, out, log)
		}
	}
	isWhole(t, "after ports were taken and a file refused", dir, "--demo")
}

// TestOnlyServeMakesAStore opens an empty folder, in which a store would be made that nobody knows how to enter.
func TestOnlyServeMakesAStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, command := range [][]string{{"token", "administrator"}, {"credentials"}, {"plugins", "list"}, {"dump"}, {"verify"}} {
		if out, log, code := runCommand(t, append(command, "--dir", dir)...); code != exitStore || !strings.Contains(log, "no store in") {
			t.Errorf("%v: exit code %d, %s%s", command, code, out, log)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// TestTheFileComesFirst asks a new server for its readiness all the time: with the first yes the file is there.
func TestTheFileComesFirst(t *testing.T) {
	t.Parallel()
	address, dir := freePort(t), newDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	cmd := command(ctx, "serve", "--dir", dir, "--http", address, "--https", "", "--first-start-file", dir+".json", "--demo")
	must(t, cmd.Start())
	defer cmd.Wait()
	defer cancel()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		got, err := http.Get("http://" + address + "/readyz")
		if err != nil {
			continue
		}
		got.Body.Close()
		if got.StatusCode != http.StatusOK {
			t.Errorf("it answers %s before it is ready", got.Status)
		}
		text, err := os.ReadFile(dir + ".json")
		if err != nil || !json.Valid(text) {
			t.Errorf("ready without the file: %v %q", err, text)
		}
		return
	}
	t.Error("it never was ready")
}
