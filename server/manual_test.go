package server_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/musterhq/muster/server"
)

// headings is how many endpoints the BeyondInsight document has.
const headings = 104

// TestManual compares the table with a list of the document's headings that was made from it, so that a wrong table
// does not test itself.
func TestManual(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../testdata/manual/insight.txt")
	must(t, err)
	want, documented := map[string]string{}, 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
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
	for _, r := range server.Dialects()[0].Routes {
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
