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

	writing sync.Mutex // by one at a time, so that lines stay in their order; taken before mu
	spelled bytes.Buffer
	spare   []waiting

	mu      sync.Mutex
	waiting []waiting
	timer   *time.Timer // of lines that wait
}

// waiting is a line that is not spelled yet.
type waiting struct {
	by slog.Handler
	slog.Record
}

const (
	gatherTime  = 100 * time.Millisecond
	gatherLines = 128             // that are written without waiting for more
	mostLines   = 8 * gatherLines // that may wait when writing is slow; who logs one more waits, too
)

// gatherJSON returns a handler whose lines are JSON.
func gatherJSON(to io.Writer, options *slog.HandlerOptions) gathered {
	l := &lines{to: to}
	return gathered{slog.NewJSONHandler(&l.spelled, options), l}
}

// Handle takes a record.
func (g gathered) Handle(_ context.Context, r slog.Record) error {
	if n := g.take(waiting{g.Handler, r.Clone()}); n < mostLines && r.Level < slog.LevelWarn && isFixed(r) {
		return nil
	}
	return g.flush()
}

// take has a line wait and returns how many do.
func (l *lines) take(w waiting) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.timer = time.AfterFunc(gatherTime, func() { _ = l.flush() })
	}
	l.waiting = append(l.waiting, w)
	if len(l.waiting) == gatherLines {
		l.timer.Reset(0)
	}
	return len(l.waiting)
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
func (l *lines) flush() (err error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	taken := l.swap()
	for _, w := range taken {
		err = errors.Join(err, w.by.Handle(context.Background(), w.Record))
	}
	clear(taken)
	l.spare = taken[:0]
	_, failed := l.spelled.WriteTo(l.to)
	l.spelled.Reset()
	return errors.Join(err, failed)
}

// swap takes the lines that wait.
func (l *lines) swap() (taken []waiting) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) > 0 {
		l.timer.Stop()
	}
	taken, l.waiting = l.waiting, l.spare
	return taken
}

// WithAttrs is slog.Handler's.
func (g gathered) WithAttrs(attrs []slog.Attr) slog.Handler {
	return gathered{g.Handler.WithAttrs(attrs), g.lines}
}

// WithGroup is slog.Handler's.
func (g gathered) WithGroup(name string) slog.Handler {
	return gathered{g.Handler.WithGroup(name), g.lines}
}
