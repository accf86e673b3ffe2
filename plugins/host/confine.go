package host

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"syscall"
)

// ConfineCommand is the first argument with which a Host starts its own program, Options.Executable, on the way to an
// external importer. The program's main hands what follows to Confine.
const ConfineCommand = "confine"

// watchArgument is the argument of the process that watches an external importer's host.
const watchArgument = "watch"

// Confine sets the limits of this process for good, then becomes the external importer. Limits that are set from
// outside, on a process that runs already, would not hold for what it had started by then. It returns only to say
// what went wrong.
func Confine(arguments []string) error {
	if slices.Equal(arguments, []string{watchArgument}) {
		return watch()
	}
	if len(arguments) != 3 {
		return errors.New("confine is what muster starts external importers with; it is of no use by hand")
	}
	path, name := arguments[1], arguments[2]
	memory, err := strconv.ParseUint(arguments[0], 10, 63)
	if err != nil {
		return fmt.Errorf("the limit of memory: %w", err)
	}
	runtime.LockOSThread() // what limit says of the parent holds for this thread, which becomes the importer
	if err := limit(memory); err != nil {
		return fmt.Errorf("the limits of %s: %w", name, err)
	}
	if err := startWatch(); err != nil {
		return err
	}
	return fmt.Errorf("starting %s: %w", name, syscall.Exec(path, []string{name}, os.Environ()))
}

// startWatch starts a process in the group of the importer that outlives the host for a moment, to end the group then. The
// kernel would end the importer, but not what it has started.
func startWatch() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, ConfineCommand, watchArgument)
	cmd.Env = []string{"GOMEMLIMIT=" + os.Getenv("GOMEMLIMIT")}
	cmd.Stdin = os.Stdin
	return cmd.Start()
}

// watch waits for the end of the host, which holds the other end of standard input, and ends all of its group.
func watch() error {
	_, _ = io.Copy(io.Discard, os.Stdin)
	return syscall.Kill(0, syscall.SIGKILL)
}
