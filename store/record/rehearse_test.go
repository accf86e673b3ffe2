package record

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/kv/badgerkv"
)

// TestTheOverlayIsATransaction does the same to an overlay and to a transaction of the engine, and compares what each shows.
func TestTheOverlayIsATransaction(t *testing.T) {
	t.Parallel()
	key := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 'a', 'b', 0xff}), 1, 3)
	rapid.Check(t, func(rt *rapid.T) {
		ctx := t.Context()
		engine, err := badgerkv.Open(badgerkv.Options{InMemory: true, Small: true})
		check(rt, err)
		defer func() { check(rt, engine.Close()) }()
		kept := rapid.SliceOfN(key, 0, 8).Draw(rt, "kept")
		check(rt, engine.Update(ctx, func(w kv.Txn) error {
			for _, k := range kept {
				if err := w.Set(k, k); err != nil {
					return err
				}
			}
			return nil
		}))
		type write struct {
			key    []byte
			delete bool
		}
		writes := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) write {
			return write{key.Draw(rt, "key"), rapid.Bool().Draw(rt, "delete")}
		}), 0, 8).Draw(rt, "writes")
		do := func(w kv.Txn) error {
			for i, o := range writes {
				err := w.Delete(o.key)
				if !o.delete {
					err = w.Set(o.key, bytes.Repeat([]byte{'v'}, i))
				}
				if err != nil {
					return err
				}
			}
			return nil
		}
		r := kv.Range{From: key.Draw(rt, "from"), To: key.Draw(rt, "to"), Reverse: rapid.Bool().Draw(rt, "reverse")}
		one := key.Draw(rt, "one")
		show := func(in kv.Reader) (seen []string) {
			for pair, err := range in.Scan(r) {
				check(rt, err)
				seen = append(seen, fmt.Sprintf("%x=%x", pair.Key, pair.Value))
			}
			values, err := in.Get(one)
			check(rt, err)
			return append(seen, fmt.Sprint(values[0] == nil), string(values[0]))
		}
		var got, want []string
		check(rt, engine.View(ctx, func(below kv.Reader) error {
			o := &overlay{below: below}
			defer func() { got = show(o) }()
			return do(o)
		}))
		nothing := errors.New("roll back")
		if err := engine.Update(ctx, func(w kv.Txn) error {
			check(rt, do(w))
			want = show(w)
			return nothing
		}); !errors.Is(err, nothing) {
			rt.Fatalf("%v", err)
		}
		if !slices.Equal(got, want) {
			rt.Errorf("the overlay shows %v, a transaction %v", got, want)
		}
	})
}

func check(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}
