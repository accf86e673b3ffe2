//go:build soak && linux

package badgerkv

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/kv/disk/disktest"
)

// powerCut stops a process that writes at a random moment, takes what the disk has by then and opens it. It returns how many
// acknowledged writes there were and how many of them are lost; all if what is left does not open.
func powerCut(t *testing.T, image, at string, sync bool) (acknowledged, lost int) {
	t.Helper()
	dir := filepath.Join(at, "store")
	w := startWriting(t, dir, sync)
	time.Sleep(time.Duration(200+rand.IntN(800)) * time.Millisecond)
	if err := w.command.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	keys := w.acknowledged()
	left := disktest.Cut(t, image)
	w.kill()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	mounted := disktest.Mount(t, left)
	defer os.Remove(left)
	defer disktest.Unmount(t, mounted)
	e, err := Open(Options{Dir: filepath.Join(mounted, "store"), Key: masterKey})
	if err != nil {
		t.Logf("what the cut left: %v", err)
		return len(keys), len(keys)
	}
	defer closeNow(t, e)
	err = e.View(t.Context(), func(r kv.Reader) error {
		for _, key := range keys {
			values, err := r.Get([]byte(key))
			if err != nil {
				return err
			}
			if values[0] == nil {
				lost++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return len(keys), lost
}

// TestSoakPowerCut takes the power from a store that is written. MUSTER_SOAK_POWER_CUTS is how often.
func TestSoakPowerCut(t *testing.T) {
	t.Attr("promise", "a power cut loses nothing that was acknowledged")
	times := 50
	if n, err := strconv.Atoi(os.Getenv("MUSTER_SOAK_POWER_CUTS")); err == nil {
		times = n
	}
	image := disktest.Image(t, 512<<20)
	at := disktest.Mount(t, image)
	all, lost, unsynced := 0, 0, 0
	for range times {
		n, gone := powerCut(t, image, at, true)
		all, lost = all+n, lost+gone
	}
	if lost > 0 {
		t.Errorf("%d of %d acknowledged writes are lost", lost, all)
	}
	for range max(times/10, 1) {
		_, gone := powerCut(t, image, at, false)
		unsynced += gone
	}
	if unsynced == 0 || all < times {
		t.Errorf("without syncs %d writes are lost, of %d with syncs none: this proves nothing", unsynced, all)
	}
	t.Attr("figure", fmt.Sprintf("%d cuts, %d acknowledged writes, %d lost; with syncs off %d lost in %d cuts", times, all, lost, unsynced, max(times/10, 1)))
}
