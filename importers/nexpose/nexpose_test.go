package nexpose_test

import (
	"testing"

	"github.com/musterhq/muster/importers/nexpose"
	"github.com/musterhq/muster/plugins/importertest"
)

const cases = "../../testdata/importers/nexpose"

func TestCases(t *testing.T) { importertest.Run(t, nexpose.Importer, cases) }

func FuzzNexpose(f *testing.F) { importertest.Fuzz(f, nexpose.Importer, cases) }

func TestSamples(t *testing.T) {
	t.Parallel()
	importertest.Samples(t, nexpose.Importer, "../../../shared/samples", map[string]int{
		"nexpose/dd_dns.xml":         1,
		"nexpose/dd_report_auth.xml": 4,
		"nexpose/dd_no_vuln.xml":     1,
	})
}
