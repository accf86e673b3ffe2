//go:build linux && soak

package main

import (
	"fmt"
	"testing"

	"github.com/musterhq/muster/store/kv/disk/disktest"
)

// TestSoakFullDisk fills the disk of a server under load again and again. MUSTER_SOAK_FULL_DISKS is how often.
func TestSoakFullDisk(t *testing.T) {
	t.Attr("promise", "a full disk: writes are refused with 503, reads go on, no SIGBUS, nothing acknowledged is lost, no start without room")
	times := soakScale(t, "MUSTER_SOAK_FULL_DISKS", 20)
	at := disktest.Mount(t, disktest.Image(t, smallDisk))
	acknowledged := 0
	for range times {
		acknowledged += fillUnderLoad(t, at)
	}
	if t.Failed() {
		return // the figure would say otherwise
	}
	t.Attr("figure", fmt.Sprintf("%d times full under load, %d acknowledged writes, none lost, no signal", times, acknowledged))
}
