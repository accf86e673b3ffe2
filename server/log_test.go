package server_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/insight"
)

// lines is a log that is written to from several sides.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// TestLog lets clients say whatever could end a line of the log, forge one, or put there what belongs to nobody: in both
// forms of the log, a request is one line that names the route and the id that the answer carries.
func TestLog(t *testing.T) {
	t.Parallel()
	forged := "\r\n" + `{"level":"INFO","msg":"request","status":200}` + "\x1b[31m\x00\u2028"
	for form, handler := range map[string]func(*lines) slog.Handler{
		"text": func(l *lines) slog.Handler {
			return slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})
		},
		"json": func(l *lines) slog.Handler {
			return slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})
		},
	} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			log := &lines{}
			l := newFixture(t, false, func(o *server.Options) { o.Log = slog.New(handler(log)) })
			administrator := as(l.tokenOf("administrator"))
			hostile := http.Header{
				"User-Agent": {forged}, "X-Request-Id": {"mine" + forged}, "X-Forwarded-For": {forged}, "Referer": {forged}, "Content-Type": {"text/" + forged},
			}
			for _, r := range []struct {
				method, path, body string
				header             http.Header
			}{
				{"GET", insight.Base + "/Workgroups?token=hidden", "", both(administrator, hostile)},
				{"GET", insight.Base + "/Workgroups/%0d%0aforged%1b%5b31m?name=hidden", "", administrator},
				{"GET", insight.Base + "/forged%0d%0a?hidden", "", hostile},
				{"GET", "/forged%0d%0a?hidden", "", hostile},
				{"POST", insight.Base + "/Workgroups", `{"Name":"forged\r\nhidden","name":1}`, administrator},
				{"POST", insight.Base + "/Imports", `{"WorkgroupID":1,"ImportType":"forged\r\n","FileName":"hidden","Base64FileContents":"QUFB"}`, administrator},
				{"POST", insight.Base + "/Auth/SignAppin", "", http.Header{"Authorization": {"PS-Auth key=" + strings.Repeat("ab", 64) + "; runas=forged" + forged + "; pwd=[hidden]"}}},
				{"FORGED", insight.Base + "/Workgroups", "", hostile},
			} {
				before := log.b.Len()
				w := l.request(r.method, r.path, r.body, r.header)
				id := w.Header().Get("X-Request-Id")
				if !regexp.MustCompile(`^[0-9a-f-]{36}$`).MatchString(id) {
					t.Errorf("%s: the id is %q", r.path, id)
				}
				said := log.b.String()[before:]
				requests := 0
				for line := range strings.Lines(said) {
					if strings.ContainsAny(strings.TrimSuffix(line, "\n"), "\r\x1b\x00") || strings.Contains(line, "hidden") {
						t.Errorf("%s %s: %q", r.method, r.path, line)
					}
					if form == "json" && !json.Valid([]byte(line)) {
						t.Errorf("%s: no JSON: %q", r.path, line)
					}
					if form == "text" && !strings.HasPrefix(line, "time=") {
						t.Errorf("%s: a line of its own: %q", r.path, line)
					}
					if strings.Contains(line, id) && (strings.Contains(line, "msg=request ") || strings.Contains(line, `"msg":"request"`)) {
						requests++
					}
				}
				if requests != 1 {
					t.Errorf("%s: %d lines name the request:\n%s", r.path, requests, said)
				}
			}
		})
	}
}
