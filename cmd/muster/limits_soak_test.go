//go:build soak

package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// scaled is a number of the soaks below, which an environment variable may make smaller.
func scaled(t *testing.T, name string, full int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return full
	}
	n, err := strconv.Atoi(text)
	must(t, err)
	return n
}

// TestSoakBodiesInParallel is TestBodiesInParallel at the limits that muster has by default: MUSTER_SOAK_IMPORT_MIB, 64.
func TestSoakBodiesInParallel(t *testing.T) {
	mib := scaled(t, "MUSTER_SOAK_IMPORT_MIB", 64)
	limit := int64(mib) << 20
	p := serve(t, newDir(t), "--import-limit", fmt.Sprint(limit))
	imports := p.parallelBodies(largestImports(limit)) // first, while there is no memory to be used again
	worst := p.parallelBodies(largestBodies(1 << 20))
	t.Attr("promise", "twenty bodies of the largest size at once take less than three times the limit of memory")
	t.Attr("figure", fmt.Sprintf("JSON of 1 MiB each: %.1f MiB more (60 allowed); imports of %d MiB each: %.1f MiB more (%d allowed)", worst, mib, imports, 3*mib))
}

// TestSoakSlowConnections holds MUSTER_SOAK_CONNECTIONS, 2000, of each listener open with next to nothing said on them.
func TestSoakSlowConnections(t *testing.T) {
	n := scaled(t, "MUSTER_SOAK_CONNECTIONS", 2000)
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
	t.Attr("promise", "slow connections leave a request under 200 ms")
	t.Attr("figure", fmt.Sprintf("%d slow connections on each listener: of 50 requests the middle one took %v, the slowest %v", n, median.Round(100*time.Microsecond), slowest.Round(100*time.Microsecond)))
}
