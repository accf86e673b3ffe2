package kvtest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

var gets = []sentence{
	{"returns the values in the order of the keys, nil for an absent one", getOrder},
	{"answers a key as often as it is asked", getRepeated},
	{"answers no keys with no values", getNothing},
	{"answers many keys as it answers one", getMany},
	{"tells a present empty value from an absent one", getEmpty},
	{"gives slices that are the caller's", getOwned},
	{"sees the transaction's own writes", getOwnWrites},
	{"tells keys apart that share a prefix", getPrefixes},
}

func getOrder(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1", "b", "2", "c", "3")
	view(t, e, func(r kv.Reader) error {
		return wantGets(t, r, [][]byte{b("c"), b("x"), b("a"), b("b")}, [][]byte{b("3"), nil, b("1"), b("2")})
	})
}

func getRepeated(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1")
	view(t, e, func(r kv.Reader) error {
		return wantGets(t, r, [][]byte{b("a"), b("x"), b("a"), b("x")}, [][]byte{b("1"), nil, b("1"), nil})
	})
}

func getMany(t *testing.T, e kv.Engine) {
	var keys, want [][]byte
	update(t, e, func(tx kv.Txn) error {
		keys, want = nil, nil
		for i := range 400 {
			key := fmt.Appendf(nil, "%03d", i*7%400)
			keys, want = append(keys, key), append(want, nil)
			if i%3 == 0 {
				continue
			}
			want[i] = append([]byte("value of "), key...)
			if err := tx.Set(key, want[i]); err != nil {
				return err
			}
		}
		return wantGets(t, tx, keys, want)
	})
	view(t, e, func(r kv.Reader) error { return wantGets(t, r, keys, want) })
}

func getNothing(t *testing.T, e kv.Engine) {
	view(t, e, func(r kv.Reader) error { return wantGets(t, r, nil, nil) })
}

func getEmpty(t *testing.T, e kv.Engine) {
	keys := [][]byte{b("empty"), b("nil"), b("absent")}
	want := [][]byte{{}, {}, nil}
	update(t, e, func(tx kv.Txn) error {
		if err := tx.Set(keys[0], []byte{}); err != nil {
			return err
		}
		if err := tx.Set(keys[1], nil); err != nil {
			return err
		}
		return wantGets(t, tx, keys, want)
	})
	view(t, e, func(r kv.Reader) error { return wantGets(t, r, keys, want) })
}

func getOwned(t *testing.T, e kv.Engine) {
	put(t, e, "old", "value")
	update(t, e, func(tx kv.Txn) error {
		if err := set(tx, "new", "value"); err != nil {
			return err
		}
		values, err := tx.Get(b("old"), b("new"), b("old"))
		if err != nil {
			return err
		}
		copy(values[0], "XXXXX")
		copy(values[1], "YYYYY")
		if string(values[2]) != "value" {
			t.Errorf("two answers for one key share memory: %q", values[2])
		}
		if err := wantGet(t, tx, "old", "value"); err != nil {
			return err
		}
		return wantGet(t, tx, "new", "value")
	})
	wantStored(t, e, "new=value", "old=value")
}

func getOwnWrites(t *testing.T, e kv.Engine) {
	put(t, e, "changed", "old", "deleted", "old", "restored", "old")
	update(t, e, func(tx kv.Txn) error {
		if err := set(tx, "changed", "new", "created", "new"); err != nil {
			return err
		}
		for _, key := range []string{"deleted", "restored"} {
			if err := tx.Delete(b(key)); err != nil {
				return err
			}
		}
		if err := set(tx, "restored", "new"); err != nil {
			return err
		}
		return wantGets(t, tx,
			[][]byte{b("changed"), b("created"), b("deleted"), b("restored")},
			[][]byte{b("new"), b("new"), nil, b("new")})
	})
}

func getPrefixes(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1", "a\x00", "2", "a\x00\x00", "3", "a\xff", "4")
	view(t, e, func(r kv.Reader) error {
		return wantGets(t, r,
			[][]byte{b("a"), b("a\x00"), b("a\x00\x00"), b("a\xff"), b("a\xff\xff"), b("\x00a")},
			[][]byte{b("1"), b("2"), b("3"), b("4"), nil, nil})
	})
}

// wantGets compares the answers of one Get, an empty value and an absent one being different.
func wantGets(t *testing.T, r kv.Reader, keys, want [][]byte) error {
	t.Helper()
	got, err := r.Get(keys...)
	same := func(x, y []byte) bool { return (x == nil) == (y == nil) && bytes.Equal(x, y) }
	if err == nil && !slices.EqualFunc(got, want, same) {
		t.Errorf("Get(%q) = %#v, want %#v", keys, got, want)
	}
	return err
}
