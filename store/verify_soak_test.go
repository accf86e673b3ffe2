//go:build soak

package store

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/kv/badgerkv"
	"github.com/musterhq/muster/store/record"
)

// verifyMemory bounds what Verify may have on its heap, whatever the size of the store.
const verifyMemory = 192 << 20

// TestSoakVerifyInBoundedMemory makes a store of a million assets, or of MUSTER_SOAK_ASSETS, and verifies it; then it damages a
// thousand index entries, and verifies and repairs it.
func TestSoakVerifyInBoundedMemory(t *testing.T) {
	t.Attr("promise", "muster verify has bounded memory at a million records, and finds and repairs damaged indexes there")
	assets := 1_000_000
	if text := os.Getenv("MUSTER_SOAK_ASSETS"); text != "" {
		var err error
		if assets, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(192 << 20)) // as the program has by default
	began := time.Now()
	engine := bigStore(t, assets)
	t.Logf("filled in %v", time.Since(began).Round(time.Second))
	told := 0
	verify := func(repair bool) (took time.Duration, heap uint64, v *Verified) {
		stop := peakHeap(&heap)
		began := time.Now()
		v, err := Verify(t.Context(), engine, VerifyOptions{
			Vault: options(nil).Vault, RepairIndexes: repair, Progress: func(string, int) { told++ },
		}, func(Problem) error { return nil })
		stop()
		if err != nil {
			t.Fatal(err)
		}
		if heap > verifyMemory {
			t.Errorf("%d MiB on the heap, limit %d", heap>>20, verifyMemory>>20)
		}
		t.Logf("verified in %v, repair %v, %d MiB on the heap", time.Since(began).Round(time.Second), repair, heap>>20)
		return time.Since(began), heap, v
	}
	took, heap, v := verify(false)
	if told < v.Records/record.ProgressEvery {
		t.Errorf("progress was told %d times of %d records", told, v.Records)
	}
	if v.Problems > 0 || v.Records < assets {
		t.Errorf("%+v", v)
	}
	const damaged = 1000
	damage(t, engine, damaged)
	mending, _, broken := verify(true)
	_, _, mended := verify(false)
	if broken.Repaired != damaged || mended.Problems > 0 {
		t.Errorf("%d of %d repaired, %d problems left", broken.Repaired, damaged, mended.Problems)
	}
	t.Attr("figure", fmt.Sprintf("%d records in %.0f s, %d MiB on the heap; %d entries repaired in %.0f s",
		v.Records, took.Seconds(), heap>>20, broken.Repaired, mending.Seconds()))
}

// bigStore makes a store on disk with that many assets.
func bigStore(t *testing.T, assets int) kv.Engine {
	t.Helper()
	engine, err := badgerkv.Open(badgerkv.Options{Dir: t.TempDir(), Key: make([]byte, badgerkv.KeySize), NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	db, err := Open(t.Context(), unclosed{engine}, options(time.Now), func() (FirstStart, error) { return firstStart, nil })
	if err != nil {
		t.Fatal(err)
	}
	const batch = 250
	for from := 0; from < assets; from += batch {
		err := Change(t.Context(), db, System("imports"), func(tx *Tx) error {
			for i := from; i < min(from+batch, assets); i++ {
				if _, _, err := UpsertAsset(tx, firstWorkgroupID, benchFacts(i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return engine
}

// damage removes the first index entries by DNS name.
func damage(t *testing.T, engine kv.Engine, n int) {
	t.Helper()
	err := engine.Update(t.Context(), func(w kv.Txn) error {
		var keys [][]byte
		for pair, err := range w.Scan(kv.Prefix(Assets.Key('d', nil))) {
			if err != nil {
				return err
			}
			if keys = append(keys, append([]byte(nil), pair.Key...)); len(keys) == n {
				break
			}
		}
		for _, key := range keys {
			if err := w.Delete(key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// peakHeap notes the largest heap until it is stopped.
func peakHeap(peak *uint64) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var looking sync.WaitGroup
	looking.Go(func() {
		for ctx.Err() == nil {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			*peak = max(*peak, m.HeapInuse)
			time.Sleep(50 * time.Millisecond)
		}
	})
	return func() { cancel(); looking.Wait() }
}
