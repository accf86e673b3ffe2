package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
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
// than three times what was sent, imports, of which none is ever held, less than three times what one may have.
func TestBodiesInParallel(t *testing.T) {
	t.Parallel()
	const importLimit = 2 << 20
	p := serve(t, newDir(t), "--import-limit", fmt.Sprint(importLimit))
	p.parallelBodies(append(largestImports(importLimit), largestBodies(1<<20)...)) // imports first, while there is no memory to be used again
}

// parallelBodies tries the cases, one after the other, and returns the most memory that one of them took, in MiB.
func (p *process) parallelBodies(cases []limitCase) (worst float64) {
	t := p.t
	t.Helper()
	p.inParallel(2, "Assets/Search", jsonBody([]byte(`{"AssetName":"warm"}`)))
	for _, c := range cases {
		var statuses []int
		grown := growth(t, p.cmd.Process.Pid, func() { statuses = p.inParallel(20, c.path, c.body) })
		if slices.ContainsFunc(statuses, func(s int) bool { return s != c.status }) || len(statuses) != 20 {
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

// slowly holds n connections open that never come to an end: a third says nothing, a third sends a header, and a third a
// body, a byte a second each. It returns how many were opened; the context ends them.
func slowly(ctx context.Context, address string, n int) (opened int, err error) {
	beginnings := []string{
		"", "GET /readyz HTTP/1.1\r\nHost: muster\r\nX-Slow: ",
		"POST " + insight.Base + "/Workgroups HTTP/1.1\r\nHost: muster\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{",
	}
	for i := range n {
		conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", address)
		if err != nil {
			return opened, err
		}
		opened++
		context.AfterFunc(ctx, func() { conn.Close() })
		beginning := beginnings[i%len(beginnings)]
		if _, err := io.WriteString(conn, beginning); err != nil || beginning == "" {
			continue
		}
		go func() {
			for tick := time.NewTicker(time.Second); ; {
				if _, err := conn.Write([]byte("a")); err != nil {
					tick.Stop()
					return
				}
				select {
				case <-ctx.Done():
					tick.Stop()
					return
				case <-tick.C:
				}
			}
		}()
	}
	return opened, nil
}

// slowest returns the longest time that one of several requests took, each on a connection of its own.
func (p *process) slowest(n int) (longest time.Duration) {
	p.t.Helper()
	for range n {
		insecure.CloseIdleConnections()
		began := time.Now()
		_, err := p.call("GET", "Workgroups", nil, nil)
		must(p.t, err)
		longest = max(longest, time.Since(began))
	}
	return longest
}

// TestSlowConnections lets a request through beside many connections that take their time.
func TestSlowConnections(t *testing.T) {
	t.Parallel()
	p := serve(t, newDir(t))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if opened, err := slowly(ctx, strings.TrimPrefix(p.HTTP, "http://"), 300); err != nil {
		t.Fatalf("after %d connections: %v", opened, err)
	}
	if took := p.slowest(10); took > 200*time.Millisecond {
		t.Errorf("a request took %v", took)
	}
}

// TestRefusedBodiesEnd sends the beginning of a body to a server that refuses its sender: it does not wait for the rest.
func TestRefusedBodiesEnd(t *testing.T) {
	t.Parallel()
	p := serve(t, newDir(t))
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.HTTP, "http://"))
	must(t, err)
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s/Workgroups HTTP/1.1\r\nHost: muster\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{", insight.Base)
	must(t, conn.SetReadDeadline(time.Now().Add(15*time.Second)))
	answer, err := io.ReadAll(conn) // to the end of the connection
	if errors.Is(err, os.ErrDeadlineExceeded) || !strings.HasPrefix(string(answer), "HTTP/1.1 401 ") {
		t.Errorf("%v %q", err, answer)
	}
}

// TestConnectionsAtATime fills one listener: those who come there wait, the other listener answers.
func TestConnectionsAtATime(t *testing.T) {
	t.Parallel()
	p := serve(t, newDir(t), "--max-connections", "3")
	https := strings.TrimPrefix(p.HTTPS, "https://")
	hello := func() error {
		d := tls.Dialer{NetDialer: &net.Dialer{Timeout: 500 * time.Millisecond}, Config: &tls.Config{InsecureSkipVerify: true}}
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		conn, err := d.DialContext(ctx, "tcp", https)
		if err == nil {
			conn.Close()
		}
		return err
	}
	if err := hello(); err != nil {
		t.Fatal(err)
	}
	var silent []net.Conn
	for range 3 {
		conn, err := net.Dial("tcp", https)
		must(t, err)
		defer conn.Close()
		silent = append(silent, conn)
	}
	if hello() == nil {
		t.Error("a fourth connection is taken")
	}
	if _, err := p.call("GET", "Workgroups", nil, nil); err != nil {
		t.Errorf("the other listener: %v", err)
	}
	silent[0].Close()
	for deadline := time.Now().Add(5 * time.Second); hello() != nil; {
		if time.Now().After(deadline) {
			t.Fatal("there is still no room")
		}
	}
}
