package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/musterhq/muster/store/record"
)

// many inserts n assets that carry an attribute, without audit rows, and returns their ids.
func (l *fixture) many(n, attribute int) []int {
	l.t.Helper()
	all := make([]int, 0, n)
	for len(all) < n {
		all = append(all, update(l, func(tx *Tx) (some []int, err error) {
			tx = tx.Unaudited()
			for i := range min(500, n-len(all)) {
				k := uint32(len(all) + i)
				a := &Asset{WorkgroupID: firstWorkgroupID, IPAddress: netip.AddrFrom4([4]byte{10, byte(k >> 16), byte(k >> 8), byte(k)}).String()}
				if err := errors.Join(Assets.Insert(tx, a), AssetAttribute.Set(tx, a.AssetID, attribute, 0)); err != nil {
					return nil, err
				}
				some = append(some, a.AssetID)
			}
			return some, nil
		})...)
	}
	return all
}

func TestALargeRule(t *testing.T) {
	t.Parallel()
	n := 100_000
	if underRaceDetector() {
		n /= 10
	}
	liveALargeRule(t, newFixture(t), n, t.Logf)
}

// liveALargeRule makes, processes, refreshes, reads and deletes a rule of many members. While it dies, readers see all of
// them or nothing.
func liveALargeRule(t tb, l *fixture, size int, log func(string, ...any)) {
	at := l.attributes(1)
	assets := l.many(size, at[0])
	timed := func(what string, fn func() error) {
		t.Helper()
		began := time.Now()
		if err := fn(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		log("%s: %v", what, time.Since(began).Round(time.Millisecond))
	}
	process := func() error { _, err := l.process(rule(l, at)); return err }
	timed("look at all assets, of which no rule selects any", func() error { return RefreshRules(l.ctx, l.DB) })
	timed("process", process)
	timed("process again", process)
	timed("change one and refresh", func() error {
		l.change(func(tx *Tx) error { _, err := AssetAttribute.Cut(tx, assets[0], at[0]); return err })
		return RefreshRules(l.ctx, l.DB)
	})
	id := rule(l, at)
	timed("count and read the last page", func() error {
		if ids, total := l.page(id, size-2, 10); total != size-1 || len(ids) != 1 || ids[0] != assets[size-1] {
			t.Errorf("%d of %d", ids, total)
		}
		return nil
	})
	var readers sync.WaitGroup
	ctx, stop := context.WithCancel(l.ctx)
	readers.Go(func() {
		for ctx.Err() == nil {
			if _, total := l.page(id, 0, 1); total != size-1 && total != 0 {
				t.Errorf("a reader counts %d members", total)
			}
		}
	})
	timed("delete", func() error {
		return Change(l.ctx, l.DB, System("test"), func(tx *Tx) error {
			r, err := SmartRules.Get(tx, id)
			return cmp.Or(err, DeleteSmartRule(tx, r))
		})
	})
	timed("sweep", func() error { return l.DB.Sweep(l.ctx) })
	stop()
	readers.Wait()
	if keys := l.keys("ra"); len(keys) != 0 {
		t.Errorf("%d keys of members are left", len(keys))
	}
}

// rule finds or inserts the rule of a test that has one.
func rule(l *fixture, attributeIDs []int) int {
	l.t.Helper()
	found := view(l, func(tx *Tx) (int, error) {
		r, err := SmartRuleByTitle(tx, "Rule")
		if err != nil {
			return 0, record.Ignore(ErrNotFound, err)
		}
		return r.SmartRuleID, nil
	})
	if found == 0 {
		found = l.rule("Rule", attributeIDs...)
	}
	return found
}

// page reads a page of the members of a rule as the API does, 0 of 0 for a rule that is gone.
func (l *fixture) page(rule, offset, limit int) (ids []int, total int) {
	_, err := View(context.WithoutCancel(l.ctx), l.DB, System("test"), func(tx *Tx) (struct{}, error) {
		r, err := SmartRuleByID(tx, rule)
		if err != nil {
			return struct{}{}, record.Ignore(ErrNotFound, err)
		}
		list, err := AssetsOfRule(tx, r)
		if err != nil {
			return struct{}{}, err
		}
		if total, err = list.Count(tx); err != nil {
			return struct{}{}, err
		}
		for row, err := range list.Rows(tx, offset, limit) {
			if err != nil {
				return struct{}{}, err
			}
			a, err := Assets.Decode(row)
			if err != nil {
				return struct{}{}, err
			}
			ids = append(ids, a.AssetID)
		}
		return struct{}{}, nil
	})
	if err != nil {
		l.t.Errorf("read a page: %v", err)
	}
	return ids, total
}

// TestMembersSurviveEverythingAtOnce lets several people change attributes, assets and rules while the background works,
// and compares with brute force when all have gone home.
func TestMembersSurviveEverythingAtOnce(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	at := l.attributes(3)
	workgroups := []int{firstWorkgroupID, l.workgroup("Other", "")}
	l.many(meddled, at[0])
	ctx, stop := context.WithCancel(l.ctx)
	var background sync.WaitGroup
	background.Go(func() { KeepRules(ctx, l.DB) })
	background.Go(func() {
		for ctx.Err() == nil {
			if err := l.DB.Sweep(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("Sweep: %v", err)
			}
		}
	})
	if err := errors.Join(atOnce(6, func(person int) error { return l.meddle(person, at, workgroups) })...); err != nil {
		t.Error(err)
	}
	stop()
	background.Wait()
	l.settle()
	l.mustBeBruteForce()
}

// meddled is how many assets people meddle with.
const meddled = 100

// meddle makes changes at random, of few things, so that people get in each other's way.
func (l *fixture) meddle(person int, attributes, workgroups []int) error {
	dice := rand.New(rand.NewPCG(1, uint64(person)))
	for step := range 150 {
		asset, attribute, rule := 1+dice.IntN(meddled), attributes[dice.IntN(len(attributes))], 4+dice.IntN(12)
		err := Change(l.ctx, l.DB, System("test"), func(tx *Tx) error {
			switch dice.IntN(9) {
			case 0, 1:
				return Assets.Insert(tx, &Asset{WorkgroupID: firstWorkgroupID, IPAddress: fmt.Sprintf("10.0.%d.%d", person, step), AssetName: fmt.Sprintf("%d-%d", person, step)})
			case 2:
				return Assets.Delete(tx, asset/2)
			case 3:
				a, err := Assets.Get(tx, asset)
				if err != nil {
					return err
				}
				a.WorkgroupID = workgroups[dice.IntN(len(workgroups))]
				return Assets.Put(tx, a)
			case 4, 5:
				if has, err := Assets.Has(tx, asset); err != nil || !has {
					return err
				}
				return AssetAttribute.Set(tx, asset, attribute, 0)
			case 6:
				_, err := AssetAttribute.Cut(tx, asset, attribute)
				return err
			case 7:
				return InsertAttributeRule(tx, &SmartRule{Title: fmt.Sprintf("%d-%d", person, step), Category: "Test", Status: RuleQueued}, []int{attribute})
			}
			r, err := SmartRules.Get(tx, rule)
			if err != nil {
				return err
			}
			if dice.IntN(3) > 0 {
				return record.Ignore(ErrBusy, QueueRule(tx, r))
			}
			return DeleteSmartRule(tx, r)
		})
		if err := record.Ignore(ErrNotFound, record.Ignore(ErrExists, err)); err != nil {
			return fmt.Errorf("person %d, step %d: %w", person, step, err)
		}
	}
	return nil
}

// mustBeBruteForce compares the members of every rule for attributes with a walk over all assets.
func (l *fixture) mustBeBruteForce() {
	l.t.Helper()
	rules := view(l, func(tx *Tx) ([]*SmartRule, error) { return record.Collect(SmartRules.All(tx)) })
	compared := 0
	for _, r := range rules {
		if r.IsReadOnly {
			continue
		}
		want := view(l, func(tx *Tx) (want []int, err error) {
			read, err := linkedIDs(nil, RuleAttribute.From(tx, r.SmartRuleID))
			if err != nil {
				return nil, err
			}
			for a, err := range Assets.All(tx) {
				if err != nil {
					return nil, err
				}
				carried, err := linkedIDs(nil, AssetAttribute.From(tx, a.AssetID))
				if err != nil {
					return nil, err
				}
				if slices.ContainsFunc(read, func(id int) bool { return slices.Contains(carried, id) }) {
					want = append(want, a.AssetID)
				}
			}
			slices.Sort(want)
			return want, nil
		})
		l.mustHave(r.SmartRuleID, want...)
		compared += len(want)
		if r.Status != RuleIdle {
			l.t.Errorf("rule %d has the status %d", r.SmartRuleID, r.Status)
		}
	}
	if len(rules) < 10 || compared < 10 {
		l.t.Errorf("%d rules with %d members in all prove nothing", len(rules), compared)
	}
}

// TestTheBackgroundNeedsNobodyToAsk changes an attribute and waits for the members to follow.
func TestTheBackgroundNeedsNobodyToAsk(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	at := l.attributes(1)
	a := l.asset(Asset{IPAddress: "192.0.2.1"})
	ctx, stop := context.WithCancel(l.ctx)
	done := make(chan struct{})
	go func() { KeepRules(ctx, l.DB); close(done) }()
	defer func() { stop(); <-done }()
	rule := l.rule("Rule", at...)
	l.carry(a, at...)
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		if _, total := l.page(rule, 0, 1); total == 1 {
			break
		}
		if time.Since(began) > time.Second {
			t.Fatal("nothing has happened for a second")
		}
	}
}
