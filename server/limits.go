package server

import (
	"cmp"
	"log/slog"
	"math"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sys/unix"
)

// Limits bound what strangers can make the server hold. Each that is zero has the default that is said beside it.
type Limits struct {
	// Connections at a time, for each listener: 4096, but no more than a quarter of the files that may be open. Further ones wait to be accepted, so that those who hold many
	// slow ones take neither the files that the store needs nor another listener's places.
	Connections int
	// Requests at a time, on all connections: 1024. HTTP/2 has many on one. Further ones are answered 503.
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
		Connections: min(cmp.Or(l.Connections, 4096), connectionsAtMost()),
		Requests:    cmp.Or(l.Requests, 1024),
		Header:      cmp.Or(l.Header, 10*time.Second),
		Body:        cmp.Or(l.Body, 5*time.Minute),
		Answer:      cmp.Or(l.Answer, 10*time.Minute),
		Idle:        cmp.Or(l.Idle, 2*time.Minute),
	}
}

// connectionsAtMost are a quarter of the files that the process may have open, for each of the listeners; the rest is
// for the store and for imports.
func connectionsAtMost() int {
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) != nil {
		return 256
	}
	return int(min(files.Cur/4, math.MaxInt32))
}

// server is an HTTP/1.1 and, over TLS, HTTP/2 server within the limits.
func (l Limits) server(h http.Handler, log *slog.Logger) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	return &http.Server{
		Handler: h, ReadHeaderTimeout: l.Header, ReadTimeout: l.Body, WriteTimeout: l.Answer, IdleTimeout: l.Idle, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), Protocols: protocols, HTTP2: &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
	}
}

// bound answers 503 to requests beyond those that may be under way. Health is told in any case, or whoever watches
// would take a busy server for a dead one.
func (s *Server) bound(c *gin.Context) {
	defer s.underWay.Add(-1)
	if n := s.underWay.Add(1); n > int64(s.Limits.Requests) && c.FullPath() != healthPath && c.FullPath() != readyPath {
		c.Header("Retry-After", "1")
		c.AbortWithStatusJSON(http.StatusServiceUnavailable, "too many requests are under way; try again later")
		return
	}
	c.Next()
}
