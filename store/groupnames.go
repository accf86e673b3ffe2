package store

import (
	"bytes"
	"iter"
	"slices"
	"strings"

	"github.com/musterhq/muster/store/kv"
)

// NameTest is a condition on a name; all of them compare without regard to case.
type NameTest struct {
	Operator string // one of those below
	Value    string
}

// The operators of a NameTest.
const (
	NameEquals      = "EQUALS"
	NameNotEquals   = "NOT_EQUALS"
	NameContains    = "CONTAINS"
	NameNotContains = "NOT_CONTAINS"
	NameStartsWith  = "STARTS_WITH"
	NameEndsWith    = "ENDS_WITH"
)

// holds reports whether a folded name passes; the test's value is folded too.
func (t NameTest) holds(name string) bool {
	switch t.Operator {
	case NameEquals:
		return name == t.Value
	case NameNotEquals:
		return name != t.Value
	case NameContains:
		return strings.Contains(name, t.Value)
	case NameNotContains:
		return !strings.Contains(name, t.Value)
	case NameStartsWith:
		return strings.HasPrefix(name, t.Value)
	case NameEndsWith:
		return strings.HasSuffix(name, t.Value)
	}
	return false
}

// NameSearch says which names are looked for, and from where on.
type NameSearch struct {
	Tests      []NameTest // all of them have to hold
	Beyond     string     // only names that come after this one, in the order of the search; empty: from the beginning
	Descending bool
}

// UserGroupsByName yields the user groups whose names pass a search, in the order of their names as people compare them. It
// walks the names in the index and reads the groups of those that pass.
func UserGroupsByName(tx *Tx, s NameSearch) iter.Seq2[*UserGroup, error] {
	tests := make([]NameTest, len(s.Tests))
	for i, t := range s.Tests {
		tests[i] = NameTest{t.Operator, fold(t.Value)}
	}
	r := s.keys(tests)
	return func(yield func(*UserGroup, error) bool) {
		for pair, err := range tx.r.Scan(r) {
			var g *UserGroup
			if err == nil {
				g, err = passing(tx, pair, tests)
			}
			if g == nil && err == nil {
				continue
			}
			if !yield(g, err) || err != nil {
				return
			}
		}
	}
}

// passing is the user group behind an entry of the index of names, nil for one whose name does not pass.
func passing(tx *Tx, pair kv.Pair, tests []NameTest) (*UserGroup, error) {
	name, _, err := cutString(pair.Key[len(UserGroups.key(userGroupByName.kind, nil)):])
	if err != nil {
		return nil, err
	}
	for _, t := range tests {
		if !t.holds(name) {
			return nil, nil
		}
	}
	return UserGroups.at(tx, pair.Value)
}

// keys is the piece of the index that a search has to walk: of names that have to begin with something, those.
func (s NameSearch) keys(tests []NameTest) kv.Range {
	begin := ""
	for _, t := range tests {
		if (t.Operator == NameEquals || t.Operator == NameStartsWith) && len(t.Value) > len(begin) {
			begin = t.Value
		}
	}
	key := func(k Key) []byte { return UserGroups.key(userGroupByName.kind, k) }
	prefix := K(begin)
	r := kv.Prefix(key(prefix[:len(prefix)-2])) // without the end of the string
	r.Reverse = s.Descending
	switch beyond := K(fold(s.Beyond)); {
	case s.Beyond == "":
	case s.Descending:
		r.To = slices.MinFunc([][]byte{r.To, key(beyond)}, bytes.Compare)
	default:
		r.From = slices.MaxFunc([][]byte{r.From, kv.Prefix(key(beyond)).To}, bytes.Compare)
	}
	return r
}
