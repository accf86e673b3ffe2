package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/kv/badgerkv"
	"github.com/musterhq/muster/store/record"
)

// canary is in every secret that a test chooses, and nowhere else. It has letters of base64 and no others.
const canary = "KanarieX7q"

// canaryKey is an API key, which has hex digits only.
var canaryKey = strings.Repeat("ca9a21e0", 16)

// spellings are the texts by which a canary is found: as it is, and as base64 and hex spell it.
func spellings() (all [][]byte) {
	for _, secret := range []string{canary, canaryKey[:32]} {
		all = append(all, []byte(secret), []byte(hex.EncodeToString([]byte(secret))))
		for shift := range 3 { // without the letters that share a byte with their neighbours
			text := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + secret))
			all = append(all, []byte(text[4*((shift+2)/3):len(text)-4]))
		}
	}
	return all
}

// guarded is a lab whose secrets are canaries, and what it was heard to say.
type guarded struct {
	*fixture
	dir string

	mu      sync.Mutex
	log     bytes.Buffer
	refused bytes.Buffer    // bodies of errors
	made    map[string]bool // secrets that the server made and handed out
}

// Write takes a line of the log.
func (g *guarded) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.log.Write(p)
}

// logged reports whether the log has said anything.
func (g *guarded) logged() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.log.Len() > 0
}

func newGuarded(t *testing.T, onDisk bool, adjust ...func(*server.Options)) *guarded {
	t.Helper()
	g := &guarded{dir: t.TempDir(), made: map[string]bool{canaryKey: true}}
	log := slog.New(slog.NewJSONHandler(g, &slog.HandlerOptions{Level: slog.LevelDebug}))
	adjust = append(adjust, func(o *server.Options) { o.Log, o.Dir = log, g.dir })
	at := badgerkv.Options{Dir: g.dir, InMemory: !onDisk, Key: bytes.Repeat([]byte{9}, badgerkv.KeySize), NoSync: true, Logger: log}
	g.fixture = newLabOn(t, ground{engine: at, first: store.FirstStart{
		User: "administrator", Password: canary + "-first", ApiKey: canaryKey,
		ClientID: "11111111-2222-4333-8444-555555555555", ClientSecret: canary + strings.Repeat("s", 30),
	}}, false, adjust...)
	return g
}

var madeSecrets = []*regexp.Regexp{token, apiKey, regexp.MustCompile(`"ClientSecret":"[\w-]{20,}"`)}

// hear keeps what an answer may not say, or secrets that it has to say once.
func (g *guarded) hear(status int, text string) {
	if status >= 400 {
		g.refused.WriteString(text + "\n")
		return
	}
	for _, secret := range madeSecrets {
		for _, found := range secret.FindAllString(text, -1) {
			g.made[strings.TrimSuffix(strings.TrimPrefix(found, `"ClientSecret":"`), `"`)] = true
		}
	}
}

// places are all that somebody other than a secret's owner may read, by name.
func (g *guarded) places() map[string][]byte {
	t := g.t
	t.Helper()
	places := map[string][]byte{"errors": g.refused.Bytes(), "metrics": g.fixture.admin("/metrics", thisHost, nil).Body.Bytes()}
	var stored, served bytes.Buffer
	_, err := store.View(t.Context(), g.db, system, func(tx *store.Tx) (none struct{}, err error) {
		for a, err := range record.Audits.All(tx) {
			if err != nil {
				return none, err
			}
			if err := json.NewEncoder(&stored).Encode(a); err != nil {
				return none, err
			}
		}
		return none, nil
	})
	must(t, err)
	for line := range strings.Lines(stored.String()) {
		var a struct{ AuditID int }
		must(t, json.Unmarshal([]byte(line), &a))
		served.Write(g.request("GET", fmt.Sprintf("%s/UserAudits/%d/UserAuditDetails", insight.Base, a.AuditID), "", as(g.tokenOf("administrator"))).Body.Bytes())
	}
	served.Write(g.request("GET", insight.Base+"/UserAudits", "", as(g.tokenOf("administrator"))).Body.Bytes())
	places["stored audits"], places["served audits"] = stored.Bytes(), served.Bytes()
	must(t, filepath.WalkDir(g.dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			content, err := os.ReadFile(path)
			places["file "+e.Name()] = bytes.TrimRight(content, "\x00")
			return err
		}
		return err
	}))
	g.mu.Lock()
	defer g.mu.Unlock()
	places["log"] = bytes.Clone(g.log.Bytes())
	return places
}

// leaks names the places that have a secret.
func (g *guarded) leaks() (leaks []string) {
	needles := spellings()
	for secret := range g.made {
		needles = append(needles, []byte(secret))
	}
	for name, place := range g.places() {
		if slices.ContainsFunc(needles, func(needle []byte) bool { return bytes.Contains(place, needle) }) {
			leaks = append(leaks, name)
		}
	}
	slices.Sort(leaks)
	return leaks
}

// chosen are the secrets that conversations choose, with what stands before them.
var chosen = regexp.MustCompile(`("\w*(?:Password|Secret|Passphrase|PrivateKey|Text)":"|\{crlf\}\{crlf\}"|pwd=\[?)([^"\];{][^"\];]*)`)

// TestCanaries holds all conversations once more, with canaries for passwords, keys, secrets, bind credentials and in
// every query, and then looks for them wherever somebody else could read: in the log at its most talkative, errors, metrics
// and audits. TestSoakCanaries does so with the store on disk, and looks into its files too.
func TestCanaries(t *testing.T) {
	t.Parallel()
	holdWithCanaries(t, false)
}

func holdWithCanaries(t *testing.T, onDisk bool) {
	t.Helper()
	files, err := filepath.Glob("../testdata/api/*.txt")
	must(t, err)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			script, err := os.ReadFile(file)
			must(t, err)
			g := newGuarded(t, onDisk, func(o *server.Options) {
				o.Manual, o.VendorGrants = strings.HasPrefix(filepath.Base(file), "manual"), strings.HasPrefix(filepath.Base(file), "vendor")
			})
			c := &conversation{fixture: g.fixture, header: http.Header{}, query: "secret=" + canary, heard: g.hear}
			c.hold(chosen.ReplaceAllString(string(script), "${1}"+canary+"-$2"))
			for _, token := range g.users {
				g.made[token] = true
			}
			if c.cookie != "" {
				g.made[c.cookie] = true
			}
			if leaks := g.leaks(); len(leaks) > 0 {
				t.Errorf("a secret is in %s", strings.Join(leaks, ", "))
			}
			if !g.logged() {
				t.Error("nothing was logged")
			}
		})
	}
}

// TestCanariesAreFound plants a canary in each of these places: the search finds it there.
func TestCanariesAreFound(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, true)
	if leaks := g.leaks(); len(leaks) > 0 {
		t.Fatalf("before: %v", leaks)
	}
	slog.New(slog.NewTextHandler(g, nil)).Info("planted", "header", base64.StdEncoding.EncodeToString([]byte("user:"+canary+":x")))
	body := fmt.Sprintf(`{"Name":"%s"}`, canary) // a name is no secret, and so in audits and errors
	for _, r := range [][2]string{{"POST", "/Workgroups"}, {"GET", "/Workgroups/no" + canary}} {
		w := g.request(r[0], insight.Base+r[1], body, as(g.tokenOf("administrator")))
		g.hear(w.Code, w.Body.String())
	}
	must(t, os.WriteFile(filepath.Join(g.dir, "planted"), []byte("…"+hex.EncodeToString([]byte(canary))), 0o600))
	want := []string{"errors", "file planted", "log", "served audits", "stored audits"}
	if leaks := g.leaks(); !slices.Equal(leaks, want) {
		t.Errorf("found in %v, want %v", leaks, want)
	}
	if places := slices.Sorted(maps.Keys(g.places())); !slices.ContainsFunc(places, func(name string) bool { return strings.HasSuffix(name, ".mem") || strings.HasSuffix(name, ".vlog") }) {
		t.Errorf("the files of the store are not among %v", places)
	}
}
