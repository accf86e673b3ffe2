package api

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/gin-gonic/gin"
)

// Places bound how many requests are worked on at a time. A request that waits for its body has no place, since its sender
// alone decides how long that takes; it costs its connection and little memory.
type Places struct {
	most  int64
	taken atomic.Int64
	held  atomic.Int64 // bytes in memory of bodies that are not complete, beyond the first of each
}

// What bodies on their way may take.
const (
	freeBytes = 16 << 10  // of each, which are not counted
	maxHeld   = 256 << 20 // of all
	// maxAwaited is how many bodies a connection may leave unfinished at a time: with HTTP/2, a few connections have as many requests as
	// HTTP/1.1 has in all.
	maxAwaited = 32
)

// NewPlaces returns places for so many requests.
func NewPlaces(most int) *Places { return &Places{most: int64(most)} }

// Taken returns how many requests are worked on.
func (p *Places) Taken() int64 { return p.taken.Load() }

// placeKey is the key of Gin's context behind placeOf.
const placeKey = "place"

// Enter takes a place for a request, and reports whether there was one. Leave gives it back, taken or not.
func (p *Places) Enter(c *gin.Context) (leave func(), room bool) {
	awaited, _ := c.Request.Context().Value(connectionKey{}).(*atomic.Int64)
	mine := &place{of: p, awaited: awaited}
	c.Set(placeKey, mine)
	return mine.end, mine.enter()
}

// connectionKey is the key of a connection's context behind the count of its bodies.
type connectionKey struct{}

// WithConnection returns the context of a new connection, in which the bodies that it leaves unfinished are counted.
func WithConnection(ctx context.Context) context.Context {
	return context.WithValue(ctx, connectionKey{}, new(atomic.Int64))
}

// place is one request's. It belongs to the goroutine of the request.
type place struct {
	of      *Places
	awaited *atomic.Int64 // on the connection; nil: nobody counts

	inside, waiting bool
	held            int64
}

// placeOf returns the place of a request; outside of a server it is one without bounds.
func placeOf(c *gin.Context) *place {
	value, _ := c.Get(placeKey)
	if mine, ok := value.(*place); ok {
		return mine
	}
	return &place{of: NewPlaces(1)}
}

func (p *place) enter() bool {
	p.inside = true
	return p.of.taken.Add(1) <= p.of.most
}

func (p *place) end() {
	p.arrived()
	if p.inside {
		p.inside = false
		p.of.taken.Add(-1)
	}
}

// await gives the place back while the body is on its way.
func (p *place) await() error {
	if p.waiting {
		return nil
	}
	if p.inside {
		p.inside = false
		p.of.taken.Add(-1)
	}
	p.waiting = true
	if p.awaited != nil && p.awaited.Add(1) > maxAwaited {
		return fmt.Errorf("%w: more than %d bodies are unfinished on this connection", ErrOccupied, maxAwaited)
	}
	return nil
}

// arrived notes that nothing more of the body is awaited.
func (p *place) arrived() {
	if p.waiting && p.awaited != nil {
		p.awaited.Add(-1)
	}
	p.of.held.Add(-p.held)
	p.waiting, p.held = false, 0
}

// resume takes a place again for a request whose body is there.
func (p *place) resume() error {
	if !p.waiting {
		return nil
	}
	p.arrived()
	if !p.enter() {
		return ErrOccupied
	}
	return nil
}

// hold asks for memory for a body of which so many bytes are to be kept in all.
func (p *place) hold(bytes int) error {
	more := max(int64(bytes)-freeBytes, 0) - p.held
	if more <= 0 {
		return nil
	}
	p.held += more
	if p.of.held.Add(more) > maxHeld {
		return fmt.Errorf("%w: too many large bodies are on their way", ErrOccupied)
	}
	return nil
}
