package record

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"
)

// Strings of the bytes that order goes wrong at, and ordinary ones.
var anyString = rapid.OneOf(
	rapid.Custom(func(t *rapid.T) string {
		return string(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 'a', 'b', 0xfe, 0xff}), 0, 4).Draw(t, "bytes"))
	}),
	rapid.String(),
)

var anyAddress = rapid.Custom(func(t *rapid.T) netip.Addr {
	if rapid.Bool().Draw(t, "IPv4") {
		return netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address")))
	}
	return netip.AddrFrom16([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "address"))).Unmap()
})

// part is a kind of part of a key, with the order that its values have elsewhere.
type part struct {
	name  string
	value *rapid.Generator[any]
	order func(a, b any) int
}

var parts = []part{
	{"int", rapid.OneOf(rapid.IntRange(-2, 2), rapid.Int()).AsAny(), func(a, b any) int { return cmp.Compare(a.(int), b.(int)) }},
	{"string", anyString.AsAny(), func(a, b any) int { return strings.Compare(a.(string), b.(string)) }},
	{"address", anyAddress.AsAny(), func(a, b any) int {
		x, y := a.(netip.Addr).As16(), b.(netip.Addr).As16()
		return bytes.Compare(x[:], y[:])
	}},
	{"time", rapid.Map(rapid.Int64(), func(ns int64) any { return Time(time.Unix(0, ns)) }), func(a, b any) int {
		return time.Time(a.(Time)).Compare(time.Time(b.(Time)))
	}},
}

// anyTuples draws n tuples of the same kinds of parts, one of each at least.
func anyTuples(t *rapid.T, n int) (kinds []part, tuples [][]any) {
	kinds = rapid.SliceOfN(rapid.SampledFrom(parts), 1, 3).Draw(t, "kinds")
	tuples = make([][]any, n)
	for i := range tuples {
		for _, kind := range kinds {
			tuples[i] = append(tuples[i], kind.value.Draw(t, kind.name))
		}
	}
	return kinds, tuples
}

func TestKeysLieInTheOrderOfTheirTuples(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kinds, tuples := anyTuples(t, 2)
		want := 0
		for i := len(kinds) - 1; i >= 0; i-- {
			want = cmp.Or(kinds[i].order(tuples[0][i], tuples[1][i]), want)
		}
		if got := bytes.Compare(K(tuples[0]...), K(tuples[1]...)); got != want {
			t.Fatalf("%v and %v compare as %d, their keys % x and % x as %d", tuples[0], tuples[1], want, K(tuples[0]...), K(tuples[1]...), got)
		}
	})
}

func TestAKeyBeginsWithTheFirstPartsOfItsTupleAndNoOthers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kinds, tuples := anyTuples(t, 2)
		n := rapid.IntRange(1, len(kinds)).Draw(t, "parts")
		prefix := K(tuples[0][:n]...)
		if !bytes.HasPrefix(K(tuples[0]...), prefix) {
			t.Fatalf("the key of %v does not begin with that of its first %d parts", tuples[0], n)
		}
		same := true
		for i := range n {
			same = same && kinds[i].order(tuples[0][i], tuples[1][i]) == 0
		}
		if got := bytes.HasPrefix(K(tuples[1]...), prefix); got != same {
			t.Fatalf("the key of %v begins with that of %v: %v", tuples[1], tuples[0][:n], got)
		}
	})
}

func TestIDsComeBackFromAKey(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		i, s, rest := rapid.Int().Draw(t, "int"), anyString.Draw(t, "string"), rapid.SliceOf(rapid.Byte()).Draw(t, "rest")
		if got, after, err := CutID[int](K(i, Key(rest))); got != i || !bytes.Equal(after, rest) || err != nil {
			t.Fatalf("%d with % x behind it came back as %d with % x, error %v", i, rest, got, after, err)
		}
		if got, after, err := CutID[string](K(s, Key(rest))); got != s || !bytes.Equal(after, rest) || err != nil {
			t.Fatalf("%q with % x behind it came back as %q with % x, error %v", s, rest, got, after, err)
		}
	})
}

// FuzzKey cuts ids off keys as a damaged store might hold them.
func FuzzKey(f *testing.F) {
	for _, k := range []Key{nil, K(0), K(math.MinInt), K(""), K("a\x00b"), K("é\xff"), K("a", 1), {0}, {'a', 0}, {0, 1}, {0, 0xff}} {
		f.Add([]byte(k))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		i, rest, err := CutID[int](b)
		checkCut(t, b, K(i), rest, err)
		s, rest, err := CutID[string](b)
		checkCut(t, b, K(s), rest, err)
	})
}

// checkCut says that what was cut off is exactly what an id is written as, or that the error says what is wrong.
func checkCut(t *testing.T, whole []byte, id, rest Key, err error) {
	t.Helper()
	if err != nil {
		if !errors.Is(err, ErrDamaged) {
			t.Fatalf("% x: %v", whole, err)
		}
		return
	}
	if got := append(id, rest...); !bytes.Equal(got, whole) {
		t.Fatalf("% x was cut into what is written as % x", whole, got)
	}
}

func TestDamagedKeys(t *testing.T) {
	t.Parallel()
	number := func(k Key) error { _, _, err := CutInt(k); return err }
	text := func(k Key) error { _, _, err := CutString(k); return err }
	for name, test := range map[string]struct {
		cut  func(Key) error
		key  Key
		says string
	}{
		"too short for a number": {number, Key{1, 2}, "key 01 02 ends within an int"},
		"an endless string":      {text, Key("ab"), "key 61 62 ends within a string"},
		"a lone NUL":             {text, Key{'a', 0, 7, 0, 0}, "key 61 00 07 00 00 holds a lone NUL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := test.cut(test.key); !errors.Is(err, ErrDamaged) || !strings.HasPrefix(err.Error(), test.says) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestAddressesLieInTheOrderOfTheirRanges(t *testing.T) {
	t.Parallel()
	inOrder := []string{
		"::", "::1",
		"0.0.0.0", "10.0.0.9", "10.0.0.10", "10.0.1.0", "192.168.0.1", "255.255.255.255",
		"::1:0:0:0", "2001:db8::1", "fe80::1", "ff02::1",
	}
	for i := range inOrder[1:] {
		a, b := netip.MustParseAddr(inOrder[i]), netip.MustParseAddr(inOrder[i+1])
		if bytes.Compare(K(a), K(b)) >= 0 {
			t.Errorf("%v does not lie before %v", a, b)
		}
	}
	if a, b := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("::ffff:10.0.0.1"); !bytes.Equal(K(a), K(b)) {
		t.Errorf("%v and %v have different keys", a, b)
	}
}

// Clients ask for audits "until 9999-12-31", which is beyond what nanoseconds in 64 bits reach.
func TestTimesBeyondTheRangeOfAKeyLieAtItsEnds(t *testing.T) {
	t.Parallel()
	inOrder := []string{
		"0001-01-02T00:00:00Z", "1677-09-22T00:00:00Z", "1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00Z",
		"2024-12-06T17:59:40Z", "2262-04-11T23:47:16Z", "9999-12-31T00:00:00Z",
	}
	for i := range inOrder[1:] {
		a, errA := time.Parse(time.RFC3339, inOrder[i])
		b, errB := time.Parse(time.RFC3339, inOrder[i+1])
		if err := cmp.Or(errA, errB); err != nil {
			t.Fatal(err)
		}
		if bytes.Compare(K(Time(a)), K(Time(b))) >= 0 {
			t.Errorf("%v does not lie before %v", a, b)
		}
	}
	const year = 365 * 24 * time.Hour
	if got, want := K(MinTime.Add(-year)), K(MinTime); !bytes.Equal(got, want) {
		t.Errorf("what lies before %v has the key % x, not % x", MinTime, got, want)
	}
	if got, want := K(MaxTime.Add(year)), K(MaxTime); !bytes.Equal(got, want) {
		t.Errorf("what lies behind %v has the key % x, not % x", MaxTime, got, want)
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		a, b string
		same bool
	}{
		"letter case":                   {"SRV-01.Example", "srv-01.EXAMPLE", true},
		"letter case of other letters":  {"МОСКВА Ärger Ωμέγα", "москва ärger ωμέγα", true},
		"German sharp s":                {"Straße", "STRASSE", true},
		"final sigma":                   {"ΣΊΣΥΦΟΣ", "σίσυφος", true},
		"composed or not":               {"Caf\u00e9", "CAFE\u0301", true},
		"one letter in two blocks":      {"\u212Belvin", "ålvin", false},
		"the Kelvin sign is a K":        {"\u212A", "k", true},
		"an accent counts":              {"cafe", "café", false},
		"blanks count":                  {"srv 01", "srv01", false},
		"NUL counts":                    {"srv", "srv\x00", false},
		"ASCII next to other letters":   {"AÄ", "aä", true},
		"bytes that are no text differ": {"a\xff", "a\xfe", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Fold(test.a) == Fold(test.b); got != test.same {
				t.Errorf("%q and %q are folded to %q and %q", test.a, test.b, Fold(test.a), Fold(test.b))
			}
		})
	}
}

func TestFoldingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	letters := rapid.RuneFrom(nil, latinGreekCyrillic)
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune("\u0300\u0301\u0345 .-\x00")), letters)).Draw(t, "text")
		once := Fold(s)
		if twice := Fold(once); twice != once {
			t.Fatalf("%q is folded to %q and then to %q", s, once, twice)
		}
	})
}

// Cherokee is left out: its letters are folded to each other's case by the library.
var latinGreekCyrillic = &unicode.RangeTable{R16: []unicode.Range16{{Lo: 'A', Hi: 0x52f, Stride: 1}, {Lo: 0x1e00, Hi: 0x1fff, Stride: 1}}}
