//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/musterhq/muster/server/insight"
)

// slowCallers hold connections on which a request never comes to its end, a byte now and then. A connection that the
// server ends is opened again after a moment.
type slowCallers struct {
	open   atomic.Int64
	failed atomic.Pointer[error] // of a dial
}

const (
	trickleEvery = 2 * time.Second
	reopenAfter  = 200 * time.Millisecond // short beside the 5 s after which the server ends some, so that most are open at any time
)

// hold keeps n connections, whose beginnings are taken in turn.
func (s *slowCallers) hold(ctx context.Context, address string, n int, beginnings ...string) {
	for i := range n {
		go func() {
			for ctx.Err() == nil {
				s.one(ctx, address, beginnings[i%len(beginnings)])
				select {
				case <-ctx.Done():
				case <-time.After(reopenAfter):
				}
			}
		}()
	}
}

func (s *slowCallers) one(ctx context.Context, address, beginning string) {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", address)
	if err != nil {
		if ctx.Err() == nil {
			s.failed.Store(&err)
		}
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	s.open.Add(1)
	defer s.open.Add(-1)
	if _, err := io.WriteString(conn, beginning); err != nil {
		return
	}
	for answer := make([]byte, 512); ; {
		_ = conn.SetReadDeadline(time.Now().Add(trickleEvery))
		if _, err := conn.Read(answer); errors.Is(err, os.ErrDeadlineExceeded) {
			_, err = conn.Write([]byte(" "))
			if err != nil {
				return
			}
		} else if err != nil {
			return
		}
	}
}

// beginnings of requests whose rest does not come: nobody's at the rows that anybody may call, and a user's.
func slowBodies(token string) (open, signedIn []string) {
	head := func(method, path, header string) string {
		return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: muster\r\nContent-Type: application/json\r\n%s\r\n\r\n{", method, path, header)
	}
	for _, path := range []string{insight.Base + "/Auth/connect/token", insight.Base + "/Auth/SignAppin", "/api/web/v1/adminapi/authenticate", "/o/oauth/token"} {
		open = append(open, head("POST", path, "Content-Length: 1000"))
	}
	open = append(open, head("GET", "/swagger/insight/", "Content-Length: 1000"))
	bearer := "Authorization: Bearer " + token + "\r\n"
	signedIn = []string{
		head("POST", insight.Base+"/Workgroups", bearer+"Content-Length: 1000000"),
		head("POST", insight.Base+"/Workgroups", bearer+"Transfer-Encoding: chunked") + "ffff\r\n",
		head("POST", insight.Base+"/Assets/Search", bearer+"Content-Length: 1000"),
		head("GET", insight.Base+"/Permissions", bearer+"Content-Length: 1000"),
		head("POST", insight.Base+"/Imports", bearer+"Content-Length: 60000000"),
	}
	return open, signedIn
}

// TestSlowCallers has thousands of connections take their time with bodies and headers: other callers do not notice.
func TestSlowCallers(t *testing.T) {
	if withRaceDetector() {
		t.Skip("make test runs it without the race detector, which has memory of its own beside each byte, and takes its time")
	}
	const (
		each   = 2200 // so that some 2,000 are open at any time: those that the server ends come again
		enough = 3 * 1900
		others = 200 // files for other connections
	)
	var files syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files))
	if files.Cur/8*3 < 3*each+others {
		t.Skipf("%d files may be open, of which a listener takes three eighths; %d slow connections and some more are wanted", files.Cur, 3*each)
	}
	p := serve(t, newDir(t), "--log-level", "warn")
	_, before := p.spread(100)
	memory := p.resident()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	callers := new(slowCallers)
	open, signedIn := slowBodies(p.Token)
	address := strings.TrimPrefix(p.HTTP, "http://")
	callers.hold(ctx, address, each, open...)
	callers.hold(ctx, address, each, signedIn...)
	callers.hold(ctx, address, each, "GET /readyz HTTP/1.1\r\nHost: muster\r\nX-Slow: ", "")
	for deadline := time.Now().Add(30 * time.Second); callers.open.Load() < enough; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d connections are open", callers.open.Load(), enough)
		}
	}
	limit := max(200*time.Millisecond, 3*before)
	middle, slow := p.spread(500)
	for again := 0; slow > limit && again < 2; again++ { // something else may have had the machine for a moment
		middle, slow = p.spread(500)
	}
	held := callers.open.Load()
	if err := callers.failed.Load(); err != nil {
		t.Errorf("a connection was not taken: %v", *err)
	}
	if held < enough*9/10 {
		t.Errorf("%d connections are left of %d: this proves nothing", held, enough)
	}
	perConnection := (p.resident() - memory) / held
	t.Logf("beside %d slow connections a request takes %v, one of a hundred more than %v (%v without them); a connection costs %d KiB", held, middle, slow, before, perConnection>>10)
	if slow > limit {
		t.Errorf("one request of a hundred takes %v, %v at the most is allowed", slow, limit)
	}
	if perConnection > 64<<10 {
		t.Errorf("a slow connection costs %d KiB", perConnection>>10)
	}
}

// spread returns how long n requests take, fewer if that takes long, each on a connection of its own: the middle one, and the one that
// one of a hundred exceeds.
func (p *process) spread(n int) (median, p99 time.Duration) {
	p.t.Helper()
	var all []time.Duration
	for deadline := time.Now().Add(10 * time.Second); len(all) < n && (len(all) < 100 || time.Now().Before(deadline)); {
		insecure.CloseIdleConnections()
		began := time.Now()
		_, err := p.call("GET", "Workgroups", nil, nil)
		must(p.t, err)
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	return all[len(all)/2], all[len(all)-1-len(all)/100]
}

// resident returns how many bytes of memory the process has.
func (p *process) resident() int64 {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	must(p.t, err)
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	var kib int64
	_, err = fmt.Sscan(rest, &kib)
	must(p.t, err)
	return kib << 10
}
