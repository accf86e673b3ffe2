//go:build soak

package server_test

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestSoakCanaries is TestCanaries with stores on disk, whose files it searches as well.
func TestSoakCanaries(t *testing.T) {
	t.Attr("promise", "no secret is in logs, errors, metrics, audits or the store's files")
	files, err := filepath.Glob("../testdata/api/*.txt")
	must(t, err)
	t.Run("hold", func(t *testing.T) { holdWithCanaries(t, true) })
	if t.Failed() {
		return // the figure would say otherwise
	}
	t.Attr("figure", fmt.Sprintf("%d conversations with marked secrets: none found", len(files)))
}
