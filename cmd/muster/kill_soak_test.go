//go:build soak && linux

package main

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/musterhq/muster/store"
)

// TestSoakKillLoop is TestKillLoop with MUSTER_SOAK_KILLS rounds.
func TestSoakKillLoop(t *testing.T) {
	t.Attr("promise", "kill -9: every answered write is kept, with exactly one audit row")
	rounds := soakScale(t, "MUSTER_SOAK_KILLS", 200)
	acknowledged := killLoop(t, rounds)
	if t.Failed() {
		return // the figure would say otherwise
	}
	t.Attr("figure", fmt.Sprintf("%d kills, %d acknowledged writes, none lost", rounds, acknowledged))
}

// TestSoakReady kills a server that has MUSTER_SOAK_ASSETS assets, under load, and measures how soon the next one is ready.
func TestSoakReady(t *testing.T) {
	t.Attr("promise", "ready again within 2 s of kill -9 at 100,000 assets")
	const limit = 2 * time.Second
	assets := soakScale(t, "MUSTER_SOAK_ASSETS", 100_000)
	dir := newDir(t)
	serve(t, dir).stop(kill)
	fillStore(t, dir, assets)
	var took []time.Duration
	p := serve(t, dir)
	for range 5 {
		w := startWriters(p, 4, "load")
		time.Sleep(500 * time.Millisecond)
		p.stop(kill)
		w.end()
		began := time.Now()
		p = serve(t, dir)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	if took[2] > limit { // the one in the middle: the slowest says more about who else uses the machine
		t.Errorf("ready after %v, want at most %v", took, limit)
	}
	t.Attr("figure", fmt.Sprintf("%d assets, 5 kills: ready after %d ms in the middle, %d ms at the most", assets, took[2].Milliseconds(), took[4].Milliseconds()))
}

// fillStore brings assets into the store of a server that does not run.
func fillStore(t *testing.T, dir string, n int) {
	t.Helper()
	c := defaults()
	c.dir = dir
	i, err := c.open(t.Context(), false, slog.New(slog.DiscardHandler))
	must(t, err)
	const batch = 40
	for from := 0; from < n; from += batch {
		must(t, store.Change(t.Context(), i.db, store.System("imports"), func(tx *store.Tx) error {
			for k := from; k < min(from+batch, n); k++ {
				_, _, err := store.UpsertAsset(tx, 1, store.Facts{
					Address:   netip.AddrFrom4([4]byte{11, byte(k >> 16), byte(k >> 8), byte(k)}),
					AssetName: fmt.Sprintf("host%06d", k), OperatingSystem: "Linux",
				})
				if err != nil {
					return err
				}
			}
			return nil
		}))
	}
	must(t, i.close())
}
