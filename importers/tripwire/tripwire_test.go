package tripwire_test

import (
	"testing"

	"github.com/musterhq/muster/importers/tripwire"
	"github.com/musterhq/muster/plugins/importertest"
)

const cases = "../../testdata/importers/tripwire"

func TestCases(t *testing.T) { importertest.Run(t, tripwire.Importer, cases) }

func FuzzTripwire(f *testing.F) { importertest.Fuzz(f, tripwire.Importer, cases) }

func TestSamples(t *testing.T) {
	t.Parallel()
	importertest.Samples(t, tripwire.Importer, "../../../shared/samples", map[string]int{})
}
