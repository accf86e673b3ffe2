package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestNewcomer does what somebody does who has a clean copy of the repository: follows README.md to the letter, with the ports taken at
// first, and then docs/plugins.md from an empty folder, beside the make run that goes on. What is printed is compared with what the
// pages show. Only the compiler works in the repository itself, on the same files: in another folder it would begin from nothing.
func TestNewcomer(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "go", "make", "curl")
	n := &newcomer{t: t, copy: cleanCopy(t), ports: strings.NewReplacer(
		"127.0.0.1:8080", freePort(t), "localhost:8443", "localhost:"+portOf(freePort(t)), "127.0.0.1:8090", freePort(t))}
	n.environment = []string{
		"PATH=" + compilerAtHome(t) + ":" + os.Getenv("PATH"), "MUSTER_HTTP=" + n.ports.Replace("127.0.0.1:8080"), "MUSTER_HTTPS=127.0.0.1:" + portOf(n.ports.Replace("localhost:8443")),
	}
	n.portsTaken()
	n.makeRun()
	reader := newReader(t, n.copy, n.environment...)
	reader.follow(n.page("README.md"), n.printed, "make run", "make test")
	pasted := reader.run(n.printed[strings.Index(n.printed, "# Where the API is."):])
	for _, want := range []string{`{"ImportID":`, `"AssetName":"APP01"`, `"type":"MGMT_UI"`, `"number_of_devices":`} {
		if !strings.Contains(pasted, want) {
			t.Errorf("the commands to paste print no %s:\n%s", want, pasted)
		}
	}
	n.tutorials()
	n.stop()
	if n.makeRun(); !strings.Contains(n.printed, "/swagger/") || !strings.Contains(n.printed, "./bin/muster credentials") || strings.Contains(n.printed, "API key") {
		t.Errorf("a second make run prints\n%s", n.printed)
	}
}

// newcomer is somebody with a copy of the repository.
type newcomer struct {
	t           *testing.T
	copy        string
	ports       *strings.Replacer // those of the pages for free ones
	environment []string
	printed     string // by make run
	stop        func()
}

func (n *newcomer) page(name string) string {
	text, err := os.ReadFile(filepath.Join(n.copy, name))
	must(n.t, err)
	return n.ports.Replace(string(text))
}

func (n *newcomer) make(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "make", "run")
	cmd.Dir, cmd.Env = n.copy, append(os.Environ(), n.environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	return cmd
}

// portsTaken runs make run while somebody else has the ports.
func (n *newcomer) portsTaken() {
	for _, variable := range n.environment[1:] {
		_, address, _ := strings.Cut(variable, "=")
		l, err := net.Listen("tcp", address)
		must(n.t, err)
		defer l.Close()
	}
	out, err := n.make(n.t.Context()).CombinedOutput()
	for _, variable := range n.environment[1:] {
		name, address, _ := strings.Cut(variable, "=")
		if want := "port " + portOf(address) + " is taken"; err == nil || !strings.Contains(string(out), want) || !strings.Contains(string(out), "with "+name+"=") {
			n.t.Errorf("make run with its ports taken: %v, not %q and %s in\n%s", err, want, name, out)
		}
	}
	if _, err := os.Stat(filepath.Join(n.copy, "data")); !errors.Is(err, fs.ErrNotExist) {
		n.t.Errorf("it has made a store: %v", err)
	}
}

// makeRun runs make run until stop, and waits for what it prints.
func (n *newcomer) makeRun() {
	ctx, cancel := context.WithCancel(context.Background())
	out := &output{}
	cmd := n.make(ctx)
	cmd.Stdout = out
	must(n.t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	n.stop = func() { cancel(); <-ended }
	n.t.Cleanup(n.stop)
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if _, text, ready := strings.Cut(out.String(), "muster is ready."); ready && strings.HasSuffix(text, "\n\n") {
			n.printed = out.String()
			return
		}
		if time.Now().After(deadline) {
			n.t.Fatalf("make run prints no more than\n%s", out)
		}
	}
}

// tutorials follows docs/plugins.md, from an empty folder.
func (n *newcomer) tutorials() {
	first, second, found := strings.Cut(n.page("docs/plugins.md"), "\n## The same in Node\n")
	if !found {
		n.t.Fatal("there is no second language on the page")
	}
	reader := newReader(n.t, n.t.TempDir(), "MUSTER="+root(n.t))
	reader.follow(first, "")
	n.t.Run("Node", func(t *testing.T) {
		needs(t, "node", "npm")
		if _, err := os.Stat(filepath.Join(root(t), "plugins", "hostlist-node", "node_modules")); err != nil {
			t.Skip("the packages of plugins/hostlist-node are not here: npm ci --prefix plugins/hostlist-node")
		}
		reader.t = t
		reader.follow(second, "")
	})
}

func root(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	must(t, err)
	return root
}

// compilerAtHome is a folder with a go that builds muster in the repository, for a copy of it.
func compilerAtHome(t *testing.T) string {
	t.Helper()
	compiler, err := exec.LookPath("go")
	must(t, err)
	dir := t.TempDir()
	script := `#!/bin/sh
if [ "$*" = "build -o bin/muster ./cmd/muster" ]; then
	set -- build -C '` + root(t) + `' -o "$PWD/bin/muster" ./cmd/muster
fi
exec '` + compiler + `' "$@"
`
	must(t, os.WriteFile(filepath.Join(dir, "go"), []byte(script), 0o755))
	return dir
}

// cleanCopy copies the repository without what was built or served in it.
func cleanCopy(t *testing.T) string {
	t.Helper()
	root := root(t)
	copied := filepath.Join(t.TempDir(), "muster")
	must(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if slices.Contains([]string{".git", "bin", "data", "node_modules"}, e.Name()) {
			if e.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		to := filepath.Join(copied, strings.TrimPrefix(path, root))
		if e.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(to, content, info.Mode())
	}))
	return copied
}

func portOf(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }

// TestAnotherServerIsNotTheirs follows the part of docs/plugins.md that talks to a server while another one has the port: the commands
// fail, with a new folder and with one from an earlier try.
func TestAnotherServerIsNotTheirs(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "curl")
	page, err := os.ReadFile("../../docs/plugins.md")
	must(t, err)
	theirs := serve(t, newDir(t))
	text := strings.ReplaceAll(string(page), "127.0.0.1:8090", strings.TrimPrefix(theirs.HTTP, "http://"))
	pin := regexp.MustCompile(`(?s)cd \.\.\nexport MUSTER_DIR.*?` + "```").FindString(text)
	list := regexp.MustCompile(`(?s)curl -s --fail-with-body .*?` + "```").FindString(text)
	if pin == "" || list == "" {
		t.Fatal("the page has no such commands any more")
	}
	dir := t.TempDir()
	muster, err := os.Executable()
	must(t, err)
	must(t, os.MkdirAll(filepath.Join(dir, "bin"), 0o755))
	must(t, os.MkdirAll(filepath.Join(dir, "hostlist"), 0o755))
	must(t, os.Symlink(muster, filepath.Join(dir, "bin", "muster")))
	bash := func(folder, commands string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", strings.TrimSuffix(commands, "```"))
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), asMuster+"=1", "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := bash(filepath.Join(dir, "hostlist"), pin); err == nil || !strings.Contains(out, "there is no store in") {
		t.Errorf("with a new folder: %v\n%s", err, out)
	}
	must(t, serve(t, filepath.Join(dir, "lab")).stop(syscall.SIGTERM))
	if out, err := bash(dir, "export MUSTER_DIR=lab\n"+list); err == nil || !strings.Contains(out, "User not authenticated") {
		t.Errorf("with an old one: %v\n%s", err, out)
	}
}

// TestCommandsOfReadme finds each command that README names, and its flags.
func TestCommandsOfReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	must(t, err)
	named := regexp.MustCompile("`muster ((?:[a-z]+)(?: [a-z|\\\\-]+)?)").FindAllStringSubmatch(string(readme), -1)
	if len(named) < 12 {
		t.Errorf("README names %d commands", len(named))
	}
	for _, match := range named {
		words := strings.Fields(strings.ReplaceAll(match[1], `\|`, "|"))
		alternatives := []string{""}
		if len(words) > 1 && !strings.HasPrefix(words[1], "-") {
			alternatives = strings.Split(words[1], "|")
		}
		for _, sub := range alternatives {
			args := slices.DeleteFunc([]string{words[0], sub, "--help"}, func(s string) bool { return s == "" })
			if out, log, code := runCommand(t, args...); code != 0 || !strings.Contains(out, "muster "+strings.TrimSpace(words[0]+" "+sub)) {
				t.Errorf("muster %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, log)
			}
		}
	}
}
