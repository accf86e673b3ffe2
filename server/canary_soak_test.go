//go:build soak

package server_test

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestSoakCanaries is TestCanaries with stores on disk, whose files it searches as well.
func TestSoakCanaries(t *testing.T) {
	files, err := filepath.Glob("../testdata/api/*.txt")
	must(t, err)
	t.Run("hold", func(t *testing.T) { holdWithCanaries(t, true) })
	t.Attr("promise", "no secret is in logs, errors, metrics, audits or the store's files")
	t.Attr("figure", fmt.Sprintf("%d conversations with marked secrets: none found", len(files)))
}
