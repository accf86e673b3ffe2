package columns_test

import (
	"io"
	"runtime/metrics"
	"strings"
	"testing"
	"time"
)

// filler is an endless text.
type filler struct{ text string }

func (f *filler) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], f.text)
	}
	return n, nil
}

// TestHostileFiles reads files that are made to cost much, and measures what they take on the way.
func TestHostileFiles(t *testing.T) { // not parallel: it measures memory
	const allowed = 64 << 20
	endless := func(text string) io.Reader { return io.LimitReader(&filler{text}, 40<<20) }
	known := "IP Address,Name\n192.0.2.1,a\n"
	for name, test := range map[string]struct {
		content io.Reader
		failure string
	}{
		"a quote never closed":              {io.MultiReader(strings.NewReader(known+"192.0.2.2,\""), endless("a line\n")), ""},
		"a quote never closed, in one line": {io.MultiReader(strings.NewReader(known+"192.0.2.2,\""), endless("more and more ")), ""},
		"quotes without end":                {io.MultiReader(strings.NewReader(known+"192.0.2.2,\""), endless("\"\"")), ""},
		"columns without end":               {io.MultiReader(strings.NewReader(known), endless(",")), ""},
		"columns and lines without end":     {strings.NewReader(known + strings.Repeat(",,,,,,\"\n\"", 1<<20)), "line 1048579: quote not closed"},
		"a wide row":                        {strings.NewReader(known + strings.Repeat(",", 250_000) + "\n"), ""},
		"a wide header":                     {strings.NewReader("IP Address" + strings.Repeat(",a", 100_000) + "\n"), `no host column: looked for "IP Address" or "IPv6" or "Host"`},
		"a header without end":              {&filler{"x"}, `no host column: looked for "IP Address" or "IPv6" or "Host"`},
		"a preamble of quotes":              {&filler{"\"\n"}, `no host column: looked for "IP Address" or "IPv6" or "Host"`},
		"headers only":                      {strings.NewReader(strings.Repeat("Host\n", 1<<18)), ""},
		"a row in quotes, and again":        {strings.NewReader(known + strings.Repeat("\"b,c\"\n", 1<<16)), ""},
	} {
		t.Run(name, func(t *testing.T) {
			begin, failure := time.Now(), ""
			peak := peakOf(func() { _, _, failure = read(t, inventory, test.content) })
			t.Logf("%v, %d MiB", time.Since(begin), peak>>20)
			if failure != test.failure {
				t.Errorf("error %q", failure)
			}
			if peak > allowed {
				t.Errorf("it takes %d MiB", peak>>20)
			}
		})
	}
}

// peakOf returns by how much the heap grows while do runs.
func peakOf(do func()) uint64 {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	before, peak := heap[0].Value.Uint64(), uint64(0)
	ticker, done, stopped := time.NewTicker(time.Millisecond), make(chan struct{}), make(chan struct{})
	defer ticker.Stop()
	go func() {
		defer close(stopped)
		for {
			select {
			case <-ticker.C:
				metrics.Read(heap)
				peak = max(peak, heap[0].Value.Uint64())
			case <-done:
				return
			}
		}
	}()
	do()
	close(done)
	<-stopped
	return peak - min(before, peak)
}
