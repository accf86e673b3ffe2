package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-plugin"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/host"
	"github.com/musterhq/muster/store"
)

// serveExternal is the main of the external importers of these tests.
func serveExternal(name string) {
	hang := func(context.Context, plugins.File, func(plugins.Record) error) error { select {} }
	switch name {
	case "lines":
		plugins.Serve(plugins.Importer{Type: "LINES", Extensions: []string{".txt"}, Version: "1.2", Import: readLines})
	case "nessus":
		plugins.Serve(plugins.Importer{Type: "NESSUS", Import: readLines})
	case "spins":
		plugins.Serve(plugins.Importer{Type: "SPINS", Import: func(context.Context, plugins.File, func(plugins.Record) error) error {
			for i := 0; ; i++ {
				if i < 0 {
					i = 0
				}
			}
		}})
	case "hangs": // and knows nothing of the kit, which would notice the end of its host
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		plugin.Serve(&plugin.ServeConfig{
			HandshakeConfig:  plugins.Handshake(),
			VersionedPlugins: map[int]plugin.PluginSet{plugins.Version: {plugins.Name: &plugins.Plugin{Importer: plugins.Importer{Type: "HANGS", Import: hang}}}},
			GRPCServer:       plugin.DefaultGRPCServer,
		})
	case "crashes":
		fmt.Fprintln(os.Stderr, "no such library")
	}
	os.Exit(3)
}

// readLines reads an address from each line.
func readLines(_ context.Context, f plugins.File, emit func(plugins.Record) error) error {
	for s := bufio.NewScanner(f); s.Scan(); {
		if err := emit(plugins.Record{IPAddress: s.Text()}); err != nil {
			return err
		}
	}
	return nil
}

// external writes an external importer into a folder of its own.
func external(t *testing.T, name string) string {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	content, err := os.ReadFile(self)
	must(t, err)
	file := filepath.Join(t.TempDir(), host.Prefix+name)
	must(t, os.WriteFile(file, content, 0o700))
	return file
}

// postAs queues an import of a type and returns its id.
func (p *process) postAs(typ, file string) (id int, err error) {
	var queued struct{ ImportID int }
	_, err = p.call("POST", "Imports", map[string]any{
		"WorkgroupID": 1, "ImportType": typ, "FileName": "hosts.txt", "Base64FileContents": base64.StdEncoding.EncodeToString([]byte(file)),
	}, &queued)
	return queued.ImportID, err
}

// TestPlugins pins, uses, changes and unpins external importers, with a server that runs on the store and without.
func TestPlugins(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	p := serve(t, dir)
	folder := filepath.Join(dir, "plugins")
	if info, err := os.Stat(folder); err != nil || info.Mode() != os.ModeDir|0o700 {
		t.Fatalf("the folder of plugins: %v %v", info, err)
	}
	run := func(want string, args ...string) {
		t.Helper()
		out, log, _ := runCommand(t, append(append([]string{"plugins"}, args...), "--dir", dir)...)
		if said := strings.Join(strings.Fields(out+log), " "); !strings.Contains(said, want) {
			t.Errorf("plugins %v: %q, want %q", args, said, want)
		}
	}
	imports := func(typ, want string) {
		t.Helper()
		id, err := p.postAs(typ, "192.0.2.1\n192.0.2.2\n")
		said := fmt.Sprint(err)
		if err == nil {
			i := p.await(id, ended)
			said = fmt.Sprint(i.State, " ", i.Read, " ", i.Error)
		}
		if !strings.Contains(said, want) {
			t.Errorf("an import of %s: %q, want %q", typ, said, want)
		}
	}
	lines := external(t, "lines")
	imports("LINES", `no importer for \"LINES\"; there is one for`)
	run("muster: the file of a plugin is called muster-importer-NAME", "add", "/bin/true")
	run("NESSUS .csv "+release, "list")

	run("is copied to "+filepath.Join(folder, "muster-importer-lines")+" muster-importer-lines is pinned: type LINES, extensions .txt, version 1.2, SHA-256", "add", lines)
	run("muster-importer-lines pinned", "list")
	imports("LINES", "Done 2 ")
	must(t, os.Chmod(filepath.Join(folder, "muster-importer-lines"), 0o777))
	imports("LINES", "Failed 0 plugin refused: muster-importer-lines: others may write to it (its mode is -rwxrwxrwx)")
	run("LINES .txt 1.2 - muster-importer-lines refused: others may write to it", "list")
	must(t, os.Chmod(filepath.Join(folder, "muster-importer-lines"), 0o500))
	imports("LINES", "Done 2 ")

	must(t, os.Link(external(t, "nessus"), filepath.Join(folder, "muster-importer-nessus")))
	run("muster-importer-nessus not pinned", "list")
	imports("NESSUS", "Failed 0 ")
	run("already exists: it is built in and only replaced if that is asked for, with --override NESSUS", "add", "muster-importer-nessus")
	run("muster-importer-nessus is pinned", "add", "muster-importer-nessus", "--override", "NESSUS")
	run("NESSUS .csv "+release, "list")
	run("overridden", "list")
	imports("NESSUS", "Done 2 ")
	run("muster-importer-nessus is not pinned any more; its file stays", "remove", "muster-importer-nessus")
	imports("NESSUS", "Failed 0 ")

	run("muster: importer exited: exit status 3; last output: no such library", "add", external(t, "crashes"))
	if left, err := filepath.Glob(filepath.Join(folder, "*crashes*")); err != nil || len(left) > 0 {
		t.Errorf("what could not be pinned is left behind: %v %v", left, err)
	}
	var audits struct{ Data []store.UserAudit }
	if _, err := p.call("GET", "UserAudits?section=Plugin", nil, &audits); err != nil {
		t.Error(err)
	}
	var acts []string
	for _, a := range audits.Data {
		acts = append(acts, a.UserName+" "+string(a.ActionType))
	}
	if told := strings.Join(acts, ", "); told != "muster Delete, muster Add, muster Add" {
		t.Errorf("audits: %s", told)
	}

	must(t, p.stop(syscall.SIGTERM))
	must(t, os.WriteFile(filepath.Join(folder, "muster-importer-lines.new"), []byte("#!/bin/sh\n"), 0o700))
	must(t, os.Rename(filepath.Join(folder, "muster-importer-lines.new"), filepath.Join(folder, "muster-importer-lines")))
	run("muster-importer-lines changed", "list")
	run("muster-importer-lines is pinned: type LINES", "add", lines)
	run("muster-importer-lines pinned", "list")
	must(t, os.Remove(filepath.Join(folder, "muster-importer-lines")))
	run("muster-importer-lines missing", "list")
	run("muster-importer-lines is not pinned any more", "remove", "muster-importer-lines")
	run(`Plugin "muster-importer-lines" not found`, "remove", "muster-importer-lines")
	out, _, _ := runCommand(t, "plugins", "list", "--json", "--dir", dir)
	var listed []host.Listed
	if err := json.Unmarshal([]byte(out), &listed); err != nil || len(listed) < 2 {
		t.Errorf("%v in %s", err, out)
	}
}

// TestPluginTest tries an external importer on cases, without a store.
func TestPluginTest(t *testing.T) {
	t.Parallel()
	lines, cases := external(t, "lines"), t.TempDir()
	for name, content := range map[string]string{
		"good/input.txt": "192.0.2.1\n", "good/want.jsonl": `{"IPAddress": "192.0.2.1"}`,
		"other/input.txt": "192.0.2.1\nrouter\n", "other/want.jsonl": `{"IPAddress":"192.0.2.3"}`,
	} {
		file := filepath.Join(cases, name)
		must(t, os.MkdirAll(filepath.Dir(file), 0o700))
		must(t, os.WriteFile(file, []byte(content), 0o600))
	}
	for _, step := range []struct {
		want string
		code int
		args []string
	}{
		{"ok good", 0, []string{lines, filepath.Join(cases, "good")}},
		{`ok good FAIL other the import differs: --- want.jsonl +++ the import @@ -1,1 +1,2 @@ -{"IPAddress":"192.0.2.3"} +{"IPAddress":"192.0.2.1"} +{"Skip":"\"router\" is no address"} muster: 1 of 2 cases of LINES failed`,
			1, []string{lines, cases}},
		{"ok good ok other", 0, []string{lines, cases, "--update"}},
		{"ok good ok other", 0, []string{lines, cases}},
		{"ok good", 0, []string{lines, filepath.Join(cases, "good"), "--deadline", "30s"}},
		{"FAIL good importer still running after 1s", 1, []string{external(t, "hangs"), filepath.Join(cases, "good"), "--deadline", "1s"}},
		{"muster: importer exited: exit status 3; last output: no such library", 1, []string{external(t, "crashes"), cases}},
		{"muster: there are no cases in", 1, []string{lines, t.TempDir()}},
		{"muster: plugin refused: muster-importer-none: its file is missing", 1, []string{"muster-importer-none", cases}},
	} {
		out, log, code := runCommand(t, append([]string{"plugins", "test"}, step.args...)...)
		if said := strings.Join(strings.Fields(out+log), " "); code != step.code || !strings.HasPrefix(said, step.want) {
			t.Errorf("plugins test %v: %d %q, want %d %q", step.args, code, said, step.code, step.want)
		}
	}
}

// TestNoPluginOutlivesTheServer kills the server while external importers run that would not leave by themselves. After
// at most five seconds they are gone.
func TestNoPluginOutlivesTheServer(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	p := serve(t, dir)
	for name, typ := range map[string]string{"hangs": "HANGS", "spins": "SPINS"} {
		if _, log, code := runCommand(t, "plugins", "add", external(t, name), "--dir", dir); code != 0 {
			t.Fatal(log)
		}
		_, err := p.postAs(typ, "192.0.2.1\n")
		must(t, err)
	}
	var running []int
	for deadline := time.Now().Add(30 * time.Second); len(running) < 2; time.Sleep(20 * time.Millisecond) {
		if running = importersOf(t, p.cmd.Process.Pid); time.Now().After(deadline) {
			t.Fatalf("the importers do not run:\n%s", p.log)
		}
	}
	if status, err := p.call("GET", "Workgroups", nil, nil); status != http.StatusOK {
		t.Errorf("the server beside them: %d %v", status, err)
	}
	p.stop(kill)
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left := 0
		for _, pid := range running {
			if name := nameOf(pid); strings.HasPrefix(name, host.Prefix) {
				left++
			}
		}
		if left == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d importers are left", left, len(running))
		}
	}
}

// importersOf returns the external importers that a process has started.
func importersOf(t *testing.T, parent int) (all []int) {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Skip(err)
	}
	for _, e := range entries {
		var pid, its int
		if _, err := fmt.Sscan(e.Name(), &pid); err != nil {
			continue
		}
		stat, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "stat"))
		_, rest, _ := strings.Cut(string(stat), ") ")
		if _, err := fmt.Sscanf(rest[min(len(rest), 2):], "%d", &its); err == nil && its == parent && strings.HasPrefix(nameOf(pid), host.Prefix) {
			all = append(all, pid)
		}
	}
	return all
}

// nameOf is how a process was called, nothing for one that is gone or only waits to be reaped.
func nameOf(pid int) string {
	line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	name, _, _ := strings.Cut(string(line), "\x00")
	return name
}
