package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"
)

// gathered is a handler that writes the lines of a log some at a time: a server has one for every request, and to spell and write each
// by itself would cost a good part of what the request does. Nothing waits longer than gatherTime, and nobody's warning waits at
// all: warnings and errors are written at once, with all that was logged before them, since they may be the last that a process has to say.
type gathered struct {
	slog.Handler
	*lines
}

// lines are the lines that handlers with different attributes gather for one writer.
type lines struct {
	to io.Writer

	mu      sync.Mutex
	waiting []waiting
	spelled bytes.Buffer
	timer   *time.Timer // of lines that wait
}

// waiting is a line that is not spelled yet.
type waiting struct {
	by slog.Handler
	slog.Record
}

const (
	gatherTime  = 100 * time.Millisecond
	gatherLines = 128
)

// gatherJSON returns a handler whose lines are JSON.
func gatherJSON(to io.Writer, options *slog.HandlerOptions) gathered {
	l := &lines{to: to}
	return gathered{slog.NewJSONHandler(&l.spelled, options), l}
}

// Handle takes a record.
func (g gathered) Handle(_ context.Context, r slog.Record) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		g.timer = time.AfterFunc(gatherTime, func() { _ = g.flush() })
	}
	g.waiting = append(g.waiting, waiting{g.Handler, r.Clone()})
	if r.Level >= slog.LevelWarn || len(g.waiting) >= gatherLines || !isFixed(r) {
		return g.pass()
	}
	return nil
}

// isFixed reports whether a record says the same whenever it is spelled.
func isFixed(r slog.Record) bool {
	fixed := true
	r.Attrs(func(a slog.Attr) bool {
		switch a.Value.Kind() {
		case slog.KindAny, slog.KindLogValuer, slog.KindGroup:
			fixed = false
		}
		return fixed
	})
	return fixed
}

// flush writes what waits.
func (l *lines) flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pass()
}

func (l *lines) pass() (err error) {
	if len(l.waiting) == 0 {
		return nil
	}
	l.timer.Stop()
	for _, w := range l.waiting {
		err = errors.Join(err, w.by.Handle(context.Background(), w.Record))
	}
	clear(l.waiting)
	l.waiting = l.waiting[:0]
	_, failed := l.spelled.WriteTo(l.to)
	l.spelled.Reset()
	return errors.Join(err, failed)
}

// WithAttrs is slog.Handler's.
func (g gathered) WithAttrs(attrs []slog.Attr) slog.Handler {
	return gathered{g.Handler.WithAttrs(attrs), g.lines}
}

// WithGroup is slog.Handler's.
func (g gathered) WithGroup(name string) slog.Handler {
	return gathered{g.Handler.WithGroup(name), g.lines}
}
