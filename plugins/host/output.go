package host

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"

	"github.com/musterhq/muster/plugins"
)

const (
	keptBytes   = 64 << 10 // of the end of standard error; a Go program that crashes names the cause above a long trace
	loggedBytes = 64 << 10 // of its beginning go into the log
	lastBytes   = 4 << 10  // of what is kept go into the reason of a failure
	lastLines   = 20
)

// output takes the standard error of a process, however much there is, and keeps its end.
type output struct {
	log *slog.Logger

	mu     sync.Mutex // guards what follows
	tail   []byte
	logged int
	line   []byte // for the log, not yet ended
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.note(p)
	o.tail = append(o.tail, p[max(0, len(p)-keptBytes):]...)
	if len(o.tail) > 2*keptBytes {
		o.tail = append(o.tail[:0], o.tail[len(o.tail)-keptBytes:]...)
	}
	return len(p), nil
}

// note logs the lines of p as long as there is room in the log.
func (o *output) note(p []byte) {
	for len(p) > 0 && o.logged < loggedBytes {
		line, rest, ended := bytes.Cut(p, []byte("\n"))
		line = line[:min(len(line), loggedBytes-o.logged)]
		o.logged += len(line) + 1
		o.line = append(o.line, line...)
		if ended || o.logged >= loggedBytes {
			o.log.Debug("standard error of an importer", "line", plugins.Sentence(string(o.line)))
			o.line = o.line[:0]
		}
		p = rest
	}
}

// last returns the last lines; of a Go program that crashed, those that begin with the cause.
func (o *output) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := strings.ToValidUTF8(string(o.tail), "?")
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	from := max(0, len(lines)-lastLines)
	for i, line := range lines {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "SIG") {
			from = i
			break
		}
	}
	lines = lines[from:min(len(lines), from+lastLines)]
	for i, line := range lines {
		lines[i] = plugins.Sentence(line)
	}
	text = strings.Join(lines, "\n")
	if len(text) > lastBytes {
		text = strings.ToValidUTF8(text[:lastBytes], "")
	}
	return text
}

// debugLogger passes what go-plugin says to a slog.Logger, at debug level whatever go-plugin makes of it: it calls the
// killing of a process, which is how every import ends, a failure.
func debugLogger(log *slog.Logger) hclog.Logger {
	l := hclog.NewInterceptLogger(&hclog.LoggerOptions{Level: hclog.Off})
	l.RegisterSink(sink{log})
	return l
}

type sink struct{ log *slog.Logger }

func (s sink) Accept(_ string, level hclog.Level, message string, args ...any) {
	if level >= hclog.Debug {
		s.log.Debug(message, args...)
	}
}
