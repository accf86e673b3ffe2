package store

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/store/record"
)

// TestGroupsByNameAgreeWithABruteForce draws names that are alike, conditions on them and a place to begin, and looks at
// every group.
func TestGroupsByNameAgreeWithABruteForce(t *testing.T) {
	t.Parallel()
	names := rapid.StringOfN(rapid.RuneFrom([]rune("aAbBéÉß \\%_")), 0, 4, -1)
	oneIn(4, t, func(t *rapid.T) {
		l := newFixture(t)
		known, kinds := []string{"Administrators"}, map[string]GroupKind{"Administrators": OwnGroups}
		for _, name := range rapid.SliceOfN(names, 0, 12).Draw(t, "names") {
			if name = "n" + name; slices.ContainsFunc(known, func(k string) bool { return record.Fold(k) == record.Fold(name) }) {
				continue
			}
			if kinds[name] = rapid.SampledFrom([]GroupKind{OwnGroups, DirectoryGroups}).Draw(t, "kind"); kinds[name] == OwnGroups {
				l.group(name)
			} else {
				l.directoryGroup(name)
			}
			known = append(known, name)
		}
		s := NameSearch{Descending: rapid.Bool().Draw(t, "descending"), Of: rapid.SampledFrom([]GroupKind{AnyGroups, OwnGroups, DirectoryGroups}).Draw(t, "of")}
		for range rapid.IntRange(0, 3).Draw(t, "tests") {
			operator := rapid.SampledFrom([]string{NameEquals, NameNotEquals, NameContains, NameNotContains, NameStartsWith, NameEndsWith}).Draw(t, "operator")
			s.Tests = append(s.Tests, NameTest{operator, rapid.OneOf(names, rapid.SampledFrom(known)).Draw(t, "value")})
		}
		if rapid.Bool().Draw(t, "not from the beginning") {
			s.Beyond = rapid.OneOf(names, rapid.SampledFrom(known)).Draw(t, "beyond")
		}
		got := view(l, func(tx *Tx) (found []string, err error) {
			for g, err := range UserGroupsByName(tx, s) {
				if err != nil {
					return nil, err
				}
				found = append(found, g.Name)
			}
			return found, nil
		})
		equal(t, fmt.Sprintf("found by %+v", s), got, bruteForce(s, slices.DeleteFunc(slices.Clone(known), func(name string) bool { return s.Of != AnyGroups && kinds[name] != s.Of })))
	})
}

// bruteForce is what a search should find among names.
func bruteForce(s NameSearch, names []string) (found []string) {
	order := func(a, b string) int { return cmp.Compare(record.Fold(a), record.Fold(b)) }
	if s.Descending {
		order = func(a, b string) int { return cmp.Compare(record.Fold(b), record.Fold(a)) }
	}
	for _, name := range names {
		passes := s.Beyond == "" || order(name, s.Beyond) > 0
		for _, t := range s.Tests {
			n, v := record.Fold(name), record.Fold(t.Value)
			passes = passes && map[string]bool{
				NameEquals: n == v, NameNotEquals: n != v, NameContains: strings.Contains(n, v), NameNotContains: !strings.Contains(n, v),
				NameStartsWith: strings.HasPrefix(n, v), NameEndsWith: strings.HasSuffix(n, v),
			}[t.Operator]
		}
		if passes {
			found = append(found, name)
		}
	}
	slices.SortFunc(found, order)
	return found
}

// TestASearchReadsWhatItHasTo walks the names that begin as they have to, and no others.
func TestASearchReadsWhatItHasTo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		NameSearch
		from, to string
	}{
		{"all", NameSearch{}, "", "\xff"},
		{"a beginning", NameSearch{Tests: []NameTest{{NameStartsWith, "op"}}}, "op", "oq"},
		{"the longer of two", NameSearch{Tests: []NameTest{{NameStartsWith, "o"}, {NameEquals, "ops"}}}, "ops", "opt"},
		{"a part", NameSearch{Tests: []NameTest{{NameContains, "ops"}}}, "", "\xff"},
		{"from a name on", NameSearch{Beyond: "OPS"}, "ops", "\xff"},
		{"back from a name", NameSearch{Beyond: "ops", Descending: true}, "", "ops"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var tests []foldedTest
			for _, t := range c.Tests {
				tests = append(tests, t.folded())
			}
			head, _ := c.index()
			r, tag := c.keys(head, tests), len(head)
			if got := string(r.From[tag:]); !strings.HasPrefix(got, c.from) || len(got) > len(c.from)+2 {
				t.Errorf("it begins at %q, want %q", got, c.from)
			}
			if got := string(r.To[min(tag, len(r.To)):]); c.to != "\xff" && !strings.HasPrefix(got, c.to) {
				t.Errorf("it ends at %q, want %q", got, c.to)
			}
		})
	}
}
