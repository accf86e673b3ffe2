package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/server/insight"
)

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

// times returns how long requests took, each on a connection of its own: the middle one and the slowest.
func (p *process) times(n int) (median, slowest time.Duration) {
	p.t.Helper()
	var all []time.Duration
	for range n {
		insecure.CloseIdleConnections()
		began := time.Now()
		_, err := p.call("GET", "Workgroups", nil, nil)
		must(p.t, err)
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	return all[n/2], all[n-1]
}

// TestSlowConnections lets a request through beside many connections that take their time.
func TestSlowConnections(t *testing.T) {
	t.Parallel()
	p := serve(t, newDir(t))
	before, _ := p.times(11) // of a machine that does other things too
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if opened, err := slowly(ctx, strings.TrimPrefix(p.HTTP, "http://"), 300); err != nil {
		t.Fatalf("after %d connections: %v", opened, err)
	}
	if median, _ := p.times(11); median > max(200*time.Millisecond, 3*before) {
		t.Errorf("a request took %v, and %v before", median, before)
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
