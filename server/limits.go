package server

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sys/unix"

	"github.com/musterhq/muster/server/api"
)

// Limits bound what strangers can make the server hold. Each that is zero has the default that is said beside it.
type Limits struct {
	// Connections at a time, for each listener: 8192, but no more than three eighths of the files that may be open. Further ones wait to be
	// accepted, so that those who hold many slow ones take neither the files that the store needs nor another listener's places.
	Connections int
	// Requests that are worked on at a time, on all connections: 1024. HTTP/2 has many on one. Further ones are answered 503. Those that
	// wait for their bodies do not count.
	Requests int

	Header time.Duration // until a request's header is there: 10 s
	Body   time.Duration // until its body is: 5 min, in which 64 MiB have to fit
	Answer time.Duration // from the header's end until the answer is taken: 10 min
	Idle   time.Duration // between requests on a connection: 2 min
}

const (
	maxHeader  = 32 << 10 // bytes of a request's header
	maxStreams = 128      // requests at a time on a connection of HTTP/2
)

func (l Limits) orDefault() Limits {
	return Limits{
		Connections: min(cmp.Or(l.Connections, 8192), connectionsAtMost()),
		Requests:    cmp.Or(l.Requests, 1024),
		Header:      cmp.Or(l.Header, 10*time.Second),
		Body:        cmp.Or(l.Body, 5*time.Minute),
		Answer:      cmp.Or(l.Answer, 10*time.Minute),
		Idle:        cmp.Or(l.Idle, 2*time.Minute),
	}
}

// connectionsAtMost are three eighths of the files that the process may have open, for each of two listeners; the quarter that
// is left is for the store and for imports.
func connectionsAtMost() int {
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) != nil {
		return 256
	}
	return int(min(files.Cur/8*3, math.MaxInt32))
}

// server is an HTTP/1.1 and, over TLS, HTTP/2 server within the limits.
func (l Limits) server(h http.Handler, log *slog.Logger) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	return &http.Server{
		Handler: h, ReadHeaderTimeout: l.Header, ReadTimeout: l.Body, WriteTimeout: l.Answer, IdleTimeout: l.Idle, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), Protocols: protocols, HTTP2: &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context { return api.WithConnection(ctx) },
	}
}

// bound answers 503 to requests beyond those that may be worked on. Health is told in any case, or whoever watches
// would take a busy server for a dead one.
func (s *Server) bound(dialects []*api.Dialect) gin.HandlerFunc {
	return func(c *gin.Context) {
		leave, room := s.places.Enter(c)
		defer leave()
		if !room && c.FullPath() != healthPath && c.FullPath() != readyPath {
			c.Header("Retry-After", "1")
			c.Abort()
			api.Refuse(c, http.StatusServiceUnavailable, api.ErrOccupied, dialects...)
			return
		}
		if c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead {
			api.IgnoreBody(c) // of a page as well
		}
		c.Next()
	}
}
