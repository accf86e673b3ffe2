package nessus_test

import (
	"testing"

	"github.com/musterhq/muster/importers/nessus"
	"github.com/musterhq/muster/plugins/importertest"
)

const cases = "../../testdata/importers/nessus"

func TestCases(t *testing.T) { importertest.Run(t, nessus.Importer, cases) }

func FuzzNessus(f *testing.F) { importertest.Fuzz(f, nessus.Importer, cases) }

func TestSamples(t *testing.T) {
	t.Parallel()
	importertest.Samples(t, nessus.Importer, "../../../shared/samples", map[string]int{
		"nessus/dd_nessus_many_vuln2-default.csv": 1,
		"nessus/dd_nessus_many_vuln2-all.csv":     1,
		"nessus/dd_nessus-template.csv":           2,
		"nessus/dd_tenable_many_vuln.csv":         3,
	})
}
