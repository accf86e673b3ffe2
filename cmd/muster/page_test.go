package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestPluginsPage follows docs/plugins.md to the letter, from an empty folder: it writes the files, runs the commands, and
// compares what they print with what the page shows.
func TestPluginsPage(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	must(t, err)
	page, err := os.ReadFile(filepath.Join(root, "docs", "plugins.md"))
	must(t, err)
	port := freePort(t)
	first, second, found := strings.Cut(strings.ReplaceAll(string(page), "127.0.0.1:8080", port), "\n## The same in Node\n")
	if !found {
		t.Fatal("there is no second language on the page")
	}
	needs(t, "bash", "go", "curl")
	reader := newReader(t, "MUSTER="+root, "MUSTER_HTTP="+port, "MUSTER_HTTPS=")
	reader.follow(first)
	t.Run("Node", func(t *testing.T) {
		needs(t, "node", "npm")
		if _, err := os.Stat(filepath.Join(root, "plugins", "hostlist-node", "node_modules")); err != nil {
			t.Skip("the packages of plugins/hostlist-node are not here: npm ci --prefix plugins/hostlist-node")
		}
		reader.t = t
		reader.follow(second)
	})
}

// TestPluginsPageShowsTheExample compares the listing that the page begins with to the example that is built and tested.
func TestPluginsPageShowsTheExample(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/plugins.md")
	must(t, err)
	for _, name := range []string{"main.go", "main_test.go"} {
		file, err := os.ReadFile("../../plugins/hostlist/" + name)
		must(t, err)
		if !strings.Contains(string(page), "```go "+name+"\n"+string(file)+"```\n") {
			t.Errorf("docs/plugins.md shows another %s than plugins/hostlist has", name)
		}
	}
}

func needs(t *testing.T, commands ...string) {
	t.Helper()
	for _, command := range commands {
		if _, err := exec.LookPath(command); err != nil {
			t.Skip(err)
		}
	}
}

// freePort is an address on this host where nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

// reader is somebody who pastes from the page into a shell.
type reader struct {
	t      *testing.T
	shell  io.Writer
	answer *bufio.Scanner
}

// newReader starts the shell in an empty folder. It ends, with all that it has started, with the test.
func newReader(t *testing.T, environment ...string) *reader {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	shell := exec.CommandContext(ctx, "bash", "-euo", "pipefail")
	shell.Dir, shell.Env = t.TempDir(), append(os.Environ(), environment...)
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	shell.Cancel = func() error { return syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) }
	in, err := shell.StdinPipe()
	must(t, err)
	out, err := shell.StdoutPipe()
	must(t, err)
	shell.Stderr = shell.Stdout
	must(t, shell.Start())
	t.Cleanup(func() { cancel(); _ = shell.Wait() })
	return &reader{t: t, shell: in, answer: bufio.NewScanner(out)}
}

// run pastes commands and returns what they print. It fails the test if one of them fails.
func (r *reader) run(commands string) string {
	r.t.Helper()
	const end = "--- that was all ---"
	// Commands that read standard input would swallow what is pasted next.
	if _, err := fmt.Fprintf(r.shell, "{\n%s\n} </dev/null\necho\necho '%s'\n", commands, end); err != nil {
		r.t.Fatal(err)
	}
	var printed strings.Builder
	for r.answer.Scan() {
		if r.answer.Text() == end {
			return printed.String()
		}
		printed.WriteString(r.answer.Text() + "\n")
	}
	r.t.Fatalf("%s\nends with\n%s", commands, printed.String())
	return ""
}

// block is a listing: its language, the file that it is if it is one, and what is in it.
var block = regexp.MustCompile("(?ms)^```(\\w+)(?: (\\S+))?\n(.*?)^```$")

// follow does what the page says.
func (r *reader) follow(page string) {
	r.t.Helper()
	printed := ""
	for _, match := range block.FindAllStringSubmatch(page, -1) {
		language, file, content := match[1], match[2], match[3]
		switch {
		case file != "":
			r.run(fmt.Sprintf("mkdir -p %s && cat >%s <<'THE FILE ENDS'\n%sTHE FILE ENDS", filepath.Dir(file), file, content))
		case language == "sh":
			start := time.Now()
			printed = r.run(content)
			r.t.Logf("%6.1f s  %s", time.Since(start).Seconds(), strings.ReplaceAll(strings.TrimSpace(content), "\n", "\n          "))
		case language == "text":
			r.compare(printed, content)
		}
	}
}

// compare looks for each line that the page shows in what was printed; … stands for anything.
func (r *reader) compare(printed, shown string) {
	r.t.Helper()
	for line := range strings.Lines(shown) {
		want := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(line)), "…", ".*")
		if !regexp.MustCompile(want).MatchString(printed) {
			r.t.Errorf("the page shows %q, but this was printed:\n%s", line, printed)
		}
	}
}
