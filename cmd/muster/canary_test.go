package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/musterhq/muster/store"
)

// canary is in every secret that TestCanaries chooses.
const canary = "KanarieX7q"

// findCanary names the files below a folder that have one of the secrets, as they are or as hex or base64 spell them, and
// how many files it looked into.
func findCanary(t *testing.T, dir string, secrets ...string) (found []string, files int) {
	t.Helper()
	var needles [][]byte
	for _, s := range secrets {
		needles = append(needles, []byte(s), []byte(hex.EncodeToString([]byte(s))))
		for shift := range 3 { // without the letters that share a byte with their neighbours
			text := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + s))
			needles = append(needles, []byte(text[4*((shift+2)/3):len(text)-4]))
		}
	}
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		files++
		if slices.ContainsFunc(needles, func(n []byte) bool { return bytes.Contains(content, n) }) {
			found = append(found, e.Name())
		}
		return err
	}))
	return found, files
}

// TestCanaries gives the program secrets of all kinds, by its environment, the API and an import, and looks for them in
// the folder of the store while it runs and after, in all that it printed at its most talkative, what importers said to
// their standard error included, in metrics, and in a backup. The master key, which must lie beside the store, may be
// in its own file only.
func TestCanaries(t *testing.T) {
	key := strings.Repeat("ca9a21e0", 16)
	t.Setenv("MUSTER_ADMIN_PASSWORD", canary+"-administrator")
	t.Setenv("MUSTER_API_KEY", key)
	t.Setenv("MUSTER_CLIENT_SECRET", canary+strings.Repeat("s", 30))
	dir, seen, admin := newDir(t), t.TempDir(), freePort(t)
	p := serve(t, dir, "--log-level", "debug", "--admin", admin)
	secrets := []string{canary, key[:32], p.Token}

	var made store.User
	_, err := p.call("POST", "Users", map[string]any{"UserName": "bird", "FirstName": "Bird", "EmailAddress": "bird@lab.example", "Password": canary + "-bird"}, &made)
	must(t, err)
	p.call("GET", "Workgroups?secret="+canary, nil, nil)
	p.call("POST", "UserGroups?secret="+canary, map[string]any{"groupType": "LdapDirectory", "hostName": "ldap.example", "bindUser": "cn=muster", "bindPassword": canary}, nil)
	file := `<PasswordSafeImport version="1"><Assets><Asset><IPAddress>192.0.2.9</IPAddress><ManagedSystem><PlatformID>2</PlatformID><ManagedAccounts><ManagedAccount>` +
		`<AccountName>root</AccountName><Password>` + canary + `</Password></ManagedAccount></ManagedAccounts></ManagedSystem></Asset>`
	for _, end := range []string{"</Assets></PasswordSafeImport>", "<Password>" + canary + "&broken"} {
		var queued struct{ ImportID int }
		_, err = p.call("POST", "Imports", map[string]any{"WorkgroupID": 1, "FileName": "safe.xml", "Base64FileContents": base64.StdEncoding.EncodeToString([]byte(file + end))}, &queued)
		must(t, err)
		if i := p.await(queued.ImportID, ended); i.Created+i.Unchanged != 1 {
			t.Errorf("the import brought in nothing: %+v", i)
		}
	}
	var safe, secret struct{ Id string }
	_, err = p.call("POST", "Secrets-Safe/Safes", map[string]any{"Name": "Birds"}, &safe)
	must(t, err)
	_, err = p.call("POST", "Secrets-Safe/Folders/"+safe.Id+"/Secrets", map[string]any{"Title": "bird", "Username": "bird", "Password": canary}, &secret)
	must(t, err)
	_, err = p.call("POST", "Secrets-Safe/Folders/"+safe.Id+"/Secrets/Text", map[string]any{"Title": "song", "Text": canary + " sings"}, &secret)
	must(t, err)
	put := func(name string, content []byte) { must(t, os.WriteFile(filepath.Join(seen, name), content, 0o600)) }
	got, err := insecure.Get("http://" + admin + "/metrics")
	must(t, err)
	var metrics bytes.Buffer
	_, err = metrics.ReadFrom(got.Body)
	must(t, err)
	got.Body.Close()
	put("metrics", metrics.Bytes())
	look := func(when string) {
		t.Helper()
		if found, files := findCanary(t, dir, secrets...); len(found) > 0 || files < 5 {
			t.Errorf("%s: a secret is in %v, of %d files", when, found, files)
		}
	}
	look("while it runs")
	pass := filepath.Join(t.TempDir(), "pass")
	must(t, os.WriteFile(pass, []byte(canary+"-backup\n"), 0o600))
	if _, log, code := runCommand(t, "backup", filepath.Join(seen, "backup"), "--dir", dir, "--passphrase-file", pass); code != 0 {
		t.Fatal(log)
	}
	must(t, p.stop(syscall.SIGTERM))
	look("when it has ended")
	put("log", []byte(p.log.String()))
	put("out", []byte(p.out.String()))
	master, err := os.ReadFile(filepath.Join(dir, "master.key"))
	must(t, err)
	if found, files := findCanary(t, seen, append(secrets, strings.TrimSpace(string(master)))...); len(found) > 0 || files != 4 {
		t.Errorf("a secret is in %v, of %d files", found, files)
	}
	if found, _ := findCanary(t, dir, strings.TrimSpace(string(master))); !slices.Equal(found, []string{"master.key"}) {
		t.Errorf("the master key is in %v", found)
	}
	must(t, os.WriteFile(filepath.Join(seen, "planted"), []byte("…"+base64.StdEncoding.EncodeToString([]byte("pwd="+canary+";"))), 0o600))
	if found, _ := findCanary(t, seen, secrets...); !slices.Equal(found, []string{"planted"}) {
		t.Errorf("what was planted is not found, but %v", found)
	}
}
