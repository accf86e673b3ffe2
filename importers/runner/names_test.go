package runner

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/store"
)

// TestMemoryOfNames finds less than 1 KiB for each of 200,000 hosts in what an import keeps until its end: where each name is new, where
// each moves, and where all hosts have two names between them.
func TestMemoryOfNames(t *testing.T) { // not parallel: it measures the heap
	const hosts = 200_000
	for name, test := range map[string]struct {
		name  func(n int) string
		moves bool
	}{
		"new":       {func(n int) string { return fmt.Sprintf("SRV%06d.laboratory", n) }, false},
		"moves":     {func(n int) string { return fmt.Sprintf("SRV%06d.laboratory", n) }, true},
		"contested": {func(n int) string { return fmt.Sprintf("SRV%06d.laboratory", n%2) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			before := liveHeap()
			i := (&Runner{}).newRunning(nil)
			for n := range hosts {
				r := plugins.Record{IPAddress: fmt.Sprintf("10.%d.%d.%d", n>>16, n>>8&255, n&255), AssetName: test.name(n)}
				i.claim(r)
				came := &progress{unchanged: []int{n}}
				if test.moves {
					came.late = []late{{NameClaim: store.NameClaim{AssetID: n, Address: address(r), Name: r.AssetName}}}
				}
				i.learn(came)
			}
			parts := i.names.parts()
			each := (liveHeap() - before) / hosts
			t.Logf("%d bytes a host", each)
			if each > 1<<10 {
				t.Errorf("%d bytes a host", each)
			}
			runtime.KeepAlive(parts)
			runtime.KeepAlive(i)
		})
	}
}

func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
