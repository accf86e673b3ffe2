package server

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestTimes has a server whose times are short cut off whoever takes longer.
func TestTimes(t *testing.T) {
	t.Parallel()
	const short, soon = 200 * time.Millisecond, 5 * time.Second
	failed := make(chan error, 1) // of the handler
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/body":
			_, err := io.ReadAll(r.Body)
			failed <- err
		case "/answer":
			for {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					failed <- err
					return
				}
			}
		}
	})
	for _, c := range []struct {
		name, says string
		limits     Limits
		handled    bool
	}{
		{"a header without an end", "GET / HTTP/1.1\r\nHost: muster\r\nX-Slow: ", Limits{Header: short}, false},
		{"nothing at all", "", Limits{Header: short}, false},
		{"a body without an end", "POST /body HTTP/1.1\r\nHost: muster\r\nContent-Length: 9\r\n\r\n", Limits{Body: short}, true},
		{"an answer that nobody takes", "GET /answer HTTP/1.1\r\nHost: muster\r\n\r\n", Limits{Answer: short}, true},
		{"a connection without a next request", "GET / HTTP/1.1\r\nHost: muster\r\n\r\n", Limits{Idle: short}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			server := c.limits.orDefault().server(handler, slog.New(slog.DiscardHandler))
			go server.Serve(l)
			defer server.Close()
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprint(conn, c.says)
			if c.handled {
				select {
				case err := <-failed:
					if err == nil {
						t.Error("the handler had no error")
					}
				case <-time.After(soon):
					t.Fatal("the handler still waits")
				}
				return
			}
			conn.SetReadDeadline(time.Now().Add(soon))
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Errorf("the connection is still there: %v", err)
			}
		})
	}
}

// TestHeaders refuses what is no request of a client: headers that are too large, and such as would end a line of
// something else.
func TestHeaders(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := Limits{}.orDefault().server(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	go server.Serve(l)
	defer server.Close()
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"a header as usual":        {"GET / HTTP/1.1\r\nHost: muster\r\nX: 1\r\n\r\n", http.StatusNotFound},
		"a header of 40 KiB":       {"GET / HTTP/1.1\r\nHost: muster\r\nX: " + string(make40()) + "\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge},
		"a path of 40 KiB":         {"GET /" + string(make40()) + " HTTP/1.1\r\nHost: muster\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge},
		"a control character":      {"GET / HTTP/1.1\r\nHost: muster\r\nX: a\x00b\r\n\r\n", http.StatusBadRequest},
		"a blank in a name":        {"GET / HTTP/1.1\r\nHost: muster\r\nX Y: 1\r\n\r\n", http.StatusBadRequest},
		"two lengths":              {"POST / HTTP/1.1\r\nHost: muster\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", http.StatusBadRequest},
		"an unknown encoding":      {"POST / HTTP/1.1\r\nHost: muster\r\nTransfer-Encoding: xchunked\r\n\r\n", http.StatusNotImplemented},
		"no host":                  {"GET / HTTP/1.1\r\n\r\n", http.StatusBadRequest},
		"a method that is no word": {"GE\x01T / HTTP/1.1\r\nHost: muster\r\n\r\n", http.StatusBadRequest},
	} {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, c.request)
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		got, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || got.StatusCode != c.status {
			t.Errorf("%s: %v %+v, want %d", name, err, got, c.status)
		}
		conn.Close()
	}
}

func make40() []byte {
	b := make([]byte, 40<<10)
	for i := range b {
		b[i] = 'a'
	}
	return b
}
