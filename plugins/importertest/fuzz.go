package importertest

import (
	"os"
	"testing"
	"time"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/cases"
)

// fuzzDeadline is far above what an import of a fuzzer's few kilobytes takes.
const fuzzDeadline = 10 * time.Second

// Fuzz imports what the fuzzer makes of the inputs of the cases in dir. Any answer is a good one, so long as the importer
// does not panic, comes to an end, says the same again, and has fewer hosts than the file has bytes.
func Fuzz(f *testing.F, i plugins.Importer, dir string) {
	all, err := cases.In(dir)
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range all {
		content, err := os.ReadFile(c.Input)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		// Only a crash makes the fuzzer keep the input of an importer that does not return.
		hang := time.AfterFunc(fuzzDeadline, func() { panic("the importer is still running") })
		defer hang.Stop()
		first, second := bare(t, i, content), bare(t, i, content)
		if difference := first.Diff("the first time", second, "the second"); difference != "" {
			t.Error(difference)
		}
		if len(first) > len(content)+1 {
			t.Errorf("%d hosts in %d bytes", len(first), len(content))
		}
	})
}
