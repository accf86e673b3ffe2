//go:build soak

package badgerkv

import (
	"fmt"
	"os"
	"strconv"
	"testing"
)

// TestSoakDeletedStaysDeleted has MUSTER_SOAK_DELETED_ROUNDS rounds of 20,000 writes, of some seconds each.
func TestSoakDeletedStaysDeleted(t *testing.T) {
	t.Attr("promise", "deleted stays deleted: insert, delete, compact, collect, restart")
	rounds := 60
	if n, err := strconv.Atoi(os.Getenv("MUSTER_SOAK_DELETED_ROUNDS")); err == nil {
		rounds = n
	}
	deleted := deletedStaysDeleted(t, rounds, 20_000)
	if t.Failed() {
		return // the figure would say otherwise
	}
	t.Attr("figure", fmt.Sprintf("%d rounds, %d deletions, none came back", rounds, deleted))
}
