//go:build unix

package badgerkv

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// openDir names the environment variable that makes this test's program open a directory instead of testing.
const openDir = "BADGERKV_TEST_OPEN"

// TestMain takes the umask of the real program.
func TestMain(m *testing.M) {
	syscall.Umask(0o077)
	if dir := os.Getenv(openDir); dir != "" {
		e, err := Open(Options{Dir: dir, Key: masterKey})
		if err == nil {
			err = e.Close()
		}
		fmt.Println(err)
		return
	}
	os.Exit(m.Run())
}

// openElsewhere opens and closes a directory in another process. It returns what Open said there and whether the
// process ended well.
func openElsewhere(t *testing.T, dir string) (said string, err error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), openDir+"="+dir)
	out, err := c.CombinedOutput()
	return string(out), err
}
