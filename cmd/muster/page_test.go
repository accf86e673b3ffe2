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
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

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

// newReader starts the shell in a folder. It ends, with all that it has started, with the test.
func newReader(t *testing.T, dir string, environment ...string) *reader {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	shell := exec.CommandContext(ctx, "bash", "-euo", "pipefail")
	shell.Dir, shell.Env = dir, append(os.Environ(), environment...)
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

// follow does what the page says, but for the lines that begin as those in without. The first listing of text is compared with what was
// printed before.
func (r *reader) follow(page, printed string, without ...string) {
	r.t.Helper()
	for _, match := range block.FindAllStringSubmatch(page, -1) {
		language, file, content := match[1], match[2], match[3]
		switch {
		case file != "":
			r.run(fmt.Sprintf("mkdir -p %s && cat >%s <<'THE FILE ENDS'\n%sTHE FILE ENDS", filepath.Dir(file), file, content))
		case language == "sh":
			start := time.Now()
			if commands := left(content, without); commands != "" {
				printed = r.run(commands)
				r.t.Logf("%6.1f s  %s", time.Since(start).Seconds(), strings.ReplaceAll(strings.TrimSpace(commands), "\n", "\n          "))
			}
		case language == "text":
			r.compare(printed, content)
		}
	}
}

// left are the commands that do not begin as one of those.
func left(commands string, without []string) string {
	var b strings.Builder
	for line := range strings.Lines(commands) {
		if !slices.ContainsFunc(without, func(begin string) bool { return strings.HasPrefix(line, begin) }) {
			b.WriteString(line)
		}
	}
	return b.String()
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
