//go:build unix

package badgerkv

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

// openDir names the environment variable that makes this test's program open a directory instead of testing.
const openDir = "BADGERKV_TEST_OPEN"

// TestMain takes the umask of the real program.
func TestMain(m *testing.M) {
	syscall.Umask(0o077)
	if dir := os.Getenv(openDir); dir != "" {
		e, err := Open(Options{Dir: dir, Key: masterKey})
		if err == nil {
			fmt.Println(sum(e))
			err = e.Close()
		}
		fmt.Println(err)
		return
	}
	if dir := os.Getenv(writeDir); dir != "" {
		if err := writeOn(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// sum tells what a store holds.
func sum(e *Engine) string {
	pairs, hash := 0, sha256.New()
	err := e.View(context.Background(), func(r kv.Reader) error {
		for pair, err := range r.Scan(kv.Range{}) {
			if err != nil {
				return err
			}
			pairs++
			fmt.Fprintf(hash, "%q=%q\n", pair.Key, pair.Value)
		}
		return nil
	})
	return fmt.Sprintf("%d pairs, %x, %v", pairs, hash.Sum(nil), err)
}

// openElsewhere opens and closes a directory in another process. It returns what the store holds and what Open or Close said there,
// a line each, and whether the process ended well.
func openElsewhere(t *testing.T, dir string) (said string, err error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), openDir+"="+dir)
	out, err := c.CombinedOutput()
	return string(out), err
}
