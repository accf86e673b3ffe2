package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/api"
)

// TestManual compares the tables with lists of the documents' headings that were made from these, so that a wrong table
// does not test itself.
func TestManual(t *testing.T) {
	t.Parallel()
	for _, d := range server.Dialects() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			saysTheSame(t, d)
		})
	}
}

// saysTheSame compares a table with the list of its document's headings.
func saysTheSame(t *testing.T, d *api.Dialect) {
	want := headingsOf(t, d.Name)
	for _, r := range d.Routes {
		got := fmt.Sprintf("%v\t%d\t%d", r.Need, r.Status(false), r.Status(true))
		if r.IsDeprecated() {
			got += "\tdeprecated"
		}
		if r.IsOpen() {
			got += "\topen"
		}
		key := r.Method + " " + r.Path
		h := want[key]
		if h == nil {
			t.Errorf("%s: the document has no such heading", key)
			continue
		}
		says := strings.NewReplacer("\tours open", "\topen", "\tours", "").Replace(h.rest)
		if says != got {
			t.Errorf("%s: %q, the document says %q", key, got, says)
		}
		delete(want, key)
	}
	for key := range want {
		t.Errorf("%s has no row", key)
	}
}
