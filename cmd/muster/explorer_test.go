package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/server"
)

// tried is what a Swagger page shows when an operation is executed with what the page fills in.
type tried struct {
	Door, Method, Path string
	Status             int
	Text               string   // the answer
	Said               string   // the operation's description
	Filled             []string // what stood in the path and in the query
	Chose              string   // "file": the page asked for one before it sent anything
	Width              int      // of the page on a telephone: such a line is of no operation
}

// kind is what became of it; empty: nothing that a reader can go on from.
func (o tried) kind() string {
	names := func(filled string) bool { return strings.Contains(o.Text, filled) }
	switch {
	case o.Status/100 == 2 && o.Chose != "":
		return "2xx with a file chosen, for which the page asks"
	case o.Status/100 == 2:
		return "2xx"
	case o.Status == 404 && slices.ContainsFunc(o.Filled, names) && strings.Contains(strings.ToLower(o.Said), "fill in"):
		return "404 that names what was filled in, where the page says that it does not exist"
	case (o.Status == 400 || o.Status == 401) && strings.Contains(o.Said, "Fill in the ClientID and the ClientSecret"):
		return "4xx for the placeholder of a secret, where the page says what to fill in"
	case (o.Status == 400 || o.Status == 409) && strings.Contains(strings.ToLower(o.Said), "fill in"):
		return "4xx that says what is wrong, where the page says what to fill in"
	case o.Status == 0 && strings.HasSuffix(o.Text, "file") && strings.Contains(o.Said, "Fill in a file"):
		return "nothing sent before a file is chosen, for which the page asks"
	}
	return ""
}

// telephone is how many pixels wide the screen of a telephone is.
const telephone = 360

// TestExplorer executes every operation of the Swagger pages in a browser, as they are filled in, against the demo, and
// looks at each page on a telephone.
func TestExplorer(t *testing.T) {
	t.Parallel()
	needs(t, "node", "chromium")
	const tool = "../../testdata/explorer"
	if _, err := os.Stat(tool + "/node_modules/playwright-core"); err != nil {
		t.Skip("needs npm ci --prefix testdata/explorer")
	}
	p := serve(t, newDir(t), "--demo", "--metaaccess-requests", "0")
	before := p.users()
	counts, operations, measured := map[string]int{}, 0, 0
	start := time.Now()
	for _, o := range p.explore(t, tool) {
		if o.Width > 0 {
			measured++
			if o.Width > telephone {
				t.Errorf("%s: the page is %d px wide on a screen of %d px, so it scrolls sideways", o.Door, o.Width, telephone)
			}
			continue
		}
		operations++
		kind := o.kind()
		counts[o.Door+": "+cmp.Or(kind, "other")]++
		if kind == "" {
			t.Errorf("%s %s %s: %d %s", o.Door, o.Method, o.Path, o.Status, o.Text)
		}
	}
	want := 0
	for _, d := range server.Dialects() {
		want += len(d.Operations())
	}
	if operations != want {
		t.Errorf("the pages have %d operations, the servers %d", operations, want)
	}
	t.Logf("%d operations in %.0f s", operations, time.Since(start).Seconds())
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%4d  %s", counts[kind], kind)
	}
	if measured != len(server.Dialects()) {
		t.Errorf("%d pages were looked at on a telephone, want %d", measured, len(server.Dialects()))
	}
	if after := p.users(); len(after) < len(before) {
		t.Errorf("the tries have left %d users of %d", len(after), len(before))
	}
}

// explore runs the tool on all pages.
func (p *process) explore(t *testing.T, tool string) (all []tried) {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	must(t, err)
	file, err := os.ReadFile("../../testdata/importers/passwordsafe/two_managed_systems/input.xml")
	must(t, err)
	type door struct {
		Name   string `json:"name"`
		URL    string `json:"url"`
		Scheme string `json:"scheme"`
		Value  string `json:"value"`
	}
	at := func(name string) string { return p.HTTP + "/swagger/" + name + "/" }
	asked, err := json.Marshal(map[string]any{"executable": chromium, "file": string(file), "doors": []door{
		{"insight", at("insight"), "Bearer", p.Token},
		{"idaas", at("idaas"), "AdminAPIAuthentication", p.ClientID + "," + p.ClientSecret},
		{"metaaccess", at("metaaccess"), "AccessToken", p.metaAccessToken()},
	}})
	must(t, err)
	node := exec.CommandContext(t.Context(), "node", filepath.Join(tool, "explore.js"))
	var log strings.Builder
	node.Stdin, node.Stderr = bytes.NewReader(asked), &log
	out, err := node.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	for line := range bytes.Lines(out) {
		var o tried
		must(t, json.Unmarshal(line, &o))
		all = append(all, o)
	}
	return all
}

func (p *process) metaAccessToken() string {
	p.t.Helper()
	answer, err := insecure.PostForm(p.HTTP+"/o/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {p.ClientID}, "client_secret": {p.ClientSecret}})
	must(p.t, err)
	defer answer.Body.Close()
	var got struct {
		Token string `json:"access_token"`
	}
	must(p.t, json.NewDecoder(answer.Body).Decode(&got))
	return got.Token
}

func (p *process) users() (all []struct{ UserID int }) {
	p.t.Helper()
	_, err := p.call("GET", "Users", nil, &all)
	must(p.t, err)
	return all
}
