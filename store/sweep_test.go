package store

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/kv/badgerkv"
	"github.com/musterhq/muster/store/record"
)

// laden inserts an asset that carries n attributes, and returns its id.
func (l *fixture) laden(address string, n int) int {
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

func (l *fixture) sweep() {
	l.t.Helper()
	if err := l.DB.Sweep(l.ctx); err != nil {
		l.t.Fatalf("Sweep: %v", err)
	}
}

// mortal is an engine that commits so many transactions and then no more, as if the process were killed. It
// remembers the most keys that one of them wrote.
type mortal struct {
	kv.Engine
	lives, most int
}

var errKilled = errors.New("killed")

func (m *mortal) Update(ctx context.Context, fn func(kv.Txn) error) error {
	if m.lives--; m.lives < 0 {
		return errKilled
	}
	return m.Engine.Update(ctx, func(tx kv.Txn) error {
		n := 0
		defer func() { m.most = max(m.most, n) }()
		return fn(counted{tx, &n})
	})
}

// counted is a transaction that counts the keys that it writes.
type counted struct {
	kv.Txn
	n *int
}

func (c counted) Set(key, value []byte) error { *c.n++; return c.Txn.Set(key, value) }
func (c counted) Delete(key []byte) error     { *c.n++; return c.Txn.Delete(key) }

func TestASweepClearsAwayWhatADeletedRecordLeft(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]int{
		"nothing": 0, "less than a transaction": 5, "exactly a transaction": record.SweepWrites, "two and a bit": 2*record.SweepWrites + 1, "more than a batch": record.SweepLook + 1,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixtureIn(t, badgerkv.Options{InMemory: true}) // which takes large transactions
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
	l := newFixture(t)
	id := l.laden("192.0.2.1", 3*record.SweepWrites)
	l.change(func(tx *Tx) error { return Assets.Delete(tx, id) })
	l.under.Engine = &mortal{Engine: l.under.Engine, lives: 2} // a lease of ids among them
	if err := l.DB.Sweep(l.ctx); !errors.Is(err, errKilled) {
		t.Errorf("Sweep: %v", err)
	}
	if left := len(l.keys("aa>")); left != 2*record.SweepWrites {
		t.Fatalf("%d links are left after a transaction, want %d", left, 2*record.SweepWrites)
	}
	l.reopen()
	l.sweep()
	if left := append(l.keys("aa"), l.keys("jo=")...); len(left) != 0 {
		t.Errorf("%q are left", left)
	}
}

func TestSweepsSideBySideDoTheWorkOnce(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for _, address := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"} {
		id := l.laden(address, record.SweepWrites+1)
		l.change(func(tx *Tx) error { return Assets.Delete(tx, id) })
	}
	if err := errors.Join(atOnce(4, func(int) error { return l.DB.Sweep(l.ctx) })...); err != nil {
		t.Error(err)
	}
	if left := append(l.keys("aa"), l.keys("jo=")...); len(left) != 0 {
		t.Errorf("%q are left", left)
	}
}

func TestASweepThatFailsIsPutOffAndHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	broken, sound := l.laden("192.0.2.1", 1), l.laden("192.0.2.2", 1)
	for _, id := range []int{broken, sound} {
		l.change(func(tx *Tx) error { return Assets.Delete(tx, id) })
	}
	link := AssetAttribute.Key(record.KindForth, K(broken, firstOwnID))
	l.change(func(tx *Tx) error { return tx.Writer.Set(link, []byte("?")) })
	fails := func() {
		t.Helper()
		if err := l.DB.Sweep(l.ctx); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "sweep asset 1: ") {
			t.Errorf("the sweep ends with %v, want that the store is damaged", err)
		}
	}
	fails()
	if left := l.keys("aa>"); len(left) != 1 {
		t.Errorf("%d links are left, want the damaged one", len(left))
	}
	l.sweep() // before the pause is over there is nothing to do
	l.clock.step(record.SweepPause + time.Second)
	fails()
	l.change(func(tx *Tx) error { return tx.Writer.Set(link, K(0)) })
	l.clock.step(record.SweepPause + time.Second)
	l.sweep()
	if left := l.keys("aa"); len(left) != 0 {
		t.Errorf("%q are left", left)
	}
}

// What cannot be removed would be found again and again.
func TestASweepEndsInADamagedStore(t *testing.T) {
	t.Parallel()
	for name, half := range map[string][]byte{
		"half a link":                AssetAttribute.Key(record.KindForth, K(7, firstOwnID)),
		"a record without a pointer": Attributes.Key(record.KindPointer, K(firstOwnID+1)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			parent := l.attribute(l.attributeType("Place"), 0, "Europe")
			child := l.attribute(firstOwnID, parent, "France")
			l.change(func(tx *Tx) error { return AssetAttribute.Set(tx, 7, parent, 0) })
			l.change(func(tx *Tx) error { return Attributes.Delete(tx, parent) })
			whole := view(l, func(tx *Tx) ([]byte, error) { return tx.Get(half) })
			l.change(func(tx *Tx) error { return tx.Writer.Delete(half) })
			if err := l.DB.Sweep(l.ctx); !errors.Is(err, ErrDamaged) {
				t.Errorf("the sweep ends with %v, want that the store is damaged", err)
			}
			l.change(func(tx *Tx) error { return tx.Writer.Set(half, whole) })
			l.clock.step(record.SweepPause + time.Second)
			l.sweep()
			l.refused(ErrNotFound, func(tx *Tx) error { return Attributes.Delete(tx, child) })
		})
	}
}

func TestASweepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	ctx, cancel := context.WithCancel(l.ctx)
	cancel()
	if err := l.DB.Sweep(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Sweep: %v", err)
	}
}
