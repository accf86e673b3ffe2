package kvtest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

var conflicts = []sentence{
	{"over a key read as present makes fn run again on a newer snapshot", rerunAfter("old", "new")},
	{"over a key read as absent makes fn run again on a newer snapshot", rerunAfter(absent, "new")},
	{"over a key deleted since makes fn run again on a newer snapshot", rerunAfter("old", absent)},
	{"loses what the earlier run wrote", rerunForgets},
	{"lets one of eight creators of an absent key win", eightCreators},
	{"prevents write skew", writeSkew},
	{"ends after ten tries with ErrBusy", tenTries},
	{"does not lose money", transfers},
}

// rerunAfter lets another transaction change a key between the read and the commit of an Update.
func rerunAfter(before, after string) func(*testing.T, kv.Engine) {
	return func(t *testing.T, e kv.Engine) {
		put(t, e, "other", "x")
		if before != absent {
			put(t, e, "key", before)
		}
		var seen []string
		update(t, e, func(tx kv.Txn) error {
			// One Get of several keys protects each of them.
			values, err := tx.Get(b("other"), b("key"))
			if err != nil {
				return err
			}
			read := absent
			if values[1] != nil {
				read = string(values[1])
			}
			seen = append(seen, read)
			if len(seen) == 1 {
				change(t, e, "key", after)
			}
			return set(tx, "copy", read)
		})
		if want := []string{before, after}; fmt.Sprint(seen) != fmt.Sprint(want) {
			t.Errorf("the runs of fn read %q, want %q", seen, want)
		}
		if got := stored(t, e, "copy"); got != after {
			t.Errorf("committed %q, want %q of the last run", got, after)
		}
	}
}

// change sets a key, or deletes it to be absent, in a transaction of its own.
func change(t *testing.T, e kv.Engine, key, value string) {
	t.Helper()
	update(t, e, func(tx kv.Txn) error {
		if value == absent {
			return tx.Delete(b(key))
		}
		return set(tx, key, value)
	})
}

func rerunForgets(t *testing.T, e kv.Engine) {
	runs := 0
	update(t, e, func(tx kv.Txn) error {
		if err := wantScan(t, tx, kv.Prefix(b("run"))); err != nil {
			return err
		}
		if _, err := get(tx, "key"); err != nil {
			return err
		}
		if runs++; runs == 1 {
			put(t, e, "key", "new")
		}
		return set(tx, "run"+strconv.Itoa(runs), "")
	})
	wantStored(t, e, "key=new", "run2=")
}

func eightCreators(t *testing.T, e kv.Engine) {
	for round := range 20 {
		key := "key" + strconv.Itoa(round)
		var won atomic.Int32
		var start, done sync.WaitGroup
		start.Add(1)
		for range 8 {
			done.Go(func() {
				start.Wait()
				created := false
				err := e.Update(t.Context(), func(tx kv.Txn) error {
					value, err := get(tx, key)
					if created = err == nil && value == absent; !created {
						return err
					}
					return set(tx, key, "1")
				})
				if err != nil {
					t.Errorf("Update: %v", err)
				} else if created {
					won.Add(1)
				}
			})
		}
		start.Done()
		done.Wait()
		if won.Load() != 1 {
			t.Fatalf("round %d: %d of 8 created the key", round, won.Load())
		}
	}
}

// writeSkew has two doctors sign off, each because the other is on call.
func writeSkew(t *testing.T, e kv.Engine) {
	put(t, e, "ann", "on", "bob", "on")
	signOff := func(who, other string, meanwhile func()) {
		update(t, e, func(tx kv.Txn) error {
			state, err := get(tx, other)
			if err != nil || state == "off" {
				return err
			}
			meanwhile()
			return set(tx, who, "off")
		})
	}
	signOff("ann", "bob", func() { signOff("bob", "ann", func() {}) })
	wantStored(t, e, "ann=on", "bob=off")
}

func tenTries(t *testing.T, e kv.Engine) {
	runs := 0
	err := e.Update(t.Context(), func(tx kv.Txn) error {
		if _, err := get(tx, "key"); err != nil {
			return err
		}
		runs++
		put(t, e, "key", strconv.Itoa(runs))
		return set(tx, "loser", "1")
	})
	if !errors.Is(err, kv.ErrBusy) {
		t.Errorf("Update returned %v, want ErrBusy", err)
	}
	if runs != 10 {
		t.Errorf("fn ran %d times, want 10", runs)
	}
	wantStored(t, e, "key=10")
}

// transfers move money between few accounts at once while their sum is looked at.
func transfers(t *testing.T, e kv.Engine) {
	const accounts, each, clerks, moves = 6, 100, 4, 20
	account := func(i int) string { return "account" + strconv.Itoa(i%accounts) }
	for i := range accounts {
		put(t, e, account(i), strconv.Itoa(each))
	}
	var done sync.WaitGroup
	for clerk := range clerks {
		done.Go(func() {
			for i := range moves {
				from, to := account(clerk+i), account(clerk+i+1+i%(accounts-1))
				if err := transfer(t, e, from, to); err != nil {
					t.Errorf("transfer: %v", err)
				}
				if sum, err := total(t, e); err != nil || sum != accounts*each {
					t.Errorf("the accounts hold %d (%v), want %d", sum, err, accounts*each)
				}
			}
		})
	}
	done.Wait()
	wantTotal := accounts * each
	if sum, err := total(t, e); err != nil || sum != wantTotal {
		t.Errorf("in the end the accounts hold %d (%v), want %d", sum, err, wantTotal)
	}
}

// transfer moves 1, however often it takes.
func transfer(t *testing.T, e kv.Engine, from, to string) error {
	for {
		err := e.Update(t.Context(), func(tx kv.Txn) error {
			values, err := tx.Get(b(from), b(to))
			if err != nil {
				return err
			}
			x, err := strconv.Atoi(string(values[0]))
			if err != nil {
				return err
			}
			y, err := strconv.Atoi(string(values[1]))
			if err != nil {
				return err
			}
			return set(tx, from, strconv.Itoa(x-1), to, strconv.Itoa(y+1))
		})
		if !errors.Is(err, kv.ErrBusy) {
			return err
		}
	}
}

func total(t *testing.T, e kv.Engine) (sum int, err error) {
	err = e.View(t.Context(), func(r kv.Reader) error {
		for pair, err := range r.Scan(kv.Prefix(b("account"))) {
			if err != nil {
				return err
			}
			balance, err := strconv.Atoi(string(pair.Value))
			if err != nil {
				return err
			}
			sum += balance
		}
		return nil
	})
	return sum, err
}
