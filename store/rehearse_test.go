package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/store/kv"
)

// TestARehearsalLeavesNothing makes things in a rehearsal, finds them in it, and nowhere afterwards, sequences included.
func TestARehearsalLeavesNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	dump := func() (all []string) {
		view(l, func(tx *Tx) (struct{}, error) {
			for pair, err := range tx.r.Scan(kv.Range{}) {
				if err != nil {
					return struct{}{}, err
				}
				all = append(all, fmt.Sprintf("%x %x", pair.Key, pair.Value))
			}
			return struct{}{}, nil
		})
		return all
	}
	before := dump()
	err := Rehearse(l.ctx, l.DB, System("test"), func(tx *Tx) error {
		a := &Asset{WorkgroupID: firstWorkgroupID, IPAddress: "10.0.0.1", AssetName: "srv01"}
		if err := Assets.Insert(tx, a); err != nil {
			return err
		}
		if again := Assets.Insert(tx, &Asset{WorkgroupID: firstWorkgroupID, IPAddress: "10.0.0.2", AssetName: "SRV01"}); !errors.Is(again, ErrExists) {
			t.Errorf("the same name again: %v", again)
		}
		found, err := AssetByName(tx, firstWorkgroupID, "Srv01")
		if err != nil || found.AssetID != a.AssetID {
			t.Errorf("found %v: %v", found, err)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the store", dump(), before)
}

// TestTheOverlayIsATransaction does the same to an overlay and to a transaction of the engine, and compares what each shows.
func TestTheOverlayIsATransaction(t *testing.T) {
	t.Parallel()
	key := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 'a', 'b', 0xff}), 1, 3)
	rapid.Check(t, func(rt *rapid.T) {
		l := newLab(rt)
		l.unsound = true
		kept := rapid.SliceOfN(key, 0, 8).Draw(rt, "kept")
		check(rt, l.engine.Update(l.ctx, func(w kv.Txn) error {
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
		check(rt, l.engine.View(l.ctx, func(below kv.Reader) error {
			o := &overlay{below: below}
			defer func() { got = show(o) }()
			return do(o)
		}))
		nothing := errors.New("roll back")
		if err := l.engine.Update(l.ctx, func(w kv.Txn) error {
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

func check(t tb, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}
