package host

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestLastWords(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("so many words\n", 100_000)
	for name, test := range map[string]struct{ said, want string }{
		"nothing":                    {"", ""},
		"a line":                     {"out of memory\n", "out of memory"},
		"a line without an end":      {"out of mem", "out of mem"},
		"blank lines":                {"\n\r\n a\n\n", "a"},
		"the last twenty lines":      {many + "the end\n", strings.Repeat("so many words\n", 19) + "the end"},
		"a panic rather than traces": {many + "panic: oops\n\ngoroutine 1\n" + strings.Repeat("trace\n", 100), "panic: oops\ngoroutine 1\n" + strings.TrimSpace(strings.Repeat("trace\n", 18))},
		"bytes that are no text":     {"\xff\x00\x1b[31mred", "? [31mred"},
		"a line that never ends":     {strings.Repeat("x", 1<<20), strings.Repeat("x", 500)},
		"long lines":                 {strings.Repeat(strings.Repeat("y", 999)+"\n", 20), strings.Repeat(strings.Repeat("y", 500)+"\n", 8) + strings.Repeat("y", 88)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &output{log: slog.New(slog.DiscardHandler)}
			for part := range bytes.SplitAfterSeq([]byte(test.said), []byte("m")) {
				_, _ = o.Write(part)
			}
			if got := o.last(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestOutputIsBounded(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	o := &output{log: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	chunk := bytes.Repeat([]byte("noise\n"), 32<<10/6)
	for range 50 << 20 / len(chunk) {
		_, _ = o.Write(chunk)
	}
	if cap(o.tail) > 4*keptBytes {
		t.Errorf("%d bytes are kept", cap(o.tail))
	}
	if lines := bytes.Count(logged.Bytes(), []byte("\n")); lines > loggedBytes/len("noise\n")+1 || lines < 1000 {
		t.Errorf("%d lines are logged", lines)
	}
}
