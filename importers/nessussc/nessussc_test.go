package nessussc_test

import (
	"testing"

	"github.com/musterhq/muster/importers/nessussc"
	"github.com/musterhq/muster/plugins/importertest"
)

const cases = "../../testdata/importers/nessussc"

func TestCases(t *testing.T) { importertest.Run(t, nessussc.Importer, cases) }

func FuzzSecurityCenter(f *testing.F) { importertest.Fuzz(f, nessussc.Importer, cases) }

func TestSamples(t *testing.T) {
	t.Parallel()
	importertest.Samples(t, nessussc.Importer, "../../../shared/samples", map[string]int{
		"nessusseccen/dd_nessus_many_vuln.csv":           2,
		"nessusseccen/dd_issue_11102.csv":                2,
		"nessusseccen/ssf_sc_vulnerability_list_v00.csv": 2,
	})
}
