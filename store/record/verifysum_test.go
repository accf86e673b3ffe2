package record

import (
	"hash/maphash"
	"slices"
	"testing"
)

// TestSumTellsPairsApart has sets of pairs that differ in one thing each.
func TestSumTellsPairsApart(t *testing.T) {
	t.Parallel()
	type pairs [][2]string
	sets := map[string]pairs{
		"two pairs":                 {{"a", "1"}, {"b", "2"}},
		"one of them":               {{"a", "1"}},
		"one of them twice":         {{"a", "1"}, {"a", "1"}},
		"all of them twice":         {{"a", "1"}, {"b", "2"}, {"a", "1"}, {"b", "2"}},
		"another key":               {{"a", "1"}, {"c", "2"}},
		"another value":             {{"a", "1"}, {"b", "3"}},
		"the values exchanged":      {{"a", "2"}, {"b", "1"}},
		"no value":                  {{"a", "1"}, {"b", ""}},
		"the value part of the key": {{"a", "1"}, {"b2", ""}},
		"none":                      {},
	}
	v := &Verification{seed: maphash.MakeSeed()}
	sumOf := func(all pairs) (s sum) {
		for _, p := range all {
			s = s.plus(v, []byte(p[0]), []byte(p[1]))
		}
		return s
	}
	known := map[sum]string{}
	for name, set := range sets {
		if other, same := known[sumOf(set)]; same {
			t.Errorf("%s: the sum of %s", name, other)
		}
		known[sumOf(set)] = name
		turned := slices.Clone(set)
		slices.Reverse(turned)
		if sumOf(turned) != sumOf(set) {
			t.Errorf("%s: in another order it has another sum", name)
		}
	}
}

// TestVerifySaysHowFarItIs looks at keys, some of which are of what was looked at before.
func TestVerifySaysHowFarItIs(t *testing.T) {
	t.Parallel()
	var told []int
	v := &Verification{progress: func(what string, keys int) {
		if told = append(told, keys); what != "Asset" {
			t.Errorf("it is at %q", what)
		}
	}}
	v.advance("Asset")
	for range 2*ProgressEvery + 5 {
		v.advance("")
	}
	if !slices.Equal(told, []int{ProgressEvery, 2 * ProgressEvery}) {
		t.Errorf("told at %v", told)
	}
}
