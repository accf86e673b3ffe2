// Package server is the HTTP server: listeners, limits, logs and pages around the doors, and the work in the
// background.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/musterhq/muster/directory/roster"
	"github.com/musterhq/muster/importers/runner"
	"github.com/musterhq/muster/reports"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// Options are what a Server needs.
type Options struct {
	DB          *store.DB
	Runner      *runner.Runner
	Importers   []string // the ImportTypes that are built in
	Manual      bool     // answer to the letter of the printed document
	BodyLimit   int64    // bytes of a request's body
	ImportLimit int64    // bytes of an imported file
	Scratch     string   // private folder of files that do not outlive the process; empty: the system's

	// Backup writes a backup for whoever opens the local door.
	Backup func(context.Context, io.Writer) error

	TrustedProxies store.Ranges // whose X-Forwarded-For is believed
	VendorGrants   bool         // callers may give rights that they lack, as the vendor's do
	Roster         *roster.Roster
	Log            *slog.Logger
}

// Server answers the three listeners with one store behind them.
type Server struct {
	Options
	handler  http.Handler
	local    http.Handler
	reports  *reports.Runner
	stopping atomic.Bool
	loading  sync.Mutex // of a lab file
}

var releaseMode = sync.OnceFunc(func() { gin.SetMode(gin.ReleaseMode) }) // Gin keeps its mode in a global and is talkative by default

// New builds the routes. It panics when a table of rows contradicts itself, which any test finds.
func New(o Options) *Server {
	releaseMode()
	s := &Server{Options: o, reports: reports.NewRunner(o.DB, o.Scratch, o.Log)}
	dialects := s.dialects()
	e := gin.New()
	e.UseRawPath, e.UnescapePathValues = true, true
	e.RedirectTrailingSlash, e.RedirectFixedPath, e.HandleMethodNotAllowed = false, false, true
	e.Use(s.identify, s.log, s.recover)
	for _, d := range dialects {
		d.Mount(e, api.Options{
			DB: o.DB, Log: o.Log, Manual: o.Manual, BodyLimit: o.BodyLimit, TrustedProxies: o.TrustedProxies, VendorGrants: o.VendorGrants,
			AskDirectory: s.askDirectory,
		})
	}
	e.NoRoute(api.Unrouted(http.StatusNotFound, dialects...))
	e.NoMethod(api.Unrouted(http.StatusMethodNotAllowed, dialects...))
	e.GET("/healthz", s.healthy)
	e.GET("/readyz", s.ready)
	pages(e, dialects)
	s.handler = api.Forgiving(e, dialects...)
	s.local = s.localHandler()
	return s
}

// Dialects returns the doors with their tables, for tests and documents that are made from them.
func Dialects() []*api.Dialect { return (&Server{}).dialects() }

func (s *Server) dialects() []*api.Dialect {
	return []*api.Dialect{insight.New(s.directories(insight.Services{
		Importers:   func(tx *store.Tx) ([]string, error) { return store.ImportTypes(tx, s.Importers) },
		Spool:       s.spool,
		Discard:     func(file string) { s.Runner.Discard(file) },
		Wake:        func() { s.Runner.Wake() },
		Stop:        func(importID int) { s.Runner.Stop(importID) },
		ImportLimit: s.ImportLimit,
	}))}
}

func (s *Server) spool(_ context.Context, fill func(io.Writer) error) (string, int, error) {
	tooLarge := fmt.Errorf("%w: the limit of an import is %d bytes", api.ErrTooLarge, s.ImportLimit)
	return s.Runner.Spool(s.ImportLimit, tooLarge, func(w *runner.Spool) error { return fill(w) })
}

// Handler returns what the HTTP and HTTPS listeners serve.
func (s *Server) Handler() http.Handler { return s.handler }

// Listeners are the sockets to serve, each of which may be nil.
type Listeners struct {
	HTTP  net.Listener // loopback only
	HTTPS net.Listener
	TLS   *tls.Config
	Local net.Listener // the unix socket beside the store, for commands of whoever owns it
}

// The times a connection may take. A body of 64 MiB has to fit into the longest.
const (
	headerTime = 10 * time.Second
	bodyTime   = 5 * time.Minute
	answerTime = 10 * time.Minute
	idleTime   = 2 * time.Minute
	stopTime   = 8 * time.Second
	maxHeader  = 32 << 10
)

// Serve serves until ctx ends, then answers what is under way, at most 8 seconds, and stops the background work.
// The error is that of the first listener that failed.
func (s *Server) Serve(ctx context.Context, l Listeners) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var background, listeners sync.WaitGroup
	patient := store.Patient(ctx) // on a full disk it waits, where a request is refused
	background.Go(func() { s.Runner.Run(patient) })
	background.Go(func() { s.reports.Run(patient) })
	background.Go(func() { s.Roster.Run(patient) })
	background.Go(func() { s.endSessions(patient) })
	background.Go(func() { s.sweep(patient) })
	background.Go(func() { store.KeepRules(patient, s.DB) })

	var servers []*http.Server
	serve := func(l net.Listener, h http.Handler) {
		if l == nil {
			return
		}
		server := &http.Server{
			Handler: h, ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime, WriteTimeout: answerTime, IdleTimeout: idleTime,
			MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
			Protocols: protocols(),
		}
		servers = append(servers, server)
		listeners.Go(func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				cancel(err)
			}
		})
	}
	serve(l.HTTP, s.handler)
	if l.HTTPS != nil {
		serve(tls.NewListener(l.HTTPS, l.TLS), s.handler)
	}
	serve(l.Local, s.local)

	<-ctx.Done()
	s.stopping.Store(true)
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer stop()
	for _, server := range servers {
		listeners.Go(func() {
			if server.Shutdown(last) != nil {
				server.Close()
			}
		})
	}
	listeners.Wait()
	background.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// protocols are HTTP/1.1 and, over TLS, HTTP/2.
func protocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	return p
}

// How often what has ended is cleared away: sessions, and what deleted records left.
const (
	endSessionsEvery = 5 * time.Minute
	sweepEvery       = time.Second
)

// sweep begins at once, with what an earlier run of the server did not come to.
func (s *Server) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := store.Sweep(ctx, s.DB); err != nil && ctx.Err() == nil {
			s.Log.Error("sweep", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Server) endSessions(ctx context.Context) {
	tick := time.NewTicker(endSessionsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for {
			n, err := store.SweepSessions(ctx, s.DB)
			if err != nil && ctx.Err() == nil {
				s.Log.Error("sweep sessions", "error", err)
			}
			if n == 0 || err != nil {
				break
			}
		}
	}
}

func (s *Server) healthy(c *gin.Context) { c.String(http.StatusOK, "ok\n") }

// ready says whether requests are welcome and, to strangers, nothing else but that the disk is full.
func (s *Server) ready(c *gin.Context) {
	if s.stopping.Load() {
		c.String(http.StatusServiceUnavailable, "stopping\n")
		return
	}
	err := s.DB.Ready(c.Request.Context())
	if errors.Is(err, store.ErrNoSpace) {
		c.String(http.StatusServiceUnavailable, "not ready: "+store.ErrNoSpace.Error()+"; what is there can be read\n")
		return
	}
	if err != nil {
		s.Log.Error("not ready", "error", err)
		c.String(http.StatusServiceUnavailable, "not ready\n")
		return
	}
	c.String(http.StatusOK, "ready\n")
}
