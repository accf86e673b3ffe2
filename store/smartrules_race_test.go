package store

import (
	"cmp"
	"testing"

	"github.com/musterhq/muster/store/record"
)

// meanwhile runs fn in a transaction and, at its first try, something else between its reads and its commit.
func (l *fixture) meanwhile(fn func(tx *Tx) error, other func()) {
	l.t.Helper()
	tries := 0
	l.change(func(tx *Tx) error {
		err := fn(tx)
		if tries++; tries == 1 {
			other()
		}
		return err
	})
}

// refresh looks at all marked assets in one transaction.
func refresh(tx *Tx) error {
	_, err := refreshSome(tx.Unaudited(), 0, noAsset-1)
	return err
}

func TestAMarkMadeDuringARefreshIsNotLost(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	at := l.attributes(2)
	a := l.asset(Asset{IPAddress: "192.0.2.1"})
	first, second := l.rule("First", at[0]), l.rule("Second", at[1])
	l.settle()
	l.carry(a, at[0])
	l.meanwhile(refresh, func() { l.carry(a, at[1]) })
	l.settle()
	l.mustHave(first, a)
	l.mustHave(second, a)
}

func TestARefreshWritesNothingBehindTheSweepOfARule(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	at := l.attributes(1)
	a := l.asset(Asset{IPAddress: "192.0.2.1"})
	rule := l.rule("Rule", at...)
	l.settle()
	l.carry(a, at...)
	l.meanwhile(refresh, func() {
		l.change(func(tx *Tx) error { r, err := SmartRules.Get(tx, rule); return cmp.Or(err, DeleteSmartRule(tx, r)) })
		l.sweep()
	})
	if keys := append(l.keys("ra"), l.keys("rt")...); len(keys) != 0 {
		t.Errorf("%q are left of the rule", keys)
	}
}

func TestARefreshWritesNothingBehindTheSweepOfAnAsset(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	at := l.attributes(1)
	a := l.asset(Asset{IPAddress: "192.0.2.1"})
	l.rule("Rule", at...)
	l.settle()
	l.carry(a, at...)
	l.meanwhile(refresh, func() {
		l.change(func(tx *Tx) error { return Assets.Delete(tx, a) })
		l.sweep()
	})
	if keys := l.keys("ra"); len(keys) != 0 {
		t.Errorf("%q are left of the asset", keys)
	}
}

func TestAnAssetThatMovesWhileARuleTakesItInLiesWhereItWent(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	at := l.attributes(1)
	a, other := l.asset(Asset{IPAddress: "192.0.2.1"}), l.workgroup("Other", "")
	l.carry(a, at...)
	l.settle()
	rule := l.rule("Rule", at...)
	l.meanwhile(func(tx *Tx) error {
		asset, err := Assets.Get(tx, a)
		if err != nil {
			return err
		}
		asset.WorkgroupID = other
		return Assets.Put(tx, asset)
	}, func() {
		if _, err := l.process(rule); err != nil {
			t.Errorf("process: %v", err)
		}
	})
	l.settle()
	l.mustHave(rule, a)
	if workgroup := view(l, func(tx *Tx) (int, error) { w, _, err := RuleAsset.Get(tx, rule, a); return w, err }); workgroup != other {
		t.Errorf("the rule knows it in Workgroup %d", workgroup)
	}
}

func TestProcessingLooksAgainAtWhatChangedSinceItBegan(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	at := l.attributes(1)
	gone, stays, comes := l.asset(Asset{IPAddress: "192.0.2.1"}), l.asset(Asset{IPAddress: "192.0.2.2"}), l.asset(Asset{IPAddress: "192.0.2.3"})
	l.carry(gone, at...)
	l.carry(stays, at...)
	rule := l.rule("Rule", at...)
	l.change(func(tx *Tx) error { r, err := SmartRules.Get(tx, rule); return cmp.Or(err, ClaimRule(tx, r)) })
	differing := l.differing(rule)
	l.change(func(tx *Tx) error { _, err := AssetAttribute.Cut(tx, gone, at[0]); return err })
	l.carry(comes, at...)
	if err := RefreshRules(l.ctx, l.DB); err != nil {
		t.Fatal(err)
	}
	l.settleSome(rule, differing)
	l.mustHave(rule, stays, comes)
}

// A rule is made while an attribute is given: whoever commits last has to see the other.
func TestARuleMadeWhileAnAttributeIsGivenHasTheAsset(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	at := l.attributes(1)
	a := l.asset(Asset{IPAddress: "192.0.2.1"})
	var rule int
	l.meanwhile(func(tx *Tx) error { return AssetAttribute.Set(tx, a, at[0], 0) }, func() {
		rule = l.rule("Rule", at...)
		l.settle()
		l.mustHave(rule)
	})
	l.settle()
	l.mustHave(rule, a)
}

func TestARuleLosesTheMembersThatADeletedAttributeGaveIt(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	at := l.attributes(2)
	a, b := l.asset(Asset{IPAddress: "192.0.2.1"}), l.asset(Asset{IPAddress: "192.0.2.2"})
	l.carry(a, at[0])
	l.carry(b, at[1])
	both, one := l.rule("Both", at...), l.rule("One", at[0])
	l.settle()
	l.mustHave(both, a, b)
	l.change(func(tx *Tx) error { return Attributes.Delete(tx, at[0]) })
	l.settle()
	l.mustHave(both, b)
	l.mustHave(one)
	if keys := l.keys(string(RuleAttribute.Key(record.KindForth, K(one)))); len(keys) != 0 {
		t.Errorf("its criteria still have %q", keys)
	}
	if _, err := l.process(one); err != nil {
		t.Errorf("a rule without attributes cannot be processed: %v", err)
	}
	l.mustHave(one)
}
