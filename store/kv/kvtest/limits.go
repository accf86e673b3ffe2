package kvtest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

var limits = []sentence{
	{"let keys of MaxKey bytes in", limitKey},
	{"let values of MaxValue bytes in", limitValue},
	{"refuse more with ErrTooLarge and commit nothing", limitExceeded},
	{"let MaxWrites records with ten index keys each into a transaction", limitWrites},
	{"of a transaction are kept or answered with ErrTooLarge", limitTransaction},
}

func limitKey(t *testing.T, e kv.Engine) {
	longest := bytes.Repeat([]byte{0xff}, kv.MaxKey)
	shorter := longest[:kv.MaxKey-1]
	update(t, e, func(tx kv.Txn) error {
		if err := tx.Set(longest, b("1")); err != nil {
			return err
		}
		return tx.Set(shorter, b("2"))
	})
	view(t, e, func(r kv.Reader) error {
		if err := wantScan(t, r, kv.Range{Reverse: true}, string(longest)+"=1", string(shorter)+"=2"); err != nil {
			return err
		}
		return wantGets(t, r, [][]byte{longest, shorter}, [][]byte{b("1"), b("2")})
	})
	update(t, e, func(tx kv.Txn) error { return tx.Delete(longest) })
	wantStored(t, e, string(shorter)+"=2")
}

func limitValue(t *testing.T, e kv.Engine) {
	value := bytes.Repeat([]byte("0123456789abcdef"), kv.MaxValue/16)
	check := func(r kv.Reader) error {
		if err := wantGets(t, r, [][]byte{b("a")}, [][]byte{value}); err != nil {
			return err
		}
		return wantScan(t, r, kv.Range{}, "a="+string(value))
	}
	update(t, e, func(tx kv.Txn) error {
		if err := tx.Set(b("a"), value); err != nil {
			return err
		}
		return check(tx)
	})
	view(t, e, check)
}

func limitExceeded(t *testing.T, e kv.Engine) {
	key, value := make([]byte, kv.MaxKey+1), make([]byte, kv.MaxValue+1)
	for name, write := range map[string]func(kv.Txn) error{
		"Set of a long key":    func(tx kv.Txn) error { return tx.Set(key, nil) },
		"Delete of a long key": func(tx kv.Txn) error { return tx.Delete(key) },
		"Set of a long value":  func(tx kv.Txn) error { return tx.Set(b("a"), value) },
	} {
		err := e.Update(t.Context(), func(tx kv.Txn) error {
			if err := set(tx, "b", "1"); err != nil {
				return err
			}
			return write(tx)
		})
		if !errors.Is(err, kv.ErrTooLarge) {
			t.Errorf("%s: %v, want ErrTooLarge", name, err)
		}
	}
	wantStored(t, e)
}

func limitWrites(t *testing.T, e kv.Engine) {
	const indexes = 10
	record := bytes.Repeat([]byte("x"), 2<<10)
	update(t, e, func(tx kv.Txn) error {
		for i := range kv.MaxWrites {
			if err := tx.Set(fmt.Appendf(nil, "r%08d", i), record); err != nil {
				return err
			}
			for j := range indexes {
				key := fmt.Appendf(nil, "i%d %-40s %08d", j, "a text of some length", i)
				if err := tx.Set(key, fmt.Appendf(nil, "%08d", i)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	view(t, e, func(r kv.Reader) error {
		found, err := scan(r, kv.Range{KeysOnly: true})
		if want := kv.MaxWrites * (1 + indexes); len(found) != want {
			t.Errorf("%d keys are stored, want %d", len(found), want)
		}
		return err
	})
}

func limitTransaction(t *testing.T, e kv.Engine) {
	const many = 16
	value := make([]byte, kv.MaxValue)
	err := e.Update(t.Context(), func(tx kv.Txn) error {
		for i := range many {
			if err := tx.Set(fmt.Appendf(nil, "%02d", i), value); err != nil {
				return err
			}
		}
		return nil
	})
	want := many
	if err != nil {
		want = 0
		if !errors.Is(err, kv.ErrTooLarge) {
			t.Errorf("Update returned %v, want ErrTooLarge or none", err)
		}
	}
	view(t, e, func(r kv.Reader) error {
		found, err := scan(r, kv.Range{KeysOnly: true})
		if len(found) != want {
			t.Errorf("%d of %d values are stored, want %d", len(found), many, want)
		}
		return err
	})
	put(t, e, "after", "1") // It is the transaction that was too large, not the engine.
}
