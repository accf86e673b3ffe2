//go:build soak && unix

package badgerkv

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// TestSoakDamage cuts files of a store off and flips bits of them. MUSTER_SOAK_DAMAGES is how often.
func TestSoakDamage(t *testing.T) {
	t.Attr("promise", "damage to any file of the store is refused by the file's name, or everything is there")
	times := 100
	if n, err := strconv.Atoi(os.Getenv("MUSTER_SOAK_DAMAGES")); err == nil {
		times = n
	}
	seed := rand.Uint64()
	refused := tryDamage(t, seed, times)
	if refused == 0 {
		t.Error("no damage was refused; this proves nothing")
	}
	if t.Failed() {
		return // the figure would say otherwise
	}
	t.Attr("figure", fmt.Sprintf("%d cuts and flips (seed %d): %d refused, %d opened with everything, no silent loss", times, seed, refused, times-refused))
}
