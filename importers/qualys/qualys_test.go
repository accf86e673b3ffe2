package qualys_test

import (
	"testing"

	"github.com/musterhq/muster/importers/qualys"
	"github.com/musterhq/muster/plugins/importertest"
)

const cases = "../../testdata/importers/qualys"

func TestCases(t *testing.T) { importertest.Run(t, qualys.Importer, cases) }

func FuzzQualys(f *testing.F) { importertest.Fuzz(f, qualys.Importer, cases) }

func TestSamples(t *testing.T) {
	t.Parallel()
	importertest.Samples(t, qualys.Importer, "../../../shared/samples", map[string]int{
		"qualysguard/dd_Qualys_Sample_Report.csv":          4,
		"qualysguard/dd_monthly_pci_issue6932.csv":         1,
		"qualysguard/dd_vmdr_many_vulns_qid.csv":           5,
		"qualysguard/dd_vmdr_one_vuln_no_metadata_cve.csv": 1,
		"qualysguard/dd_empty.csv":                         0,
		"qualysguard/dd_empty.xml":                         0,
		"qualysguard/dd_infrascan_webgui_multiple.xml":     2,
		"qualysguard/ssf_Qualys_Sample_Report.xml":         7,
	})
}
