package mcafee_test

import (
	"testing"

	"github.com/musterhq/muster/importers/mcafee"
	"github.com/musterhq/muster/plugins/importertest"
)

const cases = "../../testdata/importers/mcafee"

func TestCases(t *testing.T) { importertest.Run(t, mcafee.Importer, cases) }

func FuzzMcAfee(f *testing.F) { importertest.Fuzz(f, mcafee.Importer, cases) }

func TestSamples(t *testing.T) {
	t.Parallel()
	importertest.Samples(t, mcafee.Importer, "../../../shared/samples", map[string]int{})
}
