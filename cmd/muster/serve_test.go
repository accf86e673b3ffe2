package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/musterhq/muster/store"
)

// TestFirstStart finds all that automation needs in the file, each of it working, and nothing of it in a restart's
// output or in any file that others can read.
func TestFirstStart(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	p := serve(t, dir)
	info, err := os.Stat(dir + ".json")
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v", info.Mode())
	}
	var w []store.Workgroup
	for _, address := range []string{p.HTTP, p.HTTPS} {
		if _, err := p.callAt(address, "GET", "Workgroups", nil, &w); err != nil || len(w) != 1 {
			t.Errorf("%s: %v %v", address, w, err)
		}
	}
	conn, err := tls.Dial("tcp", strings.TrimPrefix(p.HTTPS, "https://"), &tls.Config{InsecureSkipVerify: true})
	must(t, err)
	sum := fmt.Sprintf("%X", sha256.Sum256(conn.ConnectionState().PeerCertificates[0].Raw))
	must(t, conn.Close()) // a server that stops gives one that has said nothing five seconds
	if sum != strings.ReplaceAll(p.TLSFingerprint, ":", "") {
		t.Errorf("fingerprint %s, the certificate has %s", p.TLSFingerprint, sum)
	}
	must(t, p.stop(syscall.SIGTERM))

	again := serve(t, dir)
	if _, err := again.call("GET", "Workgroups", nil, &w); err != nil {
		t.Errorf("the token after a restart: %v", err)
	}
	for name, secret := range map[string]string{"password": p.Password, "API key": p.APIKey, "client secret": p.ClientSecret, "token": p.Token} {
		if secret == "" || strings.Contains(again.out.String()+again.log.String()+p.log.String()+p.out.String(), secret) {
			t.Errorf("the %s is empty or in the output", name)
		}
	}
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if info, err := e.Info(); err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	}))
}

// TestPresets lets the environment choose the secrets.
func TestPresets(t *testing.T) {
	key := strings.Repeat("ab", 64)
	t.Setenv("MUSTER_ADMIN_PASSWORD", "chosen password")
	t.Setenv("MUSTER_API_KEY", key)
	t.Setenv("MUSTER_CLIENT_ID", "a1b2c3d4-0000-4000-8000-000000000001")
	t.Setenv("MUSTER_CLIENT_SECRET", strings.Repeat("x", 40))
	p := serve(t, newDir(t))
	if p.Password != "chosen password" || p.APIKey != key || p.ClientID != "a1b2c3d4-0000-4000-8000-000000000001" || p.ClientSecret != strings.Repeat("x", 40) {
		t.Errorf("%+v", p.firstCredentials)
	}
}

// TestDemoBlock pastes the lines that a first start with --demo prints.
func TestDemoBlock(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("needs curl")
	}
	dir := newDir(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out := &output{}
	cmd := command(ctx, "serve", "--demo", "--dir", dir, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0")
	cmd.Stdout = out
	must(t, cmd.Start())
	defer cmd.Wait()
	defer cancel()
	deadline := time.Now().Add(30 * time.Second)
	for !strings.Contains(out.String(), "/o/oauth/token") {
		if time.Now().After(deadline) {
			t.Fatalf("no block:\n%s", out)
		}
		time.Sleep(10 * time.Millisecond)
	}
	_, lines, _ := strings.Cut(out.String(), "Paste these")
	_, lines, _ = strings.Cut(lines, "\n\n")
	http := regexp.MustCompile(`# or (\S+)`).FindStringSubmatch(lines)[1]
	for name, script := range map[string]string{
		"HTTPS": lines, "loopback HTTP": regexp.MustCompile(`API=\S+`).ReplaceAllString(lines, "API="+http),
	} {
		got, err := exec.Command("sh", "-c", script).CombinedOutput()
		if err != nil || !strings.Contains(string(got), `{"ImportID":`) || !strings.Contains(string(got), `"AssetName":"APP01"`) ||
			!strings.Contains(string(got), `"type":"MGMT_UI"`) || !strings.Contains(string(got), `"number_of_devices":`) {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
}

// TestRefusals are starts that end with a clear line.
func TestRefusals(t *testing.T) {
	t.Parallel()
	running := serve(t, newDir(t))
	keyless := newDir(t)
	must(t, os.MkdirAll(filepath.Join(keyless, "store"), 0o700))
	for name, c := range map[string]struct {
		args []string
		want string
		code int // 0: that of a command that is not understood
	}{
		"plain HTTP to the world":       {[]string{"serve", "--dir", newDir(t), "--http", ":8080"}, "loopback", 0},
		"profiles to the world":         {[]string{"serve", "--dir", newDir(t), "--admin", ":9090"}, "--admin: :9090 is not a loopback address", 0},
		"profiles at a host's name":     {[]string{"serve", "--dir", newDir(t), "--admin", "lab.example:9090"}, "not a loopback address", 0},
		"answers for all pages":         {[]string{"serve", "--dir", newDir(t), "--cors-origin", "*"}, "--cors-origin: an exact origin", 0},
		"answers for a pattern":         {[]string{"serve", "--dir", newDir(t), "--cors-origin", "https://portal.example,https://*.example"}, `not "https://*.example"`, 0},
		"room for nobody":               {[]string{"serve", "--dir", newDir(t), "--max-connections", "0"}, "--max-connections", 0},
		"a contract nobody signed":      {[]string{"serve", "--dir", newDir(t), "--contract", "social"}, "clients or manual", 0},
		"a rule of grants nobody knows": {[]string{"serve", "--dir", newDir(t), "--grants", "charity"}, "own or vendor", 0},
		"half a certificate":            {[]string{"serve", "--dir", newDir(t), "--tls-cert", "x"}, "--tls-key", 0},
		"a directory that is in use":    {[]string{"serve", "--dir", running.dir, "--http", "127.0.0.1:0", "--https", ""}, "in use", exitStore},
		"a store without its key":       {[]string{"serve", "--dir", keyless}, "master.key is gone", exitStore},
		"a master key that is none":     {[]string{"serve", "--dir", newDir(t), "--master-key-file", os.DevNull}, "64 hex characters", exitStore},
		"a destination that is none":    {[]string{"serve", "--dir", newDir(t), "--directory-allow", "10.0.0.0/33"}, `--directory-allow: "10.0.0.0/33"`, 0},
		"a server of no domain":         {[]string{"serve", "--dir", newDir(t), "--directory-server", "dc1.example"}, "--directory-server: DOMAIN=HOST:PORT", 0},
		"authorities that are none":     {[]string{"serve", "--dir", newDir(t), "--directory-ca", os.DevNull}, "holds no certificate", 0},
		"no authorities at all":         {[]string{"serve", "--dir", newDir(t), "--directory-ca", "no such file"}, "--directory-ca: open", 0},
		"synchronized all the time":     {[]string{"serve", "--dir", newDir(t), "--directory-sync", "1ms"}, "--directory-sync: 0 or at least 1s", 0},
		"groups of nobody":              {[]string{"serve", "--dir", newDir(t), "--directory-members", "0"}, "--directory-members: 1 to", 0},
		"no store to open":              {[]string{"token", "administrator", "--dir", newDir(t)}, "no store in", exitStore},
	} {
		began := time.Now()
		_, log, code := runCommand(t, c.args...)
		if c.code == 0 {
			c.code = exitUsage
		}
		if code != c.code || !strings.Contains(log, c.want) {
			t.Errorf("%s: exit code %d, %q", name, code, log)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s: it took %v", name, took)
		}
	}
}

// TestCommands uses token and import with a server that runs on the store, and without.
func TestCommands(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	scan, broken := filepath.Join(t.TempDir(), "scan.csv"), filepath.Join(t.TempDir(), "broken.csv")
	must(t, os.WriteFile(scan, nessus(7), 0o600))
	must(t, os.WriteFile(broken, append(nessus(2), `19506,,,None,"10.0.0.1`...), 0o600))
	p := serve(t, dir)
	commands := func(state string) {
		token, log, code := runCommand(t, "token", "administrator", "--dir", dir)
		if code != 0 || strings.Count(token, ".") != 2 {
			t.Errorf("%s: token: %d %s %s", state, code, token, log)
		}
		if _, log, code := runCommand(t, "token", "nobody", "--dir", dir); code != exitNotFound || !strings.Contains(log, `User "nobody" not found`) {
			t.Errorf("%s: token for nobody: %d %s", state, code, log)
		}
		out, log, code := runCommand(t, "import", scan, "--type", "NESSUS", "--filter", "10.100.0.0/30", "--wait", "--dir", dir)
		if code != 0 || !strings.Contains(out, "7 hosts read") || !strings.Contains(out, "3 filtered") {
			t.Errorf("%s: import: %d %s %s", state, code, out, log)
		}
		out, log, code = runCommand(t, "import", broken, "--type", "NESSUS", "--wait", "--dir", dir)
		if code != 1 || !strings.Contains(log, "quote") {
			t.Errorf("%s: import of a broken file: %d %s %s", state, code, out, log)
		}
		if _, log, code := runCommand(t, "import", scan, "--type", "KNITTING", "--dir", dir); code != 1 || !strings.Contains(log, "no importer") {
			t.Errorf("%s: import of an unknown type: %d %s", state, code, log)
		}
	}
	commands("running")
	must(t, p.stop(syscall.SIGTERM))
	commands("stopped")
	serve(t, dir) // and nothing is locked or broken afterwards
}

// TestImporterIsAnotherProcess compares the process ids that the server logs.
func TestImporterIsAnotherProcess(t *testing.T) {
	t.Parallel()
	p := serve(t, newDir(t))
	p.await(p.post(nessus(3)), ended)
	must(t, p.stop(syscall.SIGTERM)) // its log is complete then
	found := regexp.MustCompile(`"msg":"import ended".*"process":(\d+)`).FindStringSubmatch(p.log.String())
	if found == nil || found[1] == "0" || found[1] == fmt.Sprint(p.cmd.Process.Pid) {
		t.Errorf("importer process %v, server process %d", found, p.cmd.Process.Pid)
	}
}

// TestKillDuringImport kills the server in the middle of an import: after a restart it goes on and ends complete, and
// the importer of the killed server is gone.
func TestKillDuringImport(t *testing.T) {
	t.Parallel()
	const hosts = 6_000
	dir := newDir(t)
	p := serve(t, dir)
	id := p.post(nessus(hosts))
	p.await(id, func(i *store.Import) bool { return i.Read > 500 })
	p.stop(kill)
	again := serve(t, dir)
	i := again.await(id, ended)
	if i.State != store.ImportDone || i.Read != hosts || i.Created+i.Unchanged != hosts || i.Unchanged == 0 {
		t.Errorf("%+v", i)
	}
	var page struct{ TotalCount int }
	_, err := again.call("GET", "Workgroups/1/Assets?limit=1", nil, &page)
	must(t, err)
	if page.TotalCount != hosts {
		t.Errorf("%d assets, want %d", page.TotalCount, hosts)
	}
	left, err := os.ReadDir(filepath.Join(dir, "imports"))
	must(t, err)
	if len(left) > 0 {
		t.Errorf("spooled files are left: %v", left)
	}
}
