package builtin_test

import (
	"slices"
	"testing"

	"github.com/musterhq/muster/importers/builtin"
)

func TestImporters(t *testing.T) {
	t.Parallel()
	var types []string
	for _, i := range builtin.Importers() {
		types = append(types, i.Type)
		if i.Import == nil || len(i.Extensions) == 0 {
			t.Errorf("%s is not complete", i.Type)
		}
	}
	if !slices.IsSorted(types) || len(slices.Compact(slices.Clone(types))) != len(types) || !slices.Contains(types, "NESSUS") {
		t.Errorf("the types are %v", types)
	}
}
