package store

import (
	"bytes"
	"iter"
	"slices"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
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

// foldedTest is a NameTest in the bytes of keys, which is how names are walked.
type foldedTest struct {
	operator string
	value    []byte
}

func (t NameTest) folded() foldedTest { return foldedTest{t.Operator, nameKey(t.Value)} }

// nameKey is what a key says of a name, without the end of the string.
func nameKey(name string) []byte {
	k := K(record.Fold(name))
	return k[:len(k)-nameEnd]
}

const (
	nameEnd   = 2 // bytes that end a string in a key
	numberKey = 8 // bytes of a number in a key
)

// holds reports whether a name passes.
func (t foldedTest) holds(name []byte) bool {
	switch t.operator {
	case NameEquals:
		return bytes.Equal(name, t.value)
	case NameNotEquals:
		return !bytes.Equal(name, t.value)
	case NameContains:
		return bytes.Contains(name, t.value)
	case NameNotContains:
		return !bytes.Contains(name, t.value)
	case NameStartsWith:
		return bytes.HasPrefix(name, t.value)
	case NameEndsWith:
		return bytes.HasSuffix(name, t.value)
	}
	return false
}

// NameSearch says which user groups are looked for by their names, and from where on.
type NameSearch struct {
	Tests      []NameTest // all of them have to hold
	Of         GroupKind  // only groups of this kind
	Beyond     string     // only names that come after this one, in the order of the search; empty: from the beginning
	Descending bool
}

// GroupKind tells user groups apart by who says who is in them.
type GroupKind int

// The kinds of user group.
const (
	AnyGroups GroupKind = iota
	OwnGroups
	DirectoryGroups
)

func (g *UserGroup) kind() GroupKind {
	if IsDirectoryType(g.GroupType) {
		return DirectoryGroups
	}
	return OwnGroups
}

// UserGroupsByName yields the user groups whose names pass a search, in the order of their names as people compare them. It
// walks the names in an index and reads the groups of those that pass.
func UserGroupsByName(tx *Tx, s NameSearch) iter.Seq2[*UserGroup, error] {
	tests := make([]foldedTest, len(s.Tests))
	for i, t := range s.Tests {
		tests[i] = t.folded()
	}
	head, tail := s.index()
	r := s.keys(head, tests)
	return func(yield func(*UserGroup, error) bool) {
		for pair, err := range tx.Reader.Scan(r) {
			if err == nil && !pass(tests, pair.Key[len(head):len(pair.Key)-tail]) {
				continue
			}
			var g *UserGroup
			if err == nil {
				g, err = UserGroups.At(tx, pair.Value)
			}
			if !yield(g, err) || err != nil {
				return
			}
		}
	}
}

func pass(tests []foldedTest, name []byte) bool {
	for _, t := range tests {
		if !t.holds(name) {
			return false
		}
	}
	return true
}

// index is what the keys to walk have before the name, and how many bytes they have behind it.
func (s NameSearch) index() (head []byte, tail int) {
	if s.Of == AnyGroups {
		return userGroupByName.Key(nil), nameEnd
	}
	return userGroupsByKind.Key(K(int(s.Of))), nameEnd + numberKey
}

// keys is the piece of the index that a search has to walk: of names that have to begin with something, those.
func (s NameSearch) keys(head []byte, tests []foldedTest) kv.Range {
	var begin []byte
	for _, t := range tests {
		if (t.operator == NameEquals || t.operator == NameStartsWith) && len(t.value) > len(begin) {
			begin = t.value
		}
	}
	key := func(name []byte) []byte { return append(head[:len(head):len(head)], name...) }
	r := kv.Prefix(key(begin))
	r.Reverse = s.Descending
	switch beyond := key(K(record.Fold(s.Beyond))); {
	case s.Beyond == "":
	case s.Descending:
		r.To = slices.MinFunc([][]byte{r.To, beyond}, bytes.Compare)
	default:
		r.From = slices.MaxFunc([][]byte{r.From, kv.Prefix(beyond).To}, bytes.Compare)
	}
	return r
}
