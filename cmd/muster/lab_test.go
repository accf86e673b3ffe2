package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/musterhq/muster/store"
)

const labFile = `muster: 1
Organizations:
  - Name: Northwind
Workgroups:
  - Name: Data Center
    Organization: Northwind
    Assets:
      - {IPAddress: 10.0.0.1, AssetName: srv01}
UserGroups:
  - {Name: Operators, Permissions: {Asset Management: Read/Write}, ApiRegistrations: muster key}
Users:
  - {UserName: olga, FirstName: Olga, EmailAddress: olga@lab.example, PasswordFile: olga.txt, Groups: Operators}
`

// writeFiles writes files into a new folder and returns it.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

// TestLoadAndDump uses load and dump with a server that runs on the store, and without.
func TestLoadAndDump(t *testing.T) {
	t.Parallel()
	files := writeFiles(t, map[string]string{
		"lab.yaml": labFile, "olga.txt": "a long password of olga\n", "wrong.yaml": "muster: 1\nUsers:\n  - {UserName: olga, Groups: [Nobody]}\n", "dangling.yaml": "muster: [",
	})
	lab, dir := filepath.Join(files, "lab.yaml"), newDir(t)
	p := serve(t, dir)
	does := func(what, want string, args ...string) string {
		t.Helper()
		out, log, code := runCommand(t, append(args, "--dir", dir)...)
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("%s: exit code %d, %s%s, want %s", what, code, out, log, want)
		}
		return out
	}
	out := does("a dry run", lab+": 9 changes to make", "load", lab, "--dry-run")
	if !strings.Contains(out, lab+`:8: add Asset "Data Center / srv01"`) {
		t.Errorf("the dry run says\n%s", out)
	}
	does("the first load", lab+": 9 changes made", "load", lab)
	for _, state := range []string{"running", "stopped"} {
		does(state+", the same file", lab+": 0 changes made", "load", lab)
		does(state+", a dump", "AssetName: srv01", "dump")
		dumped := filepath.Join(files, state+".yaml")
		does(state+", a dump to a file", "", "dump", dumped, "--secrets")
		if info, err := os.Stat(dumped); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: the file of a dump: %v %v", state, info, err)
		}
		does(state+", the dump", ": 0 changes made", "load", dumped)
		wrong := filepath.Join(files, "wrong.yaml")
		for file, want := range map[string]string{
			wrong:                                 wrong + `:3: Users[0].Groups: Groups: User Group "Nobody" not found`,
			filepath.Join(files, "dangling.yaml"): "dangling.yaml:1: not YAML",
			filepath.Join(files, "nowhere.yaml"):  "no such file",
		} {
			if _, log, code := runCommand(t, "load", file, "--dir", dir); code != 1 || !strings.Contains(log, want) {
				t.Errorf("%s, %s: exit code %d, %s", state, file, code, log)
			}
		}
		if state == "running" {
			signIn := &caller{p, map[string][]string{"Authorization": {"PS-Auth key=" + p.APIKey + "; runas=olga; pwd=[a long password of olga];"}}}
			if status, text := signIn.ask("POST", "Auth/SignAppin", ""); status != 200 {
				t.Errorf("olga cannot sign in: %d %s", status, text)
			}
			must(t, p.stop(syscall.SIGTERM))
		}
	}
	if strings.Contains(p.log.String(), "a long password") {
		t.Error("the password is in the log")
	}
}

// TestServeLoads begins with a lab file, and ends with one that is refused.
func TestServeLoads(t *testing.T) {
	t.Parallel()
	files := writeFiles(t, map[string]string{
		"lab.yaml": labFile, "olga.txt": "x", "wrong.yaml": "muster: 1\nUsers:\n  - {UserName: olga}\n", "broken.yaml": "muster: one",
	})
	dir := newDir(t)
	p := serve(t, dir, "--load", filepath.Join(files, "lab.yaml"))
	var w store.Workgroup
	if _, err := p.call("GET", "Workgroups?name=Data%20Center", nil, &w); err != nil || w.Name != "Data Center" {
		t.Errorf("%v %v", w, err)
	}
	must(t, p.stop(syscall.SIGTERM))
	serve(t, dir, "--load", filepath.Join(files, "lab.yaml"))

	fresh := newDir(t)
	out, log, code := runCommand(t, "serve", "--dir", fresh, "--http", "127.0.0.1:0", "--https", "", "--load", filepath.Join(files, "wrong.yaml"))
	if code != 1 || !strings.Contains(log, "wrong.yaml:3: Users[0]: FirstName is required") || out != "" { // it was not begun: see TestPortsTaken

		t.Errorf("a refused file: exit code %d, %s%s", code, out, log)
	}
	fresh = newDir(t)
	_, log, code = runCommand(t, "serve", "--dir", fresh, "--load", filepath.Join(files, "broken.yaml"))
	if _, err := os.Stat(fresh); code != 1 || !strings.Contains(log, "broken.yaml:1: muster: a whole number is expected") || !os.IsNotExist(err) {
		t.Errorf("a broken file: exit code %d, %s, and the folder is %v", code, log, err)
	}
}
