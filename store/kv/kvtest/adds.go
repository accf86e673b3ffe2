package kvtest

import (
	"errors"
	"strconv"
	"sync"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

var adds = []sentence{
	{"adds to what was there, and to nothing", addSums},
	{"leaves no key where the sum is zero", addZero},
	{"adds what a transaction adds in several parts", addParts},
	{"begins at what was Set, and at nothing after a Delete", addAfterSet},
	{"is not seen by its own transaction, and by snapshots after it only", addUnseen},
	{"is committed with the rest, or not at all", addAtomic},
	{"does not make another addition run again", addsAtOnce},
	{"makes those run again who have read the key", addConflicts},
	{"adds once in a transaction that runs again", addOnce},
	{"refuses a key that the transaction Sets or Deletes", addMixed},
	{"refuses a key that is too long", addLong},
	{"lets many keys be added to in a transaction", addMany},
}

// add adds to one key in a transaction of its own.
func add(t *testing.T, e kv.Engine, key string, by int64) {
	t.Helper()
	update(t, e, func(tx kv.Txn) error { return tx.Add(b(key), by) })
}

// sum is how wantStored lists a sum.
func sum(key string, n int64) string { return key + "=" + string(kv.EncodeSum(n)) }

func addSums(t *testing.T, e kv.Engine) {
	for _, by := range []int64{3, -5, 1 << 40} {
		add(t, e, "a", by)
	}
	add(t, e, "b", -1)
	wantStored(t, e, sum("a", 1<<40-2), sum("b", -1))
}

func addZero(t *testing.T, e kv.Engine) {
	add(t, e, "a", 3)
	add(t, e, "a", -3)
	add(t, e, "b", 0)
	update(t, e, func(tx kv.Txn) error { return errors.Join(tx.Add(b("c"), 2), tx.Add(b("c"), -2)) })
	wantStored(t, e)
	add(t, e, "a", 4)
	wantStored(t, e, sum("a", 4))
}

func addParts(t *testing.T, e kv.Engine) {
	update(t, e, func(tx kv.Txn) error {
		return errors.Join(tx.Add(b("a"), 1), tx.Add(b("a"), -1), set(tx, "other", "x"), tx.Add(b("b"), 7), tx.Add(b("a"), 5), tx.Add(b("a"), 1))
	})
	wantStored(t, e, sum("a", 6), sum("b", 7), "other=x")
}

func addAfterSet(t *testing.T, e kv.Engine) {
	put(t, e, "a", string(kv.EncodeSum(40)))
	add(t, e, "a", 2)
	wantStored(t, e, sum("a", 42))
	put(t, e, "a", string(kv.EncodeSum(7)))
	wantStored(t, e, sum("a", 7))
	update(t, e, func(tx kv.Txn) error { return tx.Delete(b("a")) })
	add(t, e, "a", 1)
	wantStored(t, e, sum("a", 1))
}

func addUnseen(t *testing.T, e kv.Engine) {
	add(t, e, "a", 1)
	before := func(r kv.Reader) error {
		return errors.Join(wantScan(t, r, kv.Range{}, sum("a", 1)), wantGet(t, r, "a", string(kv.EncodeSum(1))), wantGet(t, r, "b", absent))
	}
	view(t, e, func(r kv.Reader) error {
		update(t, e, func(tx kv.Txn) error {
			return errors.Join(tx.Add(b("a"), 1), tx.Add(b("b"), 1), before(tx))
		})
		return before(r)
	})
	wantStored(t, e, sum("a", 2), sum("b", 1))
}

func addAtomic(t *testing.T, e kv.Engine) {
	want := errors.New("of fn")
	err := e.Update(t.Context(), func(tx kv.Txn) error {
		return errors.Join(set(tx, "other", "x"), tx.Add(b("a"), 1), want)
	})
	if !errors.Is(err, want) {
		t.Errorf("Update returned %v, want fn's error", err)
	}
	wantStored(t, e)
	update(t, e, func(tx kv.Txn) error { return errors.Join(set(tx, "other", "x"), tx.Add(b("a"), 1)) })
	wantStored(t, e, sum("a", 1), "other=x")
}

// addsAtOnce has many add to few keys, some of them while others are in the middle of it, and reads what they come to: always as
// many as there are transactions that have written a key of their own.
func addsAtOnce(t *testing.T, e kv.Engine) {
	const adders, each = 8, 40
	adder := func(i, k int) (runs int) {
		update(t, e, func(tx kv.Txn) error {
			runs++
			return errors.Join(tx.Add(b("sum"), 1), tx.Add(b("sum"+strconv.Itoa(k%3)), int64(i)), set(tx, "n"+strconv.Itoa(i*each+k), ""))
		})
		return runs
	}
	update(t, e, func(tx kv.Txn) error {
		if err := tx.Add(b("sum"), 1); err != nil {
			return err
		}
		if runs := adder(adders, 0); runs != 1 {
			t.Errorf("an addition within another runs %d times", runs)
		}
		return set(tx, "n", "")
	})
	var done sync.WaitGroup
	for i := range adders {
		done.Go(func() {
			for k := range each {
				if runs := adder(i, k); runs != 1 {
					t.Errorf("an addition ran %d times", runs)
				}
				view(t, e, func(r kv.Reader) error {
					total, err := get(r, "sum")
					if err != nil {
						return err
					}
					written, err := scan(r, kv.Range{From: b("n"), To: b("o"), KeysOnly: true})
					if err == nil && total != string(kv.EncodeSum(int64(len(written)))) {
						t.Errorf("%d have added and the sum is % x", len(written), total)
					}
					return err
				})
			}
		})
	}
	done.Wait()
	of := map[string]int64{}
	for _, key := range []string{"sum", "sum0", "sum1", "sum2"} {
		n, err := kv.Sum(b(stored(t, e, key)))
		if err != nil {
			t.Fatal(err)
		}
		of[key] = n
	}
	if all, parts := int64(adders*each+2), int64(each*adders*(adders-1)/2+adders); of["sum"] != all || of["sum0"]+of["sum1"]+of["sum2"] != parts {
		t.Errorf("the sums are %v, want %d and %d in parts", of, all, parts)
	}
}

func addConflicts(t *testing.T, e kv.Engine) {
	for _, key := range []string{"there", "absent"} {
		put(t, e, "there", string(kv.EncodeSum(5)))
		runs := 0
		update(t, e, func(tx kv.Txn) error {
			value, err := get(tx, key)
			if err != nil {
				return err
			}
			if runs++; runs == 1 {
				add(t, e, key, 1)
			}
			return set(tx, "copy of "+key, value)
		})
		if runs != 2 {
			t.Errorf("after an addition to a key that was %s, fn ran %d times, want 2", key, runs)
		}
	}
	wantStored(t, e, sum("absent", 1), sum("copy of absent", 1), sum("copy of there", 6), sum("there", 5))
}

func addOnce(t *testing.T, e kv.Engine) {
	runs := 0
	update(t, e, func(tx kv.Txn) error {
		if _, err := get(tx, "key"); err != nil {
			return err
		}
		if runs++; runs < 4 {
			put(t, e, "key", strconv.Itoa(runs))
		}
		return tx.Add(b("sum"), 1)
	})
	wantStored(t, e, "key=3", sum("sum", 1))
}

func addMixed(t *testing.T, e kv.Engine) {
	add(t, e, "a", 1)
	for name, fn := range map[string]func(kv.Txn) error{
		"Set and Add":    func(tx kv.Txn) error { return errors.Join(tx.Set(b("a"), kv.EncodeSum(5)), tx.Add(b("a"), 1)) },
		"Add and Set":    func(tx kv.Txn) error { return errors.Join(tx.Add(b("a"), 1), tx.Set(b("a"), kv.EncodeSum(5))) },
		"Delete and Add": func(tx kv.Txn) error { return errors.Join(tx.Delete(b("a")), tx.Add(b("a"), 1)) },
	} {
		if err := e.Update(t.Context(), fn); err == nil {
			t.Errorf("%s of one key are no error", name)
		}
	}
	wantStored(t, e, sum("a", 1))
}

func addLong(t *testing.T, e kv.Engine) {
	err := e.Update(t.Context(), func(tx kv.Txn) error {
		return errors.Join(set(tx, "a", "1"), tx.Add(make([]byte, kv.MaxKey+1), 1))
	})
	if !errors.Is(err, kv.ErrTooLarge) {
		t.Errorf("Add to a long key: %v, want ErrTooLarge", err)
	}
	wantStored(t, e)
}

func addMany(t *testing.T, e kv.Engine) {
	const keys = 2 * kv.MaxWrites
	for range 2 {
		update(t, e, func(tx kv.Txn) error {
			for i := range 3 * keys {
				if err := tx.Add(strconv.AppendInt(nil, int64(i%keys), 10), int64(i%keys+1)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	view(t, e, func(r kv.Reader) error {
		n := 0
		for pair, err := range r.Scan(kv.Range{}) {
			if err != nil {
				return err
			}
			key, _ := strconv.Atoi(string(pair.Key))
			if total, err := kv.Sum(pair.Value); err != nil || total != int64(6*(key+1)) {
				t.Errorf("the sum of %d is %d, %v", key, total, err)
			}
			n++
		}
		if n != keys {
			t.Errorf("%d sums, want %d", n, keys)
		}
		return nil
	})
}
