package metasploit_test

import (
	"testing"

	"github.com/musterhq/muster/importers/metasploit"
	"github.com/musterhq/muster/plugins/importertest"
)

const cases = "../../testdata/importers/metasploit"

func TestCases(t *testing.T) { importertest.Run(t, metasploit.Importer, cases) }

func TestSamples(t *testing.T) {
	t.Parallel()
	importertest.Samples(t, metasploit.Importer, "../../../shared/samples", map[string]int{"metasploit/msf_basic_host_data_set.xml": 1})
}

func FuzzMetasploit(f *testing.F) { importertest.Fuzz(f, metasploit.Importer, cases) }
