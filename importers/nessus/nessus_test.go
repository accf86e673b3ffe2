package nessus_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/musterhq/muster/importers/nessus"
	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/importertest"
)

const cases = "../../testdata/importers/nessus"

func TestCases(t *testing.T) { importertest.Run(t, nessus.Importer, cases) }

func FuzzNessus(f *testing.F) { importertest.Fuzz(f, nessus.Importer, cases) }

// TestSamples counts the hosts of real exports, where they are at hand: they are not ours to distribute.
func TestSamples(t *testing.T) {
	t.Parallel()
	const samples = "../../../shared/samples"
	if _, err := os.Stat(samples); err != nil {
		t.Skip("no samples here")
	}
	for name, want := range map[string]int{
		"nessus/dd_nessus_many_vuln2-default.csv": 1,
		"nessus/dd_nessus_many_vuln2-all.csv":     1,
		"nessus/dd_nessus-template.csv":           2,
		"nessus/dd_tenable_many_vuln.csv":         3,
	} {
		hosts, err := importSample(t, filepath.Join(samples, name))
		if err != nil || len(hosts) != want {
			t.Errorf("%s: %d hosts, %v", name, len(hosts), err)
		}
		for _, host := range hosts {
			if host.Skip != "" {
				t.Errorf("%s: %+v is skipped", name, host)
			}
			t.Logf("%s: %+v", name, host)
		}
	}
	lists, err := filepath.Glob(filepath.Join(samples, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range lists {
		if filepath.Base(filepath.Dir(name)) == "nessus" {
			continue
		}
		if hosts, err := importSample(t, name); err == nil || len(hosts) > 0 {
			t.Errorf("%s is of another format and has %d hosts", name, len(hosts))
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
}

func importSample(t *testing.T, name string) (hosts []plugins.Record, err error) {
	t.Helper()
	content, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	f := plugins.NewFile(name, content, nil)
	err = plugins.Run(t.Context(), nessus.Importer, f, func(r plugins.Record) error {
		hosts = append(hosts, r)
		return nil
	})
	return hosts, err
}
