package main

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

// gathered writes the lines of a log some at a time: a server writes one for every request, and a write of its own would cost
// a good part of what the request does. Nothing waits longer than gatherTime, and nobody's warning waits at all.
type gathered struct {
	to io.Writer

	mu    sync.Mutex
	lines []byte
	timer *time.Timer // of lines that wait
}

const (
	gatherTime  = 100 * time.Millisecond
	gatherBytes = 32 << 10
)

// Write takes a line, whole.
func (g *gathered) Write(line []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.lines) == 0 {
		g.timer = time.AfterFunc(gatherTime, func() { _ = g.flush() })
	}
	g.lines = append(g.lines, line...)
	if len(g.lines) < gatherBytes {
		return len(line), nil
	}
	return len(line), g.pass()
}

// flush writes what waits.
func (g *gathered) flush() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pass()
}

func (g *gathered) pass() error {
	if len(g.lines) == 0 {
		return nil
	}
	g.timer.Stop()
	_, err := g.to.Write(g.lines)
	g.lines = g.lines[:0]
	return err
}

// promptly is a handler whose warnings and errors are written at once, with all that was logged before them: they may be the
// last that a process has to say.
type promptly struct {
	slog.Handler
	lines *gathered
}

func (p promptly) Handle(ctx context.Context, r slog.Record) error {
	if err := p.Handler.Handle(ctx, r); err != nil || r.Level < slog.LevelWarn {
		return err
	}
	return p.lines.flush()
}

func (p promptly) WithAttrs(attrs []slog.Attr) slog.Handler {
	return promptly{p.Handler.WithAttrs(attrs), p.lines}
}

func (p promptly) WithGroup(name string) slog.Handler {
	return promptly{p.Handler.WithGroup(name), p.lines}
}
