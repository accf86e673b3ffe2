package kvtest

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

var scans = []sentence{
	{"yields the keys in the order of their bytes", scanOrder},
	{"keeps to From ≤ key < To in both directions", scanBounds},
	{"of an empty or inverted range yields nothing", scanNothing},
	{"of a prefix yields exactly the keys that begin with it", scanPrefix},
	{"of keys only has nil values, any other never", scanKeysOnly},
	{"sees the transaction's own writes in both directions", scanOwnWrites},
	{"may be left early, and be taken again", scanLeave},
	{"may be left to itself by a caller that pulls it", scanPulled},
	{"may run while others run in the same transaction", scanNested},
	{"of several ranges lists one after the other", scanRanges},
}

func scanOrder(t *testing.T, e kv.Engine) {
	ordered := []string{
		"\x00", "\x00\x00", "\x00\xff", "\x01", "A", "B", "a", "a\x00", "a\x00b", "a\x01", "aa", "ab", "b",
		"z", "\x7f", "\x80", "ä", "\xfe\xff", "\xff", "\xff\x00", "\xff\xff",
	}
	update(t, e, func(tx kv.Txn) error {
		for i := range ordered {
			key := ordered[i*8%len(ordered)] // Any order but theirs; 8 and 21 share no divisor.
			if err := tx.Set(b(key), nil); err != nil {
				return err
			}
		}
		return nil
	})
	view(t, e, func(r kv.Reader) error {
		if err := wantScan(t, r, kv.Range{KeysOnly: true}, ordered...); err != nil {
			return err
		}
		slices.Reverse(ordered)
		return wantScan(t, r, kv.Range{KeysOnly: true, Reverse: true}, ordered...)
	})
}

func scanBounds(t *testing.T, e kv.Engine) {
	put(t, e, "b", "1", "bb", "2", "c", "3", "d", "4")
	for _, c := range []struct {
		from, to string
		want     []string
	}{
		{"", "", []string{"b=1", "bb=2", "c=3", "d=4"}},
		{"b", "d", []string{"b=1", "bb=2", "c=3"}},
		{"b\x00", "d\x00", []string{"bb=2", "c=3", "d=4"}},
		{"a", "z", []string{"b=1", "bb=2", "c=3", "d=4"}},
		{"", "c", []string{"b=1", "bb=2"}},
		{"c", "", []string{"c=3", "d=4"}},
		{"ba", "bc", []string{"bb=2"}},
		{"b", "bb", []string{"b=1"}},
		{"d", "\xff", []string{"d=4"}},
	} {
		view(t, e, func(r kv.Reader) error {
			rg := kv.Range{From: b(c.from), To: b(c.to)}
			if err := wantScan(t, r, rg, c.want...); err != nil {
				return err
			}
			rg.Reverse = true
			slices.Reverse(c.want)
			return wantScan(t, r, rg, c.want...)
		})
	}
}

func scanRanges(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1", "aa", "2", "b", "3", "c", "4", "cc", "5", "d", "6")
	for _, c := range []struct {
		ranges            []kv.Range
		forward, backward string
	}{
		{[]kv.Range{kv.Prefix(b("a")), kv.Prefix(b("c"))}, "a aa c cc", "aa a cc c"},
		{[]kv.Range{kv.Prefix(b("c")), kv.Prefix(b("a"))}, "c cc a aa", "cc c aa a"},
		{[]kv.Range{kv.Prefix(b("x")), kv.Prefix(b("aa")), kv.Prefix(b("")), kv.Prefix(b("aaa"))}, "aa a aa b c cc d", "aa d cc c b aa a"},
		{[]kv.Range{{From: b("b"), To: b("b")}, {From: b("cc")}, {To: b("aa")}}, "cc d a", "d cc a"},
		{[]kv.Range{kv.Prefix(b("b")), kv.Prefix(b("b"))}, "b b", "b b"},
	} {
		listed := func(r kv.Reader, reverse bool) (string, error) {
			ranges := slices.Clone(c.ranges)
			for i := range ranges {
				ranges[i].Reverse, ranges[i].KeysOnly = reverse, true
			}
			got := []string{}
			for pair, err := range r.Scan(ranges[0], ranges[1:]...) {
				if err != nil {
					return "", err
				}
				got = append(got, string(pair.Key))
			}
			return strings.Join(got, " "), nil
		}
		check := func(r kv.Reader) error {
			forward, err := listed(r, false)
			if err != nil {
				return err
			}
			backward, err := listed(r, true)
			if err == nil && (forward != c.forward || backward != c.backward) {
				t.Errorf("scan of %v lists %q and backward %q, want %q and %q", c.ranges, forward, backward, c.forward, c.backward)
			}
			return err
		}
		view(t, e, check)
		update(t, e, func(tx kv.Txn) error {
			if err := tx.Delete(b("d")); err != nil {
				return err
			}
			if err := set(tx, "d", "again"); err != nil {
				return err
			}
			return check(tx)
		})
	}
}

func scanNothing(t *testing.T, e kv.Engine) {
	all := func(r kv.Reader, rg kv.Range) error {
		for _, rg.Reverse = range []bool{false, true} {
			if err := wantScan(t, r, rg); err != nil {
				return err
			}
		}
		return nil
	}
	view(t, e, func(r kv.Reader) error { return all(r, kv.Range{}) })
	put(t, e, "b", "1", "d", "2")
	for _, bounds := range [][2]string{{"b", "b"}, {"c", "c"}, {"d", "b"}, {"z", "a"}, {"bb", "d"}, {"e", ""}, {"", "b"}} {
		view(t, e, func(r kv.Reader) error { return all(r, kv.Range{From: b(bounds[0]), To: b(bounds[1])}) })
	}
}

func scanPrefix(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1", "a\xff", "2", "a\xff\xff", "3", "b", "4", "\xff", "5", "\xff\xff", "6", "\xff\xffx", "7")
	for prefix, want := range map[string][]string{
		"a":            {"a=1", "a\xff=2", "a\xff\xff=3"},
		"a\xff":        {"a\xff=2", "a\xff\xff=3"},
		"b":            {"b=4"},
		"c":            {},
		"\xff":         {"\xff=5", "\xff\xff=6", "\xff\xffx=7"},
		"\xff\xff":     {"\xff\xff=6", "\xff\xffx=7"},
		"\xff\xff\xff": {},
	} {
		view(t, e, func(r kv.Reader) error {
			rg := kv.Prefix(b(prefix))
			if err := wantScan(t, r, rg, want...); err != nil {
				return err
			}
			rg.Reverse = true
			slices.Reverse(want)
			return wantScan(t, r, rg, want...)
		})
	}
}

func scanKeysOnly(t *testing.T, e kv.Engine) {
	put(t, e, "empty", "", "full", "1")
	check := func(r kv.Reader) error {
		for pair, err := range r.Scan(kv.Range{KeysOnly: true}) {
			if err != nil {
				return err
			}
			if pair.Value != nil {
				t.Errorf("keys only: %q has the value %q", pair.Key, pair.Value)
			}
		}
		return wantScan(t, r, kv.Range{}, "empty=", "full=1")
	}
	view(t, e, check)
	update(t, e, func(tx kv.Txn) error {
		if err := set(tx, "empty", "", "full", "1"); err != nil {
			return err
		}
		return check(tx)
	})
}

func scanOwnWrites(t *testing.T, e kv.Engine) {
	put(t, e, "a", "old", "b", "old", "c", "old", "e", "old")
	update(t, e, func(tx kv.Txn) error {
		if err := set(tx, "a", "new", "d", "new", "e", "new", "f", "new"); err != nil {
			return err
		}
		for _, key := range []string{"c", "f", "x"} {
			if err := tx.Delete(b(key)); err != nil {
				return err
			}
		}
		if err := wantScan(t, tx, kv.Range{}, "a=new", "b=old", "d=new", "e=new"); err != nil {
			return err
		}
		if err := wantScan(t, tx, kv.Range{Reverse: true}, "e=new", "d=new", "b=old", "a=new"); err != nil {
			return err
		}
		return wantScan(t, tx, kv.Range{From: b("b"), To: b("e"), Reverse: true}, "d=new", "b=old")
	})
	wantStored(t, e, "a=new", "b=old", "d=new", "e=new")
}

func scanLeave(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1", "b", "2", "c", "3")
	update(t, e, func(tx kv.Txn) error {
		pairs := tx.Scan(kv.Range{})
		for range 2 {
			for pair, err := range pairs {
				if err != nil {
					return err
				}
				if string(pair.Key) != "a" {
					t.Errorf("the scan begins at %q, want \"a\"", pair.Key)
				}
				break
			}
		}
		return set(tx, "d", "4")
	})
	wantStored(t, e, "a=1", "b=2", "c=3", "d=4")
}

func scanPulled(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1", "b", "2")
	var next func() (kv.Pair, error, bool)
	stop := func() {}
	update(t, e, func(tx kv.Txn) error {
		next, stop = iter.Pull2(tx.Scan(kv.Range{}))
		if pair, err, ok := next(); !ok || err != nil || string(pair.Key) != "a" {
			t.Errorf("pulled %q, %v, %v", pair.Key, err, ok)
		}
		return set(tx, "c", "3")
	})
	defer stop()
	if pair, err, ok := next(); ok && err == nil {
		t.Errorf("the scan of an ended transaction yields %q", pair.Key)
	}
	wantStored(t, e, "a=1", "b=2", "c=3")
}

func scanNested(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1", "b", "2")
	update(t, e, func(tx kv.Txn) error {
		var found []string
		for outer, err := range tx.Scan(kv.Range{}) {
			if err != nil {
				return err
			}
			key := string(outer.Key)
			for inner, err := range tx.Scan(kv.Range{Reverse: true}) {
				if err != nil {
					return err
				}
				found = append(found, key+string(inner.Key))
			}
			if err := wantGet(t, tx, key, string(outer.Value)); err != nil {
				return err
			}
		}
		if want := []string{"ab", "aa", "bb", "ba"}; !slices.Equal(found, want) {
			t.Errorf("a scan inside a scan found %q, want %q", found, want)
		}
		return nil
	})
}

// describe names a range in a failure.
func describe(r kv.Range) string {
	s := fmt.Sprintf("[%q, %q)", r.From, r.To)
	if r.Reverse {
		s += " in reverse"
	}
	if r.KeysOnly {
		s += ", keys only"
	}
	return s
}
