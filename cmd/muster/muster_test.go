package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/musterhq/muster/plugins/host"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// The test binary is muster when it is started as muster: the tests below run the whole program as a process of its
// own, and that starts itself again for its importers. Under the name of an external importer it is that.
func TestMain(m *testing.M) {
	if name, external := strings.CutPrefix(filepath.Base(os.Args[0]), host.Prefix); external {
		serveExternal(name)
	}
	if os.Getenv(asMuster) != "" || len(os.Args) > 2 && (os.Args[1] == "importer" || os.Args[1] == host.ConfineCommand) {
		os.Unsetenv(asMuster)
		if last, err := strconv.Atoi(os.Getenv(killAfter)); err == nil {
			reached = dieAfter(last)
		}
		main()
	}
	os.Exit(m.Run())
}

const asMuster = "TEST_BINARY_IS_MUSTER"

// killAfter is the variable that says after how many steps of a first start muster is killed.
const killAfter = "TEST_KILL_AFTER_STEP"

func dieAfter(last int) func(string) {
	step := 0
	return func(name string) {
		if step++; step == last {
			fmt.Fprintf(os.Stderr, "killed after step %d, %s\n", step, name)
			_ = syscall.Kill(os.Getpid(), kill)
			select {}
		}
	}
}

// process is a running muster.
type process struct {
	t    *testing.T
	dir  string
	cmd  *exec.Cmd
	out  *output
	log  *output
	done chan error
	firstCredentials
}

// output is what a process has written so far.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func command(ctx context.Context, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = append(os.Environ(), asMuster+"=1")
	return cmd
}

// serve starts muster on a directory and waits until it answers. The facts of the first start are kept beside the
// directory, so that a second start knows them; addresses are new each time.
func serve(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	p := &process{t: t, dir: dir, out: &output{}, log: &output{}, done: make(chan error, 1)}
	facts := dir + ".json"
	p.cmd = command(context.Background(), append([]string{"serve", "--dir", dir, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0",
		"--first-start-file", facts, "--log", "json"}, args...)...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.log
	must(t, p.cmd.Start())
	go func() { p.done <- p.cmd.Wait(); close(p.done) }()
	t.Cleanup(func() { p.cmd.Process.Kill(); <-p.done })
	deadline := time.Now().Add(30 * time.Second)
	for !p.answers() {
		select {
		case err := <-p.done:
			t.Fatalf("muster ended: %v\n%s", err, p.log)
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("muster does not answer:\n%s", p.log)
		}
	}
	text, err := os.ReadFile(facts)
	must(t, err)
	first := p.firstCredentials
	must(t, json.Unmarshal(text, &p.firstCredentials))
	if first.HTTP != "" { // a restart: the file has the addresses of the first start
		p.HTTP, p.HTTPS = first.HTTP, first.HTTPS
	}
	return p
}

// answers reports whether the process is ready, and learns its addresses: from the file of a first start, or from the
// line that a restart logs.
func (p *process) answers() bool {
	for line := range strings.Lines(p.log.String()) {
		var l struct{ Msg, HTTP, HTTPS string }
		if json.Unmarshal([]byte(line), &l) == nil && l.Msg == "serving" {
			p.HTTP, p.HTTPS = "http://"+l.HTTP, "https://"+l.HTTPS
		}
	}
	at := p.HTTP
	if text, err := os.ReadFile(p.dir + ".json"); at == "" && err == nil {
		var e firstCredentials
		if json.Unmarshal(text, &e) == nil {
			at = e.HTTP
		}
	}
	got, err := http.Get(at + "/readyz")
	if err != nil {
		return false
	}
	got.Body.Close()
	return got.StatusCode == http.StatusOK
}

// stop ends the process with a signal and returns how it ended.
func (p *process) stop(s os.Signal) error {
	p.t.Helper()
	must(p.t, p.cmd.Process.Signal(s))
	select {
	case err := <-p.done:
		return err
	case <-time.After(20 * time.Second):
		p.t.Fatalf("muster does not stop:\n%s", p.log)
		return nil
	}
}

// insecure trusts the self-signed certificate; TestFirstStart compares the fingerprint.
var insecure = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: time.Minute}

// call calls the API with the token of the first start; answer may be nil.
func (p *process) call(method, path string, body, answer any) (int, error) {
	return p.callAt(p.HTTP, method, path, body, answer)
}

func (p *process) callAt(address, method, path string, body, answer any) (int, error) {
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		content = bytes.NewReader(b)
	}
	r, err := http.NewRequest(method, address+insight.Base+"/"+path, content)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+p.Token)
	r.Header.Set("Content-Type", "application/json")
	got, err := insecure.Do(r)
	if err != nil {
		return 0, err
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return 0, err
	}
	if answer != nil && got.StatusCode < 300 {
		err = json.Unmarshal(text, answer)
	} else if got.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s %s", method, path, got.Status, text)
	}
	return got.StatusCode, err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// nessus is a Nessus export of that many hosts.
func nessus(hosts int) []byte {
	var b bytes.Buffer
	b.WriteString("Plugin ID,CVE,CVSS,Risk,Host,Protocol,Port,Name,Synopsis,Description,Solution,See Also,Plugin Output\n")
	for n := range hosts {
		fmt.Fprintf(&b, "19506,,,None,10.%d.%d.%d,tcp,0,Nessus Scan Information,a,b,c,d,e\n", 100+n>>16, n>>8&255, n&255)
	}
	return b.Bytes()
}

// post queues an import of a file and returns its id.
func (p *process) post(file []byte) int {
	p.t.Helper()
	var queued struct{ ImportID int }
	_, err := p.call("POST", "Imports", map[string]any{
		"WorkgroupID": 1, "ImportType": "NESSUS", "FileName": "scan.csv", "Base64FileContents": base64.StdEncoding.EncodeToString(file),
	}, &queued)
	must(p.t, err)
	return queued.ImportID
}

// await waits until an import is as wanted.
func (p *process) await(id int, wanted func(*store.Import) bool) *store.Import {
	p.t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		i := new(store.Import)
		_, err := p.call("GET", fmt.Sprintf("Imports/%d", id), nil, i)
		must(p.t, err)
		if wanted(i) {
			return i
		}
	}
	p.t.Fatalf("import %d does not get there:\n%s", id, p.log)
	return nil
}

func ended(i *store.Import) bool { return !i.EndDate.IsZero() }

// run runs a command to its end.
func runCommand(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, log bytes.Buffer
	cmd := command(t.Context(), args...)
	cmd.Stdout, cmd.Stderr = &out, &log
	err := cmd.Run()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return out.String(), log.String(), cmd.ProcessState.ExitCode()
}

func newDir(t *testing.T) string { return filepath.Join(t.TempDir(), "data") }

const kill = syscall.SIGKILL
