package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"
)

// logger writes the log to w: text for people, JSON for machines. What machines read is gathered; flush writes the rest of it.
func (c *config) logger(w io.Writer) (log *slog.Logger, flush func() error, err error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.logLevel)); err != nil {
		return nil, nil, fmt.Errorf("--log-level: debug, info, warn or error is expected, not %q", c.logLevel)
	}
	options := &slog.HandlerOptions{Level: level}
	format := c.log
	if format == "auto" {
		format = "json"
		if isTerminal(w) {
			format = "text"
		}
	}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), func() error { return nil }, nil
	case "json":
		lines := gatherJSON(w, options)
		return slog.New(lines), lines.flush, nil
	}
	return nil, nil, fmt.Errorf("--log: text, json or auto is expected, not %q", c.log)
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
