package importertest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/musterhq/muster/plugins"
)

// Samples counts the hosts of files that are not ours to distribute, and skips the test where they are not at hand. The keys
// of want are paths in dir, where each format has a folder. None of the files that are in folders of other formats may have a host.
func Samples(t *testing.T, i plugins.Importer, dir string, want map[string]int) {
	t.Helper()
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no samples here")
	}
	own := map[string]bool{}
	for name, count := range want {
		own[filepath.Dir(name)] = true
		hosts, err := importSample(t, i, filepath.Join(dir, name))
		if err != nil || len(hosts) != count {
			t.Errorf("%s: %d hosts, %v, want %d", name, len(hosts), err, count)
		}
		for _, host := range hosts {
			if host.Skip != "" {
				t.Errorf("%s: %+v is skipped", name, host)
			}
			t.Logf("%s: %+v", name, host)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples in %s: %v", dir, err)
	}
	for _, name := range files {
		if own[filepath.Base(filepath.Dir(name))] {
			continue
		}
		if hosts, err := importSample(t, i, name); err == nil || len(hosts) > 0 {
			t.Errorf("%s is of another format and has %d hosts", name, len(hosts))
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
}

func importSample(t *testing.T, i plugins.Importer, name string) (hosts []plugins.Record, err error) {
	t.Helper()
	content, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	err = plugins.Run(t.Context(), i, plugins.NewFile(name, content, nil), func(r plugins.Record) error {
		hosts = append(hosts, r)
		return nil
	})
	return hosts, err
}
