package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/musterhq/muster/server/insight"
)

// anonymous returns how much memory of its own a process has, in bytes. What it maps from files is not in it.
func anonymous(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip("needs /proc")
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "RssAnon:"); ok {
			n, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			must(t, err)
			return n << 10
		}
	}
	t.Skip("/proc does not tell anonymous memory")
	return 0
}

// growth returns by how much the anonymous memory of a process was larger at its peak than before, while do ran.
func growth(t *testing.T, pid int, do func()) int64 {
	t.Helper()
	before, peak := anonymous(t, pid), atomic.Int64{}
	ended := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			peak.Store(max(peak.Load(), anonymous(t, pid)))
			select {
			case <-ended:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	})
	do()
	close(ended)
	watch.Wait()
	return peak.Load() - before
}

// withRaceDetector tells a build whose processes take a multiple of the memory.
func withRaceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	return slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// inParallel posts a body several times at once and returns the statuses.
func (p *process) inParallel(n int, path string, body func() (io.Reader, int64)) (statuses []int) {
	p.t.Helper()
	var mu sync.Mutex
	var posts sync.WaitGroup
	for range n {
		posts.Go(func() {
			content, length := body()
			r, err := http.NewRequest("POST", p.HTTP+insight.Base+"/"+path, content)
			must(p.t, err)
			r.ContentLength = length
			r.Header.Set("Authorization", "Bearer "+p.Token)
			r.Header.Set("Content-Type", "application/json")
			got, err := insecure.Do(r)
			if err != nil {
				p.t.Error(err)
				return
			}
			io.Copy(io.Discard, got.Body)
			got.Body.Close()
			mu.Lock()
			defer mu.Unlock()
			statuses = append(statuses, got.StatusCode)
		})
	}
	posts.Wait()
	return statuses
}

// importBody is a body of POST Imports whose file has the given length. It is made while it is sent.
func importBody(file int64) (io.Reader, int64) {
	begin, end := `{"WorkgroupID":1,"ImportType":"NESSUS","FileName":"scan.csv","Base64FileContents":"`, `"}`
	length := base64.StdEncoding.EncodedLen(int(file))
	text := io.LimitReader(repeated("QUFB"), int64(length-length%4-4))
	tail := "QQ=="
	if file%3 == 2 {
		tail = "QUE="
	} else if file%3 == 0 {
		tail = "QUFB"
	}
	return io.MultiReader(strings.NewReader(begin), text, strings.NewReader(tail+end)), int64(len(begin) + length + len(end))
}

// repeated is a text over and over.
type repeated string

func (r repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r[i%len(r)]
	}
	return len(p) - len(p)%len(r), nil
}

// limitCase is a kind of body, twenty of which may come at once.
type limitCase struct {
	name, path string
	body       func() (io.Reader, int64)
	status     int
	most       int64 // bytes of memory that all of them together may take
}

func jsonBody(text []byte) func() (io.Reader, int64) {
	return func() (io.Reader, int64) { return bytes.NewReader(text), int64(len(text)) }
}

// largestBodies are bodies of JSON at the limit: of one large text, of as many values as are taken, of as many as fit.
func largestBodies(limit int) []limitCase {
	pad := func(begin, end string) []byte {
		return []byte(begin + strings.Repeat("a", limit-len(begin)-len(end)) + end)
	}
	members := strings.Repeat(`{"a":{}},`, 6_000)
	return []limitCase{
		{"one text", "Assets/Search", jsonBody(pad(`{"AssetName":"`, `"}`)), 400, int64(3 * 20 * limit)},
		{"small objects", "Assets/Search", jsonBody(pad(`{"AssetName":"srv","Other":[`+members+`""],"More":"`, `"}`)), 200, int64(3 * 20 * limit)},
		{"as many objects as fit", "Assets/Search", jsonBody([]byte(`{"AssetName":"srv","Other":[` + strings.Repeat(`{"a":{}},`, limit/9-10) + `0]}`)), 400, int64(3 * 20 * limit)},
	}
}

// largestImports are imports of files at the limit, and a byte above it.
func largestImports(limit int64) []limitCase {
	return []limitCase{
		{"imports", "Imports", func() (io.Reader, int64) { return importBody(limit) }, 200, 3 * limit},
		{"imports above the limit", "Imports", func() (io.Reader, int64) { return importBody(limit + 1) }, 413, 3 * limit},
	}
}

// TestBodiesInParallel posts twenty bodies of the largest size at once, and looks at how much memory they take: JSON less
// than three times what was sent, imports, of which none is ever held, less than three times what one may have. With the race
// detector the memory says nothing, and four at once are enough for it.
func TestBodiesInParallel(t *testing.T) {
	t.Parallel()
	const importLimit = 6 << 20 // twenty of them, held, would be 120 MiB
	p := serve(t, newDir(t), "--import-limit", fmt.Sprint(importLimit))
	p.parallelBodies(append(largestImports(importLimit), largestBodies(1<<20)...)) // imports first, while there is no memory to be used again
}

// parallelBodies tries the cases, one after the other, and returns the most memory that one of them took, in MiB.
func (p *process) parallelBodies(cases []limitCase) (worst float64) {
	t := p.t
	t.Helper()
	at := 20
	if withRaceDetector() {
		at = 4
	}
	p.inParallel(2, "Assets/Search", jsonBody([]byte(`{"AssetName":"warm"}`)))
	for _, c := range cases {
		var statuses []int
		grown := growth(t, p.cmd.Process.Pid, func() { statuses = p.inParallel(at, c.path, c.body) })
		if slices.ContainsFunc(statuses, func(s int) bool { return s != c.status }) || len(statuses) != at {
			t.Errorf("%s: %v, want %d", c.name, statuses, c.status)
		}
		t.Logf("%s: %.1f MiB more, %.0f are allowed", c.name, float64(grown)/(1<<20), float64(c.most)/(1<<20))
		if grown > c.most && !withRaceDetector() {
			t.Errorf("%s: %d bytes more", c.name, grown)
		}
		worst = max(worst, float64(grown)/(1<<20))
	}
	return worst
}
