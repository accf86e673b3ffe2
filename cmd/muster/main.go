// Command muster stands in for BeyondTrust BeyondInsight on a lab VM.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program, for tests too; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	syscall.Umask(0o077) // all that muster writes is its owner's
	root := &cobra.Command{
		Use:           "muster",
		Short:         "muster stands in for BeyondTrust BeyondInsight on a lab VM",
		Long:          "muster stands in for BeyondTrust BeyondInsight on a lab VM: point a client of its API at muster, change only the host.\nEvery flag may also be given as an environment variable: --body-limit as MUSTER_BODY_LIMIT.\n\n" + exitCodes,
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { return fromEnvironment(c.Flags()) },
	}
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(commands()...)
	ran := false
	watched(root, &ran)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	code := exitCode(err, ran)
	if !errors.Is(err, errReported) {
		fmt.Fprintf(stderr, "muster: %v\n", err)
	}
	if code == exitUsage {
		fmt.Fprintf(stderr, "%s --help says what it takes\n", command.CommandPath())
	}
	return code
}

// commands are all that muster does.
func commands() []*cobra.Command {
	return []*cobra.Command{
		serveCommand(), tokenCommand(), credentialsCommand(), adminCommand(), importCommand(), pluginsCommand(), subscriptionsCommand(),
		loadCommand(), dumpCommand(), backupCommand(), restoreCommand(), verifyCommand(), versionCommand(), importerCommand(), confineCommand(),
	}
}

// errReported ends a command that has said itself what is wrong.
var errReported = errors.New("reported")

// fromEnvironment sets the flags that the command line leaves out from MUSTER_ variables.
func fromEnvironment(flags *pflag.FlagSet) (failed error) {
	flags.VisitAll(func(f *pflag.Flag) {
		name := environmentName(f.Name)
		if value, ok := os.LookupEnv(name); ok && !f.Changed {
			if err := flags.Set(f.Name, value); err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
			}
		}
	})
	return failed
}
