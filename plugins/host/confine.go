package host

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
)

// ConfineCommand is the first argument with which a Host starts its own program, Options.Executable, on the way to an
// external importer. The program's main hands what follows to Confine.
const ConfineCommand = "confine"

var errByHand = errors.New("confine is what muster starts external importers with; it is of no use by hand")

// watchArgument is the first argument of the process that watches an external importer's host; the group that it is to end is
// the other.
const watchArgument = "watch"

// Confine sets the limits of this process for good, then becomes the external importer. Limits that are set from
// outside, on a process that runs already, would not hold for what it had started by then. It returns only to say
// what went wrong.
func Confine(arguments []string) error {
	switch {
	case len(arguments) == 2 && arguments[0] == watchArgument:
		return watch(arguments[1])
	case len(arguments) != 3:
		return errByHand
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
