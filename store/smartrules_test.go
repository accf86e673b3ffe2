package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/store/record"
)

// attributes inserts n attributes of one new attribute type and returns their ids.
func (l *fixture) attributes(n int) (ids []int) {
	l.t.Helper()
	l.change(func(tx *Tx) error {
		ids = nil
		kind := &AttributeType{Name: fmt.Sprintf("Type of %d", n)}
		if err := AttributeTypes.Insert(tx, kind); err != nil {
			return err
		}
		for i := range n {
			a := &Attribute{AttributeTypeID: kind.AttributeTypeID, ShortName: fmt.Sprintf("Attribute %d", i)}
			if err := Attributes.Insert(tx, a); err != nil {
				return err
			}
			ids = append(ids, a.AttributeID)
		}
		return nil
	})
	return ids
}

// rule inserts a Smart Rule for attributes, which waits for its processing, and returns its id.
func (l *fixture) rule(title string, attributeIDs ...int) int {
	l.t.Helper()
	return update(l, func(tx *Tx) (int, error) {
		r := &SmartRule{Title: title, Category: "Test", Status: RuleQueued}
		err := InsertAttributeRule(tx, r, attributeIDs)
		return r.SmartRuleID, err
	})
}

// carry lets an asset carry attributes.
func (l *fixture) carry(assetID int, attributeIDs ...int) {
	l.t.Helper()
	l.change(func(tx *Tx) error {
		for _, id := range attributeIDs {
			if err := AssetAttribute.Set(tx, assetID, id, 0); err != nil {
				return err
			}
		}
		return nil
	})
}

// settle does what the background does for Smart Rules, until nothing is left.
func (l *fixture) settle() {
	l.t.Helper()
	if err := errors.Join(ProcessQueuedRules(l.ctx, l.DB), RefreshRules(l.ctx, l.DB), l.DB.Sweep(l.ctx), RefreshRules(l.ctx, l.DB)); err != nil {
		l.t.Fatalf("%v", err)
	}
}

// process processes a rule as POST SmartRules/{id}/Process does.
func (l *fixture) process(ruleID int) (*SmartRule, error) {
	err := Change(l.ctx, l.DB, System("test"), func(tx *Tx) error {
		r, err := SmartRules.Get(tx, ruleID)
		if err != nil {
			return err
		}
		return ClaimRule(tx, r)
	})
	if err != nil {
		return nil, err
	}
	return ProcessRule(l.ctx, l.DB, System("test"), ruleID)
}

// reads lists what an actor reads of a rule, and its TotalCount.
func (l *fixture) reads(by Actor, ruleID int) (assets []int, total int) {
	l.t.Helper()
	_, err := View(l.ctx, l.DB, by, func(tx *Tx) (struct{}, error) {
		r, err := SmartRules.Get(tx, ruleID)
		if err != nil {
			return struct{}{}, err
		}
		list, err := AssetsOfRule(tx, r)
		if err != nil {
			return struct{}{}, err
		}
		if total, err = list.Count(tx); err != nil {
			return struct{}{}, err
		}
		for row, err := range list.Rows(tx, 0, 1_000_000) {
			if err != nil {
				return struct{}{}, err
			}
			a, err := Assets.Decode(row)
			if err != nil {
				return struct{}{}, err
			}
			assets = append(assets, a.AssetID)
		}
		return struct{}{}, nil
	})
	if err != nil {
		l.t.Fatalf("%v", err)
	}
	return assets, total
}

// mustHave fails the test unless muster reads exactly these members of a rule.
func (l *fixture) mustHave(ruleID int, want ...int) {
	l.t.Helper()
	got, total := l.reads(System("test"), ruleID)
	slices.Sort(got)
	equal(l.t, fmt.Sprintf("the members of rule %d", ruleID), got, want)
	if total != len(want) {
		l.t.Errorf("rule %d counts %d members, want %d", ruleID, total, len(want))
	}
}

func TestMembersFollowTheAttributesOfAssets(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	at := l.attributes(3)
	a, b, c := l.asset(Asset{IPAddress: "192.0.2.1"}), l.asset(Asset{IPAddress: "192.0.2.2"}), l.asset(Asset{IPAddress: "192.0.2.3"})
	l.carry(a, at[0])
	l.carry(b, at[1], at[2])
	either, other := l.rule("Either", at[0], at[1]), l.rule("Other", at[2])
	l.mustHave(either)
	l.settle()
	l.mustHave(either, a, b)
	l.mustHave(other, b)

	l.carry(c, at[0], at[2])
	l.change(func(tx *Tx) error { _, err := AssetAttribute.Cut(tx, b, at[1]); return err })
	if keys := l.keys("sd="); len(keys) != 2 {
		t.Errorf("%d assets are marked, want 2", len(keys))
	}
	l.clock.step(time.Hour)
	equal(t, "audits of a refresh", l.audits(l.settle), []string{})
	l.mustHave(either, a, c)
	l.mustHave(other, b, c)
	if r := get(l, SmartRules, either); r.LastProcessedDate != record.At(begin.Add(time.Hour)) {
		t.Errorf("LastProcessedDate is %v after the refresh", r.LastProcessedDate)
	}
	if keys := l.keys("sd="); len(keys) != 0 {
		t.Errorf("assets are still marked: %q", keys)
	}
}

func TestADeletedAssetIsInNoRuleAtOnce(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	at := l.attributes(1)
	a, b := l.asset(Asset{IPAddress: "192.0.2.1"}), l.asset(Asset{IPAddress: "192.0.2.2"})
	l.carry(a, at...)
	l.carry(b, at...)
	rule := l.rule("Rule", at...)
	l.settle()
	l.change(func(tx *Tx) error { return Assets.Delete(tx, a) })
	l.mustHave(rule, b)
	l.settle()
	l.mustHave(rule, b)
	if keys := l.keys("ra>"); len(keys) != 1 {
		t.Errorf("%d members are written down, want 1", len(keys))
	}
}

func TestAnAssetInManyRulesIsDeletedInSmallTransactions(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	at := l.attributes(1)
	a := l.asset(Asset{IPAddress: "192.0.2.1"})
	for i := range 3 * inRules {
		l.rule(fmt.Sprintf("Rule %d", i), at...)
	}
	l.carry(a, at...)
	l.settle()
	if keys := l.keys("ra<"); len(keys) != 3*inRules {
		t.Fatalf("the asset is in %d rules, want %d", len(keys), 3*inRules)
	}
	l.change(func(tx *Tx) error { return Assets.Delete(tx, a) })
	l.settle()
	if keys := l.keys("ra"); len(keys) != 0 {
		t.Errorf("%d keys of members are left", len(keys))
	}
}

func TestReadersSeeMembersOfTheirOrganizationsOnly(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	const branchID = "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0"
	l.change(func(tx *Tx) error {
		return Organizations.Insert(tx, &Organization{OrganizationID: branchID, Name: "Branch", IsActive: true})
	})
	branch := l.workgroup("Branch", branchID)
	at := l.attributes(1)
	here, there := l.asset(Asset{IPAddress: "192.0.2.1"}), l.asset(Asset{IPAddress: "192.0.2.1", WorkgroupID: branch})
	l.carry(here, at...)
	l.carry(there, at...)
	rule := l.rule("Rule", at...)
	l.settle()
	reader := Actor{UserID: 9, Groups: []int{7}}
	l.change(func(tx *Tx) error { return GroupOrganization.Set(tx, 7, branchID, 0) })
	const allAssets = 1
	for _, id := range []int{rule, allAssets} {
		assets, total := l.reads(reader, id)
		equal(t, fmt.Sprintf("what a member of the branch reads of rule %d", id), assets, []int{there})
		if total != 1 {
			t.Errorf("he counts %d", total)
		}
	}
	// An asset that moves is seen by the others at once, before any refresh.
	l.change(func(tx *Tx) error {
		a, err := Assets.Get(tx, there)
		if err != nil {
			return err
		}
		a.WorkgroupID, a.AssetName = firstWorkgroupID, "moved"
		return Assets.Put(tx, a)
	})
	if assets, total := l.reads(reader, rule); len(assets) != 0 || total != 0 {
		t.Errorf("he still reads %v and counts %d", assets, total)
	}
	l.mustHave(rule, here, there)
}

func TestTheBuiltInRulesSelectEverything(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	rules := view(l, func(tx *Tx) ([]*SmartRule, error) { return record.Collect(ReadableRules(tx, "")) })
	var got []string
	for _, r := range rules {
		got = append(got, fmt.Sprintf("%d %s, %s, read-only %t, status %d", r.SmartRuleID, r.Title, r.RuleType, r.IsReadOnly, r.Status))
	}
	equal(t, "the rules of a new store", got, []string{
		"1 All Assets, Asset, read-only true, status 0",
		"2 All Managed Accounts, ManagedAccount, read-only true, status 0",
		"3 All Managed Systems, ManagedSystem, read-only true, status 0",
	})
	a := l.asset(Asset{IPAddress: "192.0.2.1"})
	l.mustHave(1, a)
	l.mustHave(2)
	if keys := l.keys("ra"); len(keys) != 0 {
		t.Errorf("members of All Assets are written down: %q", keys)
	}
	if text := l.refused(ErrInvalid, func(tx *Tx) error {
		r, err := SmartRules.Get(tx, 1)
		return cmp.Or(err, DeleteSmartRule(tx, r))
	}); !strings.Contains(text, "read-only") {
		t.Errorf("the refusal says %q", text)
	}
}

func TestARuleNeedsAttributesOfOneType(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	one, other := l.attributes(2), l.attributes(1)
	many := make([]int, MaxRuleAttributes+1)
	for i := range many {
		many[i] = i + 1
	}
	for name, c := range map[string]struct {
		ids  []int
		says string
	}{
		"none":         {nil, "AttributeIDs is required"},
		"unknown":      {[]int{one[0], 4711}, "there is no Attribute 4711"},
		"of two types": {[]int{one[0], one[1], other[0]}, "not of the same attribute type"},
		"too many":     {many, "are more than 200"},
	} {
		text := l.refused(ErrInvalid, func(tx *Tx) error {
			return InsertAttributeRule(tx, &SmartRule{Title: "T", Category: "C"}, c.ids)
		})
		if !strings.Contains(text, c.says) {
			t.Errorf("%s: %q, want %q in it", name, text, c.says)
		}
	}
}
