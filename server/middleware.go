package server

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// identify gives a request the id that its answer and its log lines carry.
func (s *Server) identify(c *gin.Context) {
	c.Writer.Header()[api.RequestID] = []string{newID()}
	c.Next()
}

// newID returns a random UUID. It is no secret, so it need not come from the system's source of randomness, which takes longer.
func newID() string {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], rand.Uint64())
	binary.BigEndian.PutUint64(id[8:], rand.Uint64())
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // RFC 9562: version 4
	return id.String()
}

// log writes a line for each request: who sent it, the path of its row and never the query, which may hold a token, and why it
// was refused.
func (s *Server) log(c *gin.Context) {
	began := time.Now()
	c.Next()
	h, ctx, now := s.Log.Handler(), c.Request.Context(), time.Now()
	if !h.Enabled(ctx, slog.LevelInfo) {
		return
	}
	o := api.OutcomeOf(c)
	line := slog.NewRecord(now, slog.LevelInfo, "request", 0) // LogAttrs would look for the place in the code, which is never told
	line.AddAttrs(
		slog.String("id", c.Writer.Header().Get(api.RequestID)), slog.String("method", c.Request.Method), slog.String("route", routeOf(c, o)),
		slog.Int("status", c.Writer.Status()), slog.Int("bytes", c.Writer.Size()), slog.Float64("took_ms", milliseconds(now.Sub(began))),
		slog.String("from", c.Request.RemoteAddr), slog.String("user", o.User))
	if o.Reason != "" {
		line.AddAttrs(slog.String("reason", string(o.Reason)), slog.String("because", authz.Sentences[o.Reason]), slog.String("see", store.RefusedPage))
	}
	_ = h.Handle(ctx, line)
}

// longestPath is how much of a path the log shows that no row has, which may be any stranger's text.
const longestPath = 256

// routeOf is the path of the row that answered, or else the path that was asked for.
func routeOf(c *gin.Context, o api.Outcome) string {
	if path := cmp.Or(o.Path, c.FullPath()); path != "" {
		return path
	}
	path := c.Request.URL.Path
	return path[:min(len(path), longestPath)]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// recover turns a panic into a 500 that says nothing but its request id; the log has the rest.
func (s *Server) recover(dialects []*api.Dialect) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p) // net/http cuts the connection
			}
			id := c.Writer.Header().Get(api.RequestID)
			s.Log.Error("panic", "request", id, "route", c.FullPath(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			c.Abort()
			if !c.Writer.Written() {
				status := http.StatusInternalServerError
				api.Refuse(c, status, api.Public(status, nil, id), dialects...)
			}
		}()
		c.Next()
	}
}
