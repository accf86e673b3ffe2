package server

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Where health is told, on every listener.
const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

// AdminHandler returns what the admin listener serves to whoever looks after the server: metrics, health, profiles. It
// asks for no credential, which is why that listener must be a loopback one.
func (s *Server) AdminHandler() http.Handler {
	e := gin.New()
	e.Use(s.identify, s.recover(nil), s.protect, s.fromThisHost)
	e.GET(healthPath, s.healthy)
	e.GET(readyPath, s.ready)
	e.GET("/metrics", gin.WrapH(promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn), ErrorHandling: promhttp.ContinueOnError,
		MaxRequestsInFlight: 4, Timeout: 10 * time.Second,
	})))
	e.GET("/debug/pprof/*name", func(c *gin.Context) {
		switch name := strings.TrimPrefix(c.Param("name"), "/"); name {
		case "cmdline", "symbol":
			c.AbortWithStatus(http.StatusNotFound) // the command line is nobody's business, and symbols are in the profiles
		case "profile":
			pprof.Profile(c.Writer, c.Request)
		case "trace":
			pprof.Trace(c.Writer, c.Request)
		default: // the index, and the profiles by their names
			pprof.Index(c.Writer, c.Request)
		}
	})
	return e
}

// fromThisHost refuses pages: a browser on this host reaches its loopback addresses for any page that it shows. Those of
// other sites it marks, and one that had its name resolve to this host gives that name as Host.
func (s *Server) fromThisHost(c *gin.Context) {
	asked := *c.Request
	asked.Method = http.MethodPost // CrossOriginProtection lets methods pass that should be safe
	if !isLoopback(c.Request.Host) || http.NewCrossOriginProtection().Check(&asked) != nil {
		c.AbortWithStatus(http.StatusForbidden)
		return
	}
	c.Next()
}

// isLoopback reports whether a host, with a port or without, is this one: localhost or a loopback address.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}
