//go:build soak

package badgerkv

import (
	"flag"
	"fmt"
	"testing"
)

var deletedRounds = flag.Int("deleted-rounds", 60, "rounds of TestSoakDeletedStaysDeleted, of 20,000 writes each")

// TestSoakDeletedStaysDeleted takes some seconds for a round.
func TestSoakDeletedStaysDeleted(t *testing.T) {
	t.Attr("promise", "deleted stays deleted: insert, delete, compact, collect, restart")
	deleted := deletedStaysDeleted(t, *deletedRounds, 20_000)
	t.Attr("figure", fmt.Sprintf("%d rounds, %d deletions, none came back", *deletedRounds, deleted))
}
