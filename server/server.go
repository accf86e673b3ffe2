// Package server is the HTTP server: listeners, limits, logs and pages around the doors, and the work in the
// background.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/gin-gonic/gin"

	"github.com/musterhq/muster/directory/roster"
	"github.com/musterhq/muster/importers/runner"
	"github.com/musterhq/muster/reports"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/server/idaas"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/server/metaaccess"
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

	Origins []string // other sites whose pages may call, each as CheckOrigin wants it
	Dir     string   // of the store, for metrics of its size and the free space; empty: none
	Limits  Limits

	TrustedProxies store.Ranges // whose X-Forwarded-For is believed
	VendorGrants   bool         // callers may give rights that they lack, as the vendor's do
	Roster         *roster.Roster

	// MetaAccessRequests is how many requests each user has in any minute at that door; 0: as many as they like.
	MetaAccessRequests int

	Log *slog.Logger
}

// Server answers the three listeners with one store behind them.
type Server struct {
	Options
	handler  http.Handler
	local    http.Handler
	reports  *reports.Runner
	metrics  *metrics
	places   *api.Places
	stopping atomic.Bool
	loading  sync.Mutex // of a lab file

	addresses struct{ http, https string } // where Serve listens
}

var releaseMode = sync.OnceFunc(func() { gin.SetMode(gin.ReleaseMode) }) // Gin keeps its mode in a global and is talkative by default

// New builds the routes. It panics when a table of rows contradicts itself, which any test finds, and on an origin that
// CheckOrigin refuses.
func New(o Options) *Server {
	releaseMode()
	s := &Server{Options: o, reports: reports.NewRunner(o.DB, o.Scratch, o.Log)}
	s.Limits = s.Limits.orDefault()
	s.places = api.NewPlaces(s.Limits.Requests)
	s.metrics = s.newMetrics()
	dialects := s.dialects()
	e := gin.New()
	e.UseRawPath, e.UnescapePathValues = true, true
	e.RedirectTrailingSlash, e.RedirectFixedPath, e.HandleMethodNotAllowed = false, false, true
	e.Use(s.identify, s.log, s.measure, s.recover(dialects), s.protect, s.bound(dialects))
	if len(o.Origins) > 0 {
		e.Use(share(o.Origins)) // none would mean all to it
	}
	crossSite, err := api.NewCrossSite(o.Origins)
	for _, origin := range o.Origins {
		err = errors.Join(err, CheckOrigin(origin))
	}
	if err != nil {
		panic(err)
	}
	for _, d := range dialects {
		d.Mount(e, api.Options{
			DB: o.DB, Log: o.Log, Manual: o.Manual, BodyLimit: o.BodyLimit, TrustedProxies: o.TrustedProxies, VendorGrants: o.VendorGrants,
			AskDirectory: s.askDirectory, CrossSite: crossSite,
		})
	}
	e.NoRoute(api.Unrouted(http.StatusNotFound, dialects...))
	e.NoMethod(api.Unrouted(http.StatusMethodNotAllowed, dialects...))
	e.GET(healthPath, s.healthy)
	e.GET(readyPath, s.ready)
	pages(e, dialects, o.Manual)
	s.handler = api.NormalizePath(e, dialects...)
	s.local = s.localHandler()
	return s
}

// Dialects returns the doors with their tables, for tests and documents that are made from them.
func Dialects() []*api.Dialect { return (&Server{}).dialects() }

func (s *Server) dialects() []*api.Dialect {
	return []*api.Dialect{
		insight.New(s.directories(insight.Services{
			Importers:   func(tx *store.Tx) ([]string, error) { return store.ImportTypes(tx, s.Importers) },
			Spool:       s.spool,
			Discard:     func(file string) { s.Runner.Discard(file) },
			Wake:        func() { s.Runner.Wake() },
			Stop:        func(importID int) { s.Runner.Stop(importID) },
			ImportLimit: s.ImportLimit,
		})),
		idaas.New(),
		metaaccess.New(s.MetaAccessRequests),
	}
}

func (s *Server) spool(_ context.Context, fill func(io.Writer) error) (string, int, error) {
	tooLarge := fmt.Errorf("%w: the limit of an import is %d bytes", api.ErrTooLarge, s.ImportLimit)
	return s.Runner.Spool(s.ImportLimit, tooLarge, fill)
}

// Handler returns what the HTTP and HTTPS listeners serve.
func (s *Server) Handler() http.Handler { return s.handler }

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
