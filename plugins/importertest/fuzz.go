package importertest

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/musterhq/muster/plugins"
)

// fuzzDeadline is far above what an import of a fuzzer's few kilobytes takes.
const fuzzDeadline = 10 * time.Second

// Fuzz imports what the fuzzer makes of the inputs of the cases in dir. Any answer is a good one, so long as the importer
// does not panic, comes to an end, says the same again, and has fewer hosts than the file has bytes.
func Fuzz(f *testing.F, i plugins.Importer, dir string) {
	inputs, err := filepath.Glob(filepath.Join(dir, "*", "input.*"))
	if err != nil || len(inputs) == 0 {
		f.Fatalf("no cases in %s: %v", dir, err)
	}
	for _, input := range inputs {
		content, err := os.ReadFile(input)
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
		if !reflect.DeepEqual(first, second) {
			t.Errorf("%v the first time, %v the second", first, second)
		}
		if len(first) > len(content)+1 {
			t.Errorf("%d hosts in %d bytes", len(first), len(content))
		}
	})
}

// bare imports without the net that Run has for panics.
func bare(t *testing.T, i plugins.Importer, content []byte) []line {
	var all []line
	f := plugins.NewFile("", bytes.NewReader(content), nil)
	err := i.Import(t.Context(), f, func(r plugins.Record) error {
		all = append(all, line{Record: r.Normalized()})
		return nil
	})
	return lines(all, nil, err)
}
