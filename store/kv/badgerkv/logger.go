package badgerkv

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// logger is a badger.Logger that leaves a healthy store silent: Badger informs about every start and stop, and that
// is for debugging.
type logger struct{ to *slog.Logger }

func newLogger(to *slog.Logger) logger {
	if to == nil {
		to = slog.New(slog.DiscardHandler)
	}
	return logger{to}
}

func (l logger) Errorf(format string, args ...any) { l.log(slog.LevelError, format, args) }

// Warningf is quiet about small caches. Badger may deplore them once a minute, and ours are small on purpose.
func (l logger) Warningf(format string, args ...any) {
	level := slog.LevelWarn
	if strings.Contains(format, "might be too small") || strings.HasPrefix(format, "Cache life expectancy") {
		level = slog.LevelDebug
	}
	l.log(level, format, args)
}

func (l logger) Infof(format string, args ...any) { l.log(slog.LevelDebug, format, args) }

// Debugf drops the message: there are several for each write, and some quote keys.
func (l logger) Debugf(string, ...any) {}

func (l logger) log(level slog.Level, format string, args []any) {
	if ctx := context.Background(); l.to.Enabled(ctx, level) {
		l.to.Log(ctx, level, strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
}
