package retina_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/musterhq/muster/importers/retina"
	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/importertest"
)

const cases = "../../testdata/importers/retinartd"

// TestCases writes the inputs that are databases too if it is asked to update.
func TestCases(t *testing.T) {
	for name, content := range databases(t) {
		input := filepath.Join(cases, name, "input.rtd")
		if flag.Lookup("update").Value.String() == "true" {
			if err := errors.Join(os.MkdirAll(filepath.Dir(input), 0o755), os.WriteFile(input, content, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		if written, err := os.ReadFile(input); err != nil || !bytes.Equal(written, content) {
			t.Errorf("%s is not what is written now, %v", input, err)
		}
	}
	importertest.Run(t, retina.Importer, cases)
}

func FuzzRetina(f *testing.F) { importertest.Fuzz(f, retina.Importer, cases) }

// imported returns what the importer makes of a file.
func imported(t testing.TB, content []byte) (hosts []plugins.Record, warnings []string, err error) {
	t.Helper()
	f := plugins.NewFile("scan.rtd", bytes.NewReader(content), func(text string) { warnings = append(warnings, text) })
	err = plugins.Run(t.Context(), retina.Importer, f, func(r plugins.Record) error {
		hosts = append(hosts, r)
		return nil
	})
	return hosts, warnings, err
}

// TestSample imports a database of Access that is none of Retina, where it is at hand.
func TestSample(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../../shared/samples/retinartd/access_parser_test_NOT_RETINA.mdb")
	if err != nil {
		t.Skip("no samples here")
	}
	const want = `no host table: looked for a table with a column "IP", "IPAddress", "HostIP", "IPv4" or the like, ` +
		`or with addresses in "Host", "Address" or "Target"; the tables are "ClarotyTable"`
	if hosts, _, err := imported(t, content); err == nil || err.Error() != want || len(hosts) > 0 {
		t.Errorf("%d hosts, %v", len(hosts), err)
	}
}
