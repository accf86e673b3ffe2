package badgerkv

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestLogger(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		say  func(logger)
		want string
	}{
		"an error":          {func(l logger) { l.Errorf("table %d\n", 7) }, `level=ERROR msg="table 7"`},
		"a warning":         {func(l logger) { l.Warningf("table %d", 7) }, `level=WARN msg="table 7"`},
		"information":       {func(l logger) { l.Infof("table %d", 7) }, `level=DEBUG msg="table 7"`},
		"debugging":         {func(l logger) { l.Debugf("First key=%q\n", "k") }, ``},
		"a small cache":     {func(l logger) { l.Warningf("%s might be too small. Metrics: %s\n", "x", "y") }, `level=DEBUG msg="x might be too small. Metrics: y"`},
		"a cache's figures": {func(l logger) { l.Warningf("Cache life expectancy (in seconds): %+v\n", 1) }, `level=DEBUG msg="Cache life expectancy (in seconds): 1"`},
	} {
		var out bytes.Buffer
		c.say(newLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{
			Level: slog.LevelDebug,
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			},
		}))))
		if got := strings.TrimSpace(out.String()); got != c.want {
			t.Errorf("%s is logged as %q, want %q", name, got, c.want)
		}
	}
}
