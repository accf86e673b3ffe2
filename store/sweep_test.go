package store

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// laden inserts an asset that carries n attributes, and returns its id.
func (l *lab) laden(address string, n int) int {
	l.t.Helper()
	id := l.asset(Asset{IPAddress: address})
	l.change(func(tx *Tx) error {
		for attribute := range n {
			if err := AssetAttribute.Set(tx.Unaudited(), id, firstOwnID+attribute, 0); err != nil {
				return err
			}
		}
		return nil
	})
	return id
}

func (l *lab) sweep() {
	l.t.Helper()
	if err := Sweep(l.ctx, l.DB); err != nil {
		l.t.Fatalf("Sweep: %v", err)
	}
}

func TestASweepClearsAwayWhatADeletedRecordLeft(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]int{
		"nothing": 0, "less than a batch": 5, "exactly a batch": sweepWrites, "more than two batches": 2*sweepWrites + 1,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			id, other := l.laden("192.0.2.1", n), l.laden("192.0.2.2", 3)
			l.change(func(tx *Tx) error { return Assets.Delete(tx, id) })
			equal(t, "audits of the sweep", l.audits(l.sweep), []string{})
			if left := len(l.keys("aa>")); left != 3 {
				t.Errorf("%d links are left, want only the 3 of asset %d", left, other)
			}
			if jobs := l.keys("jo="); len(jobs) != 0 {
				t.Errorf("jobs are left: %q", jobs)
			}
		})
	}
}

func TestASweepGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	id := l.laden("192.0.2.1", 3*sweepWrites)
	l.change(func(tx *Tx) error { return Assets.Delete(tx, id) })
	job := view(l, func(tx *Tx) (*Job, error) { return nextJob(tx, string(sweepOfAsset)) })
	if done := update(l, func(tx *Tx) (bool, error) { return sweep{sweepOfAsset, clearAsset}.step(tx, job) }); done {
		t.Fatal("one batch is all of the sweep")
	}
	if left := len(l.keys("aa>")); left != 2*sweepWrites {
		t.Fatalf("%d links are left after a batch, want %d", left, 2*sweepWrites)
	}
	l.reopen()
	l.sweep()
	if left := l.keys("aa>"); len(left) != 0 {
		t.Errorf("%d links are left", len(left))
	}
}

func TestSweepsSideBySideDoTheWorkOnce(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, address := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"} {
		id := l.laden(address, sweepWrites+1)
		l.change(func(tx *Tx) error { return Assets.Delete(tx, id) })
	}
	if err := errors.Join(atOnce(4, func(int) error { return Sweep(l.ctx, l.DB) })...); err != nil {
		t.Error(err)
	}
	if left := append(l.keys("aa"), l.keys("jo=")...); len(left) != 0 {
		t.Errorf("%q are left", left)
	}
}

func TestASweepThatFailsIsPutOffAndHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	broken, sound := l.laden("192.0.2.1", 1), l.laden("192.0.2.2", 1)
	l.change(func(tx *Tx) error { return tx.w.Set(AssetAttribute.key(kindForth, K(broken, firstOwnID)), []byte("?")) })
	for _, id := range []int{broken, sound} {
		l.change(func(tx *Tx) error { return Assets.Delete(tx, id) })
	}
	failsFor := func(id int, err error) {
		t.Helper()
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "sweep asset 1: ") {
			t.Errorf("the sweep of asset %d ends with %v, want that the store is damaged", id, err)
		}
	}
	failsFor(broken, Sweep(l.ctx, l.DB))
	if left := l.keys("aa>"); len(left) != 1 {
		t.Errorf("%d links are left, want the damaged one", len(left))
	}
	l.sweep() // before the pause is over there is nothing to do
	l.clock.step(sweepPause + time.Second)
	failsFor(broken, Sweep(l.ctx, l.DB))
	l.change(func(tx *Tx) error { return tx.w.Set(AssetAttribute.key(kindForth, K(broken, firstOwnID)), K(0)) })
	l.clock.step(sweepPause + time.Second)
	l.sweep()
	if left := l.keys("aa"); len(left) != 0 {
		t.Errorf("%q are left", left)
	}
}

func TestASweepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	ctx, cancel := context.WithCancel(l.ctx)
	cancel()
	if err := Sweep(ctx, l.DB); !errors.Is(err, context.Canceled) {
		t.Errorf("Sweep: %v", err)
	}
}
