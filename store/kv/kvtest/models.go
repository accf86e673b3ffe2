package kvtest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/store/kv"
)

var models = []sentence{
	{"of a sorted map with sums agrees with any sequence of transactions", sortedMap},
}

// model is what an engine should hold.
type model map[string]string

// scan lists a range of the model as scan lists one of an engine.
func (m model) scan(r kv.Range) []string {
	found := []string{}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		switch {
		case key < string(r.From) || len(r.To) > 0 && key >= string(r.To):
		case r.KeysOnly:
			found = append(found, key)
		default:
			found = append(found, key+"="+m[key])
		}
	}
	if r.Reverse {
		slices.Reverse(found)
	}
	return found
}

// step is one thing done in a transaction.
type step struct {
	do    string
	keys  [][]byte
	value []byte
	by    int64
	rg    kv.Range
}

// Keys are few and short and made of the bytes that order goes wrong at, so that they meet and nest.
var (
	bytesOfKeys = rapid.SampledFrom([]byte{0x00, 'a', 'b', 0xff})
	anyKey      = rapid.SliceOfN(bytesOfKeys, 1, 3)
	anyBound    = rapid.SliceOfN(bytesOfKeys, 0, 3)
	keyOfASum   = rapid.SampledFrom([]string{"\x00+", "b+", "b+\x00"}) // which no other step writes
	anyValue    = rapid.SliceOfN(rapid.Byte(), 0, 3)
	anyStep     = rapid.Custom(func(t *rapid.T) step {
		s := step{do: rapid.SampledFrom([]string{"set", "set", "delete", "add", "get", "scan"}).Draw(t, "do")}
		switch s.do {
		case "set":
			s.value = anyValue.Draw(t, "value")
			fallthrough
		case "delete":
			s.keys = [][]byte{anyKey.Draw(t, "key")}
		case "add":
			s.keys, s.by = [][]byte{b(keyOfASum.Draw(t, "sum"))}, rapid.Int64Range(-2, 2).Draw(t, "by")
		case "get":
			s.keys = rapid.SliceOfN(anyKey, 0, 4).Draw(t, "keys")
		case "scan":
			s.rg = kv.Range{
				From: anyBound.Draw(t, "from"), To: anyBound.Draw(t, "to"),
				Reverse: rapid.Bool().Draw(t, "reverse"), KeysOnly: rapid.Bool().Draw(t, "keys only"),
			}
		}
		return s
	})
)

func sortedMap(t *testing.T, e kv.Engine) {
	rapid.Check(t, func(rt *rapid.T) {
		update(t, e, deleteAll)
		want := model{}
		for range rapid.IntRange(1, 6).Draw(rt, "transactions") {
			steps := rapid.SliceOfN(anyStep, 0, 12).Draw(rt, "steps")
			commits := rapid.IntRange(0, 3).Draw(rt, "commits unless 0") > 0
			want = transact(t, rt, e, want, steps, commits)
			if err := e.View(t.Context(), func(r kv.Reader) error { return agree(rt, r, want) }); err != nil {
				rt.Fatalf("View: %v", err)
			}
		}
	})
}

var errRollback = errors.New("rollback")

// transact takes the steps on the engine and on the model and returns the model that should hold afterwards.
func transact(t *testing.T, rt *rapid.T, e kv.Engine, before model, steps []step, commits bool) model {
	var after model
	added := map[string]int64{}
	err := e.Update(t.Context(), func(tx kv.Txn) error {
		after = maps.Clone(before)
		clear(added)
		for _, s := range steps {
			if s.do == "add" {
				added[string(s.keys[0])] += s.by
			}
			if err := s.take(rt, tx, after); err != nil {
				return err
			}
		}
		if !commits {
			return errRollback
		}
		return agree(rt, tx, after)
	})
	switch {
	case commits && err == nil:
		return after.plus(rt, added)
	case !commits && errors.Is(err, errRollback):
		return before
	}
	rt.Fatalf("Update: %v", err)
	return nil
}

// plus is the model with additions, which a transaction does not see itself.
func (m model) plus(rt *rapid.T, added map[string]int64) model {
	for key, by := range added {
		var old []byte
		if value, there := m[key]; there {
			old = b(value)
		}
		sum, err := kv.Sum(old)
		if err != nil {
			rt.Fatalf("%q: %v", key, err)
		}
		if m[key] = string(kv.EncodeSum(sum + by)); sum+by == 0 {
			delete(m, key)
		}
	}
	return m
}

func (s step) take(rt *rapid.T, tx kv.Txn, m model) error {
	switch s.do {
	case "set":
		m[string(s.keys[0])] = string(s.value)
		return tx.Set(s.keys[0], s.value)
	case "delete":
		delete(m, string(s.keys[0]))
		return tx.Delete(s.keys[0])
	case "add":
		return tx.Add(s.keys[0], s.by)
	case "get":
		return agreeOnGet(rt, tx, m, s.keys)
	default:
		return agreeOnScan(rt, tx, m, s.rg)
	}
}

// agree compares all there is.
func agree(rt *rapid.T, r kv.Reader, m model) error {
	keys := [][]byte{b("absent")}
	for key := range m {
		keys = append(keys, b(key))
	}
	return errors.Join(
		agreeOnGet(rt, r, m, keys),
		agreeOnScan(rt, r, m, kv.Range{}),
		agreeOnScan(rt, r, m, kv.Range{Reverse: true}),
	)
}

func agreeOnGet(rt *rapid.T, r kv.Reader, m model, keys [][]byte) error {
	got, err := r.Get(keys...)
	if err != nil {
		return err
	}
	if len(got) != len(keys) {
		return fmt.Errorf("%d values for %d keys", len(got), len(keys))
	}
	for i, key := range keys {
		value, present := m[string(key)]
		if (got[i] != nil) != present || string(got[i]) != value {
			rt.Errorf("Get(%q) = %#v, want %q, present: %v", key, got[i], value, present)
		}
	}
	return nil
}

func agreeOnScan(rt *rapid.T, r kv.Reader, m model, rg kv.Range) error {
	got, err := scan(r, rg)
	if want := m.scan(rg); err == nil && !slices.Equal(got, want) {
		rt.Errorf("scan of %s:\n got %q\nwant %q", describe(rg), got, want)
	}
	return err
}

func deleteAll(tx kv.Txn) error {
	var keys [][]byte
	for pair, err := range tx.Scan(kv.Range{KeysOnly: true}) {
		if err != nil {
			return err
		}
		keys = append(keys, bytes.Clone(pair.Key))
	}
	for _, key := range keys {
		if err := tx.Delete(key); err != nil {
			return err
		}
	}
	return nil
}
