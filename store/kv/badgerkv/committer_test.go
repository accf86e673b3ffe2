package badgerkv

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

// waiting makes a transaction that has run and waits for its commit.
func waiting(t *testing.T, e *Engine, ctx context.Context, fn func(kv.Txn) error) *request {
	t.Helper()
	snapshot := e.pin(&e.updates)
	tx := newTxn(ctx, e, snapshot)
	t.Cleanup(func() {
		tx.end()
		e.release(&e.updates, snapshot)
	})
	if err := fn(tx); err != nil {
		t.Fatal(err)
	}
	tx.retire()
	return &request{txn: tx, done: make(chan result, 1)}
}

func writing(pairs ...string) func(kv.Txn) error {
	return func(tx kv.Txn) error {
		for pair := range slices.Chunk(pairs, 2) {
			if err := tx.Set([]byte(pair[0]), []byte(pair[1])); err != nil {
				return err
			}
		}
		return nil
	}
}

func adding(key string, by int64) func(kv.Txn) error {
	return func(tx kv.Txn) error { return tx.Add([]byte(key), by) }
}

func also(first, then func(kv.Txn) error) func(kv.Txn) error {
	return func(tx kv.Txn) error { return errors.Join(first(tx), then(tx)) }
}

func reading(key string, then func(kv.Txn) error) func(kv.Txn) error {
	return func(tx kv.Txn) error {
		if _, err := tx.Get([]byte(key)); err != nil {
			return err
		}
		return then(tx)
	}
}

func scanning(rg kv.Range, then func(kv.Txn) error) func(kv.Txn) error {
	return func(tx kv.Txn) error {
		for _, err := range tx.Scan(rg) {
			if err != nil {
				return err
			}
		}
		return then(tx)
	}
}

// TestGroup settles groups whose members are known, and looks at what each is told.
func TestGroup(t *testing.T) {
	t.Parallel()
	over, end := context.WithCancel(t.Context())
	defer end()
	for name, c := range map[string]struct {
		between func(kv.Txn) error // committed after the members have run
		members []func(kv.Txn) error
		ended   int // the member whose context has ended, from 1
		told    []string
		left    []string
	}{
		"members that have nothing to do with each other": {
			members: []func(kv.Txn) error{writing("a", "1"), writing("b", "1"), reading("x", writing("c", "1"))},
			told:    []string{"committed", "committed", "committed"},
			left:    []string{"a=1", "b=1", "c=1"},
		},
		"a later write of the same key": {
			members: []func(kv.Txn) error{writing("a", "1"), writing("a", "2")},
			told:    []string{"committed", "committed"},
			left:    []string{"a=2"},
		},
		"a read of what an earlier member writes": {
			members: []func(kv.Txn) error{writing("a", "1"), reading("a", writing("b", "1"))},
			told:    []string{"committed", "conflict"},
			left:    []string{"a=1"},
		},
		"a read of what a later member writes": {
			members: []func(kv.Txn) error{reading("a", writing("b", "1")), writing("a", "1")},
			told:    []string{"committed", "committed"},
			left:    []string{"a=1", "b=1"},
		},
		"write skew": {
			members: []func(kv.Txn) error{reading("a", writing("b", "1")), reading("b", writing("a", "1"))},
			told:    []string{"committed", "conflict"},
			left:    []string{"b=1"},
		},
		"a read of what was committed since": {
			between: writing("a", "1"),
			members: []func(kv.Txn) error{reading("a", writing("b", "1")), writing("c", "1")},
			told:    []string{"conflict", "committed"},
			left:    []string{"a=1", "c=1"},
		},
		"a scan over what was committed since": {
			between: writing("old", "2"),
			members: []func(kv.Txn) error{scanning(kv.Prefix([]byte("o")), writing("b", "1"))},
			told:    []string{"conflict"},
			left:    []string{"old=2"},
		},
		"additions to the same key": {
			members: []func(kv.Txn) error{adding("a", 1), adding("a", 2), adding("a", -5), adding("b", 1), adding("b", -1)},
			told:    []string{"committed", "committed", "committed", "committed", "committed"},
			left:    []string{"a=" + string(kv.EncodeSum(-2))},
		},
		"additions after what others have added, in snapshots from before": {
			between: adding("a", 5),
			members: []func(kv.Txn) error{adding("a", 1), adding("a", 1)},
			told:    []string{"committed", "committed"},
			left:    []string{"a=" + string(kv.EncodeSum(7))},
		},
		"a read of what an earlier member adds to": {
			members: []func(kv.Txn) error{adding("a", 1), reading("a", writing("b", "1"))},
			told:    []string{"committed", "conflict"},
			left:    []string{"a=" + string(kv.EncodeSum(1))},
		},
		"additions before and after a write of the key": {
			members: []func(kv.Txn) error{adding("a", 1), writing("a", string(kv.EncodeSum(10))), adding("a", 2)},
			told:    []string{"committed", "committed", "committed"},
			left:    []string{"a=" + string(kv.EncodeSum(12))},
		},
		"an addition after a deletion of the key": {
			between: adding("a", 5),
			members: []func(kv.Txn) error{func(tx kv.Txn) error { return tx.Delete([]byte("a")) }, adding("a", 2)},
			told:    []string{"committed", "committed"},
			left:    []string{"a=" + string(kv.EncodeSum(2))},
		},
		"an addition to what is no sum": {
			members: []func(kv.Txn) error{writing("a", ""), also(writing("b", "1"), adding("a", 1)), also(writing("c", "1"), adding("d", 1))},
			told:    []string{"committed", "0 bytes are no sum", "committed"},
			left:    []string{"a=", "c=1", "d=" + string(kv.EncodeSum(1))},
		},
		"a first member that adds to what is no sum": {
			between: writing("a", "many"),
			members: []func(kv.Txn) error{also(writing("b", "1"), adding("a", 1)), adding("c", 1)},
			told:    []string{"4 bytes are no sum", "committed"},
			left:    []string{"a=many", "c=" + string(kv.EncodeSum(1))},
		},
		"a member that nobody waits for": {
			members: []func(kv.Txn) error{writing("a", "1"), writing("b", "1")},
			ended:   1,
			told:    []string{context.Canceled.Error(), "committed"},
			left:    []string{"b=1"},
		},
	} {
		e := open(t, Options{InMemory: true})
		if slices.ContainsFunc(c.left, func(pair string) bool { return pair == "old=2" }) {
			set(t, e, "old", "1")
		}
		var group []*request
		for i, fn := range c.members {
			ctx := t.Context()
			if i+1 == c.ended {
				ctx = over
			}
			group = append(group, waiting(t, e, ctx, fn))
		}
		if c.between != nil {
			if err := e.Update(t.Context(), c.between); err != nil {
				t.Fatal(err)
			}
		}
		if c.ended > 0 {
			end()
		}
		before := e.last
		e.commits.settle(slices.Clone(group))
		if e.last > before+1 {
			t.Errorf("%s: %d commits, want one for all", name, e.last-before)
		}
		for i, m := range group {
			got := "committed"
			if v := <-m.done; v.conflict {
				got = "conflict"
			} else if v.err != nil {
				got = v.err.Error()
			}
			if got != c.told[i] {
				t.Errorf("%s: member %d is told %q, want %q", name, i+1, got, c.told[i])
			}
		}
		if got := scan(t, e, kv.Range{}); !slices.Equal(got, c.left) {
			t.Errorf("%s: left %q, want %q", name, got, c.left)
		}
	}
}

// TestGroupFits puts small and large transactions in the queue.
func TestGroupFits(t *testing.T) {
	t.Parallel()
	e := open(t, Options{InMemory: true})
	half := string(make([]byte, groupBytes/2))
	three := []string{"l1", half, "l2", half, "l3", half}
	c := committer{engine: e}
	for _, fn := range []func(kv.Txn) error{
		writing("a", "1"), writing("b", "1"), writing(three...), writing("c", "1"), writing("d", half[:200_000]), writing("e", half),
	} {
		c.waiting = append(c.waiting, waiting(t, e, t.Context(), fn))
	}
	var sizes []int
	for len(c.waiting) > 0 {
		sizes = append(sizes, len(c.take()))
	}
	if want := []int{2, 1, 3}; !slices.Equal(sizes, want) {
		t.Errorf("groups of %v, want %v", sizes, want)
	}
}

// TestCommitsAreShared has many writers wait for one disk.
func TestCommitsAreShared(t *testing.T) {
	t.Parallel()
	e := open(t, Options{Dir: t.TempDir(), Key: masterKey})
	const writers, each = 16, 20
	before := e.last
	var done sync.WaitGroup
	for w := range writers {
		done.Go(func() {
			for i := range each {
				if err := e.Update(t.Context(), writing(fmt.Sprintf("%02d-%02d", w, i), "1")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done.Wait()
	if n := len(scan(t, e, kv.Range{})); n != writers*each {
		t.Errorf("%d pairs are stored, want %d", n, writers*each)
	}
	if commits := e.last - before; commits > writers*each*3/4 {
		t.Errorf("%d commits for %d writes by %d writers at once", commits, writers*each, writers)
	}
	if len(e.updates) > 0 || len(e.views) > 0 {
		t.Errorf("snapshots are held for nobody: %v, %v", e.updates, e.views)
	}
	set(t, e, "last", "1")
	if len(e.commits.conflicts.commits) > 1 {
		t.Errorf("the ledger remembers %d commits that nobody can ask for", len(e.commits.conflicts.commits))
	}
}

// TestNothingAfterFailure has a commit fail, as far as the engine can tell.
func TestNothingAfterFailure(t *testing.T) {
	t.Parallel()
	e, err := Open(Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	set(t, e, "a", "1")
	cause := errors.New("of the disk")
	_ = e.fail(cause)
	err = e.Update(t.Context(), writing("b", "1"))
	if !errors.Is(err, ErrFailed) || !errors.Is(err, cause) {
		t.Errorf("Update after a failure returned %v, want ErrFailed with its cause", err)
	}
	if got := scan(t, e, kv.Range{}); !slices.Equal(got, []string{"a=1"}) {
		t.Errorf("after a failure the store holds %q", got)
	}
	closeNow(t, e)
}
