package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/directory/directorytest"
	"github.com/musterhq/muster/server/insight"
)

// TestDirectory makes a user group of an OpenLDAP server with the program as it is served: its members come in the background,
// sign in by their directory, and are there after a kill; the credential lies in no file and no log readably.
func TestDirectory(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t)
	authorities := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(authorities, s.Authority.PEM, 0o600))
	staff := s.AddGroup("staff", s.AddUser("alice"), s.AddUser("bob"))
	dir := newDir(t)
	flags := []string{"--directory-allow", "localhost", "--directory-ca", authorities, "--log-level", "debug"}
	p := serve(t, dir, flags...)
	p.requirePassword()
	_, err := p.call("POST", "UserGroups", map[string]any{
		"groupType": "LdapDirectory", "groupName": "Staff", "groupDistinguishedName": staff, "hostName": "localhost", "bindUser": directorytest.ServiceDN,
		"bindPassword": directorytest.ServicePassword, "port": s.SecurePort, "useSSL": true, "membershipAttribute": "member", "accountAttribute": "uid",
		"ApplicationRegistrationIDs": []int{1},
	}, nil)
	must(t, err)
	count := func() int {
		var users []struct{ DomainName string }
		_, err := p.call("GET", "Users", nil, &users)
		must(t, err)
		n := 0
		for _, u := range users {
			if u.DomainName == "localhost" {
				n++
			}
		}
		return n
	}
	for deadline := time.Now().Add(time.Minute); count() < 2; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("nobody came:\n%s", p.log)
		}
	}
	p.stop(kill)
	logged := p.log.String()
	p = serve(t, dir, flags...)
	if n := count(); n != 2 {
		t.Errorf("%d users after a kill", n)
	}
	for password, want := range map[string]int{"pw of alice": 200, "pw of bob": 401, "": 401} {
		r, err := http.NewRequest("POST", p.HTTP+insight.Base+"/Auth/SignAppin", nil)
		must(t, err)
		r.Header.Set("Authorization", fmt.Sprintf(`PS-Auth key=%s; runas=localhost\alice; pwd=[%s];`, p.APIKey, password))
		got, err := http.DefaultClient.Do(r)
		must(t, err)
		got.Body.Close()
		if got.StatusCode != want {
			t.Errorf("%q: %d, want %d", password, got.StatusCode, want)
		}
	}
	must(t, p.stop(os.Interrupt))
	for _, secret := range []string{directorytest.ServicePassword, "pw of alice"} {
		if strings.Contains(logged+p.log.String(), secret) {
			t.Errorf("the log tells %q", secret)
		}
		must(t, filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			content, err := os.ReadFile(name)
			if strings.Contains(string(content), secret) {
				t.Errorf("%s holds %q", d.Name(), secret)
			}
			return err
		}))
	}
}
