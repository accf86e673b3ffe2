package server_test

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/insight"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata/api")

// TestConversations holds the conversations in testdata/api, which are written to be read: each file talks to a
// server of its own, over a new store whose clock stands still. Every answer has to be one that the served document knows. One whose name begins with manual is held under that
// contract, one with vendor under the vendor's rule of who may give what.
//
//	# a comment
//	as NAME                        the caller, signed in; administrator exists
//	as NAME with GRANT, GRANT…     a new user with these permissions: Asset Management (Read)
//	as nobody                      no token
//	keep NAME MEMBER               {NAME} stands for a member of the last answer, or for all of it, from here on, also in answers: keep cursor paging.nextCursor
//	header NAME: VALUE             for the next request; {key} {client_id} {client_secret} {password} {token} {cookie} {organization} stand for the lab's
//	METHOD path [body]             below BeyondInsight's base, or absolute; the caller has a token for the door that the path leads to
//	STATUS [body]                  the answer; GUIDs are written <guid>
//	< NAME: VALUE                  a header of the answer
//	given THING                    something that no request makes; {id} stands for its id from here on: see given
//	wait                           until no import is under way and the background has nothing left to do
//	later DURATION                 moves the clock
//	from ADDRESS                   where requests come from, 192.0.2.1 at first; 203.0.113.0/24 are trusted proxies
func TestConversations(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../testdata/api/*.txt")
	must(t, err)
	if len(files) == 0 {
		t.Fatal("there are no conversations")
	}
	documents := map[bool]served{false: servedUnder(t, false), true: servedUnder(t, true)}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			script, err := os.ReadFile(file)
			must(t, err)
			manual := strings.HasPrefix(filepath.Base(file), "manual")
			l := newFixture(t, manual, func(o *server.Options) {
				o.VendorGrants = strings.HasPrefix(filepath.Base(file), "vendor")
			})
			c := &conversation{fixture: l, header: http.Header{}, served: documents[manual]}
			got := c.hold(string(script))
			if *update {
				must(t, os.WriteFile(file, []byte(got), 0o644))
				return
			}
			compare(t, string(script), got)
		})
	}
}

// compare reports the first lines in which a conversation went another way.
func compare(t *testing.T, want, got string) {
	t.Helper()
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		var a, b string
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			t.Fatalf("line %d:\nwant %s\ngot  %s", i+1, a, b)
		}
	}
}

// conversation is a script that is being held.
type conversation struct {
	*fixture
	caller string // the caller's name, empty for nobody
	header http.Header
	cookie string
	id     string // of what was given last
	out    strings.Builder
	hears  http.Header // of the last answer
	answer string      // the body of it, as it was sent
	kept   []string    // {NAME} and what it stands for, in turn

	served served // the documents that every answer is held against; nil: none

	query string                        // added to that of every request
	heard func(status int, text string) // is told every answer; nil: nobody

	witness func(method, path, body string, send func() *httptest.ResponseRecorder) *httptest.ResponseRecorder // nil: nobody
}

var (
	requestLine = regexp.MustCompile(`^(GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS) (\S+)(?: (.*))?$`)
	answerLine  = regexp.MustCompile(`^\d{3}( |$)`)
	guid        = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
)

// hold runs the script and returns it with the answers that were given.
func (c *conversation) hold(script string) string {
	lines := bufio.NewScanner(strings.NewReader(script))
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		n++
		line := lines.Text()
		switch {
		case answerLine.MatchString(line):
			continue // written by the request before it
		case strings.HasPrefix(line, "< "):
			name, _, _ := strings.Cut(strings.TrimPrefix(line, "< "), ":")
			line = fmt.Sprintf("< %s: %s", name, c.hide(strings.Join(c.hears[http.CanonicalHeaderKey(name)], ", ")))
		}
		fmt.Fprintln(&c.out, line)
		if err := c.speak(line); err != nil {
			c.t.Fatalf("line %d: %v", n, err)
		}
	}
	return c.out.String()
}

func (c *conversation) speak(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	switch {
	case line == "", strings.HasPrefix(line, "#"), strings.HasPrefix(line, "< "):
	case line == "wait":
		c.awaitImports()
		return c.settle()
	case verb == "later":
		d, err := time.ParseDuration(rest)
		c.clock.Add(int64(d))
		return err
	case verb == "from":
		c.peer = rest
	case verb == "as":
		return c.become(rest)
	case verb == "given":
		return c.given(c.reveal(rest))
	case verb == "keep":
		name, member, _ := strings.Cut(rest, " ")
		return c.keep(name, member)
	case verb == "header":
		name, value, _ := strings.Cut(rest, ": ")
		c.header.Add(name, c.reveal(value))
	case requestLine.MatchString(line):
		m := requestLine.FindStringSubmatch(line)
		c.ask(m[1], m[2], m[3])
	default:
		return fmt.Errorf("%q is no line of a conversation", line)
	}
	return nil
}

func (c *conversation) become(who string) error {
	name, needs, _ := strings.Cut(who, " with ")
	if name == "nobody" {
		c.caller = ""
		return nil
	}
	var grants []authz.Grant
	for _, p := range authz.Permissions() {
		for _, level := range []authz.Level{authz.Read, authz.ReadWrite} {
			g := authz.Grant{Permission: p, Level: level}
			for need := range strings.SplitSeq(needs, ", ") {
				if need == g.String() {
					grants = append(grants, g)
				}
			}
		}
	}
	if needs != "" && len(grants) != strings.Count(needs, ", ")+1 {
		return fmt.Errorf("%q names a permission that does not exist", needs)
	}
	c.tokenOf(name, grants...)
	c.caller = name
	return nil
}

// keep gives a member of the last answer a name.
func (c *conversation) keep(name, member string) error {
	var value any
	if err := json.Unmarshal([]byte(c.answer), &value); err != nil {
		return err
	}
	for step := range strings.SplitSeq(member, ".") {
		if step == "" {
			break // all of it
		}
		if n, err := strconv.Atoi(step); err == nil {
			list, _ := value.([]any)
			value = slices.Concat(list, make([]any, n+1))[n]
			continue
		}
		object, _ := value.(map[string]any)
		value = object[step]
	}
	text, ok := value.(string)
	if !ok || text == "" {
		return fmt.Errorf("the answer has no text %s", member)
	}
	c.kept = append(c.kept, "{"+name+"}", text)
	return nil
}

// token is the caller's at the door that a path leads to.
func (c *conversation) token(path string) string {
	if c.caller == "" {
		return ""
	}
	for _, d := range server.Dialects() {
		if len(path) > len(d.Base) && strings.EqualFold(path[:len(d.Base)], d.Base) {
			return c.tokenAt(d.Name, c.caller)
		}
	}
	return c.tokenOf(c.caller)
}

func (c *conversation) ask(method, path, body string) {
	asked := path
	if !strings.HasPrefix(path, "/") {
		path = insight.Base + "/" + path
	}
	header := as(c.token(path))
	for name, values := range c.header {
		header[http.CanonicalHeaderKey(name)] = values
	}
	c.header = http.Header{}
	path = c.reveal(path)
	if c.query != "" {
		path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + c.query
	}
	send := func() *httptest.ResponseRecorder { return c.request(method, path, c.reveal(body), header) }
	if c.witness == nil {
		c.witness = func(_, _, _ string, send func() *httptest.ResponseRecorder) *httptest.ResponseRecorder { return send() }
	}
	w := c.witness(method, asked, c.reveal(body), send)
	for _, fault := range c.served.faults(method, path, w) {
		c.t.Errorf("%s %s: %s", method, path, fault)
	}
	c.hears = w.Header()
	if c.heard != nil {
		c.heard(w.Code, w.Body.String())
	}
	for _, cookie := range w.Result().Cookies() {
		c.cookie = cookie.Value
	}
	c.answer = text(c.t, w.Body)
	fmt.Fprintln(&c.out, strings.TrimRight(fmt.Sprintf("%d %s", w.Code, c.hide(c.answer)), " \n"))
}

// reveal puts what only the lab knows into a line.
func (c *conversation) reveal(s string) string {
	if !strings.Contains(s, "{") {
		return s
	}
	s = strings.NewReplacer(c.kept...).Replace(s)
	return strings.NewReplacer("{key}", c.first.ApiKey, "{client_id}", c.first.ClientID, "{client_secret}", c.first.ClientSecret,
		"{password}", c.first.Password, "{token}", c.token(""), "{cookie}", c.cookie, "{id}", c.id, "{crlf}", "\r\n", "{organization}", c.object("Organizations").id).Replace(s)
}

var (
	token  = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`)
	apiKey = regexp.MustCompile(`[0-9a-f]{128}`)
)

var (
	clientSecret = regexp.MustCompile(`"[\w-]{43}"`)
	cursor       = regexp.MustCompile(`(?i)("\w+cursor":)"[^"{]+"`)
)

// hide takes what differs from run to run out of an answer.
func (c *conversation) hide(s string) string {
	for i := 0; i < len(c.kept); i += 2 {
		s = strings.ReplaceAll(s, c.kept[i+1], c.kept[i])
	}
	s = cursor.ReplaceAllString(s, `$1"<cursor>"`)
	s = clientSecret.ReplaceAllString(strings.ReplaceAll(s, c.first.ApiKey, "<key>"), `"<secret>"`)
	return apiKey.ReplaceAllString(token.ReplaceAllString(guid.ReplaceAllString(s, "<guid>"), "<token>"), "<another key>")
}

// testLog shows what the server logs of the faults that are its own.
func testLog(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
}
