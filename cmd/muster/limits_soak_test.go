//go:build soak

package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestSoakBodiesInParallel is TestBodiesInParallel at the limits that muster has by default: MUSTER_SOAK_IMPORT_MIB, 64.
func TestSoakBodiesInParallel(t *testing.T) {
	t.Attr("promise", "twenty bodies of the largest size at once take less than three times the limit of memory")
	mib := soakScale(t, "MUSTER_SOAK_IMPORT_MIB", 64)
	limit := int64(mib) << 20
	p := serve(t, newDir(t), "--import-limit", fmt.Sprint(limit))
	imports := p.parallelBodies(largestImports(limit)) // first, while there is no memory to be used again
	worst := p.parallelBodies(largestBodies(1 << 20))
	t.Attr("figure", fmt.Sprintf("JSON of 1 MiB each: %.1f MiB more (60 allowed); imports of %d MiB each: %.1f MiB more (%d allowed)", worst, mib, imports, 3*mib))
}

// TestSoakSlowConnections holds MUSTER_SOAK_CONNECTIONS, 2000, of each listener open with next to nothing said on them.
func TestSoakSlowConnections(t *testing.T) {
	t.Attr("promise", "slow connections leave a request under 200 ms")
	n := soakScale(t, "MUSTER_SOAK_CONNECTIONS", 2000)
	p := serve(t, newDir(t))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	began := time.Now()
	for _, address := range []string{strings.TrimPrefix(p.HTTP, "http://"), strings.TrimPrefix(p.HTTPS, "https://")} {
		if opened, err := slowly(ctx, address, n); err != nil {
			t.Fatalf("after %d connections: %v", opened, err)
		}
	}
	median, slowest := p.times(50)
	if median > 200*time.Millisecond {
		t.Errorf("a request took %v", median)
	}
	if held := time.Since(began); held > 9*time.Second {
		t.Logf("it took %v until the requests: the first slow ones were cut off by then", held)
	}
	t.Attr("figure", fmt.Sprintf("%d slow connections on each listener: of 50 requests the middle one took %.1f ms, the slowest %.1f ms", n, 1000*median.Seconds(), 1000*slowest.Seconds()))
}
