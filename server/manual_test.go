package server_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/server/idaas"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/server/metaaccess"
)

// manuals are the vendors' documents, by the door that each is of: the list of its headings, and how many there are.
var manuals = map[string]struct {
	list     string
	headings int
}{
	insight.Name:    {"insight.txt", 104},
	idaas.Name:      {"entrust.txt", 8},
	metaaccess.Name: {"opswat.txt", 1},
}

// TestManual compares the tables with lists of the documents' headings that were made from these, so that a wrong table
// does not test itself.
func TestManual(t *testing.T) {
	t.Parallel()
	for _, d := range server.Dialects() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			manual, known := manuals[d.Name]
			if !known {
				t.Fatal("which document is this door's?")
			}
			saysTheSame(t, d, "../testdata/manual/"+manual.list, manual.headings)
		})
	}
}

// saysTheSame compares a table with the list of a document's headings.
func saysTheSame(t *testing.T, d *api.Dialect, list string, headings int) {
	text, err := os.ReadFile(list)
	must(t, err)
	want, documented := map[string]string{}, 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "\t") {
			continue
		}
		line = strings.TrimSuffix(line, "\n")
		method, rest, _ := strings.Cut(line, "\t")
		path, rest, _ := strings.Cut(rest, "\t")
		if !strings.Contains(rest, "\tours") {
			documented++
		}
		want[method+" "+path] = strings.NewReplacer("\tours open", "\topen", "\tours", "").Replace(rest)
	}
	if documented != headings {
		t.Errorf("the list has %d headings of the document, want %d", documented, headings)
	}
	for _, r := range d.Routes {
		got := fmt.Sprintf("%v\t%d\t%d", r.Need, r.Status(false), r.Status(true))
		if r.IsDeprecated() {
			got += "\tdeprecated"
		}
		if r.IsOpen() {
			got += "\topen"
		}
		key := r.Method + " " + r.Path
		if want[key] != got {
			t.Errorf("%s: %q, the document says %q", key, got, want[key])
		}
		delete(want, key)
	}
	for key := range want {
		t.Errorf("%s has no row", key)
	}
}
