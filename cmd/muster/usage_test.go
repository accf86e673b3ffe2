package main

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// TestExitCodes ends commands that are not understood with 2, and one that names what there is not with 5.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	must(t, serve(t, dir).stop(syscall.SIGTERM))
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"sevre", exitUsage, `unknown command "sevre"`},
		{"serve --demmo", exitUsage, "unknown flag: --demmo"},
		{"serve extra", exitUsage, `unknown command "extra"`},
		{"serve --max-requests many", exitUsage, "--max-requests"},
		{"admin relase administrator", exitUsage, `unknown command "relase" for "muster admin"; is it release?`},
		{"credentials rest", exitUsage, "is it reset?"},
		{"credentials reset pasword", exitUsage, "is it password?"},
		{"plugins lst", exitUsage, "is it list"},
		{"subscriptions start", exitUsage, `unknown command "start"`},
		{"token", exitUsage, "accepts 1 arg(s)"},
		{"import scan.csv", exitUsage, `required flag(s) "type" not set`},
		{"admin", 0, "Available Commands"},
		{"admin --help", 0, "Available Commands"},
		{"--help", 0, "Exit codes:"},
		{"version", 0, "muster "},
		{"import no-such-file --type NESSUS --dir " + dir, exitFailed, "no such file"},
		{"admin release nobody --dir " + dir, exitNotFound, `User "nobody" not found`},
		{"import usage_test.go --type NESSUS --workgroup Nowhere --dir " + dir, exitNotFound, `"Nowhere" not found`},
		{"plugins remove muster-importer-nothing --dir " + dir, exitNotFound, "not found"},
	} {
		out, log, code := runCommand(t, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(out+log, c.want) {
			t.Errorf("muster %s: exit code %d, want %d %q:\n%s%s", c.args, code, c.code, c.want, out, log)
		}
		if c.code == exitUsage && !strings.Contains(log, "--help says what it takes") {
			t.Errorf("muster %s does not say where help is: %s", c.args, log)
		}
	}
}

// TestFlagsOfTheirOwn lets no command but serve have a flag of serve, besides those of every command that opens the store.
func TestFlagsOfTheirOwn(t *testing.T) {
	t.Parallel()
	of := func(command *cobra.Command) (names []string) {
		command.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		return names
	}
	serves := of(serveCommand())
	shared := []string{"dir", "disk-reserve", "master-key-file", "import-limit"} // the last where import opens the store itself
	var look func(*cobra.Command)
	look = func(command *cobra.Command) {
		for _, name := range of(command) {
			if slices.Contains(serves, name) && !slices.Contains(shared, name) {
				t.Errorf("%s --help lists --%s, which is serve's", command.CommandPath(), name)
			}
		}
		for _, child := range command.Commands() {
			look(child)
		}
	}
	for _, command := range commands() {
		if command.Name() != "serve" {
			look(command)
		}
	}
}

// TestProgress shows no import as complete before it is.
func TestProgress(t *testing.T) {
	t.Parallel()
	i := &store.Import{State: "Running", BytesTotal: 60_000}
	i.Read = 750
	for read, want := range map[int]string{0: " 0 % of the file", 30_000: " 50 % of the file", 59_999: " 99 % of the file", 60_000: "750 hosts, the file is read"} {
		i.BytesRead = read
		if got := progress(i); !strings.Contains(got, want) || !strings.Contains(got, " ]") || strings.Contains(got, "100 %") {
			t.Errorf("%d bytes read: %q", read, got)
		}
	}
	i.EndDate = record.At(time.Now())
	if got := progress(i); strings.Contains(got, " ]") {
		t.Errorf("ended: %q", got)
	}
}
