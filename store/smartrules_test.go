package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/authz"
)

// attributes inserts n attributes of one new attribute type and returns their ids.
func (l *lab) attributes(n int) (ids []int) {
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
func (l *lab) rule(title string, attributeIDs ...int) int {
	l.t.Helper()
	return update(l, func(tx *Tx) (int, error) {
		r := &SmartRule{Title: title, Category: "Test", Status: RuleQueued}
		err := InsertAttributeRule(tx, r, attributeIDs)
		return r.SmartRuleID, err
	})
}

// carry lets an asset carry attributes.
func (l *lab) carry(assetID int, attributeIDs ...int) {
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
func (l *lab) settle() {
	l.t.Helper()
	if err := errors.Join(ProcessQueuedRules(l.ctx, l.DB), RefreshRules(l.ctx, l.DB), Sweep(l.ctx, l.DB), RefreshRules(l.ctx, l.DB)); err != nil {
		l.t.Fatalf("%v", err)
	}
}

// process processes a rule as POST SmartRules/{id}/Process does.
func (l *lab) process(ruleID int) (*SmartRule, error) {
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
func (l *lab) reads(by Actor, ruleID int) (assets []int, total int) {
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
			a, err := Assets.decode(row)
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
func (l *lab) mustHave(ruleID int, want ...int) {
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
	l := newLab(t)
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
	if r := get(l, SmartRules, either); r.LastProcessedDate != At(begin.Add(time.Hour)) {
		t.Errorf("LastProcessedDate is %v after the refresh", r.LastProcessedDate)
	}
	if keys := l.keys("sd="); len(keys) != 0 {
		t.Errorf("assets are still marked: %q", keys)
	}
}

func TestADeletedAssetIsInNoRuleAtOnce(t *testing.T) {
	t.Parallel()
	l := newLab(t)
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
	l := newLab(t)
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
	l := newLab(t)
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
	l := newLab(t)
	rules := view(l, func(tx *Tx) ([]*SmartRule, error) { return gather(ReadableRules(tx, "")) })
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
		return orElse(err, DeleteSmartRule(tx, r))
	}); !strings.Contains(text, "read-only") {
		t.Errorf("the refusal says %q", text)
	}
}

func TestARuleNeedsAttributesOfOneType(t *testing.T) {
	t.Parallel()
	l := newLab(t)
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

func TestProcessingIsAuditedOnceAndOneAtATime(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	at := l.attributes(1)
	for i := range 2*processedMembers + 1 {
		l.carry(l.asset(Asset{IPAddress: fmt.Sprintf("10.0.%d.%d", i/250, i%250)}), at...)
	}
	rule := l.rule("Rule", at...)
	var errs []error
	rows := l.audits(func() { errs = atOnce(4, func(int) error { _, err := l.process(rule); return err }) })
	done := 0
	for _, err := range errs {
		switch {
		case err == nil:
			done++
		case !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "is currently processing"):
			t.Errorf("another: %v", err)
		}
	}
	if done == 0 || len(rows) != done {
		t.Errorf("%d processed it and left the rows %q", done, rows)
	}
	if want := fmt.Sprintf(`Process Smart Rule: SmartRuleID "%d" → "%[1]d", Title "Rule" → "Rule", Added "" → "%d", Removed "" → "0"`, rule, 2*processedMembers+1); rows[0] != want {
		t.Errorf("the first row is %q, want %q", rows[0], want)
	}
	if _, total := l.reads(System("test"), rule); total != 2*processedMembers+1 {
		t.Errorf("the rule has %d members", total)
	}
}

// A processor that dies leaves its rule as processing; the next start queues it, and what was done stays done.
func TestProcessingGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	for name, dies := range map[string]func(l *lab, rule int, differing []int){
		"before the first batch":         func(*lab, int, []int) {},
		"between two batches":            func(l *lab, rule int, d []int) { l.settleSome(rule, d[:processedMembers]) },
		"after the last, before the end": func(l *lab, rule int, d []int) { l.settleSome(rule, d) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			at := l.attributes(1)
			var want []int
			for i := range processedMembers + 50 {
				id := l.asset(Asset{IPAddress: fmt.Sprintf("10.0.%d.%d", i/250, i%250)})
				l.carry(id, at...)
				want = append(want, id)
			}
			rule := l.rule("Rule", at...)
			l.change(func(tx *Tx) error { r, err := SmartRules.Get(tx, rule); return orElse(err, ClaimRule(tx, r)) })
			dies(l, rule, view(l, func(tx *Tx) ([]int, error) { return difference(tx, rule) }))
			if r := get(l, SmartRules, rule); r.Status != RuleProcessing {
				t.Fatalf("status %d", r.Status)
			}
			l.reopen()
			if r := get(l, SmartRules, rule); r.Status != RuleQueued {
				t.Errorf("status %d after the start, want that it is queued", r.Status)
			}
			l.settle()
			l.mustHave(rule, want...)
			if r := get(l, SmartRules, rule); r.Status != RuleIdle {
				t.Errorf("status %d at the end", r.Status)
			}
		})
	}
}

// settleSome does one batch of the processing of a rule, whatever its size.
func (l *lab) settleSome(rule int, assets []int) {
	l.t.Helper()
	if err := (&processing{db: l.DB, by: System("test"), ruleID: rule}).settle(l.ctx, assets); err != nil {
		l.t.Fatalf("%v", err)
	}
}

func TestProcessingThatIsCanceledIsQueuedAgain(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	at := l.attributes(1)
	a := l.asset(Asset{IPAddress: "192.0.2.1"})
	l.carry(a, at...)
	rule := l.rule("Rule", at...)
	l.change(func(tx *Tx) error { r, err := SmartRules.Get(tx, rule); return orElse(err, ClaimRule(tx, r)) })
	ctx, cancel := context.WithCancel(l.ctx)
	cancel()
	if _, err := ProcessRule(ctx, l.DB, System("test"), rule); !errors.Is(err, context.Canceled) {
		t.Errorf("ProcessRule: %v", err)
	}
	if r := get(l, SmartRules, rule); r.Status != RuleQueued {
		t.Errorf("status %d, want that it is queued", r.Status)
	}
	l.settle()
	l.mustHave(rule, a)
}

func TestADeletedRuleIsGoneAtOnceAndSweptLater(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	at := l.attributes(1)
	for i := range 3 {
		l.carry(l.asset(Asset{IPAddress: fmt.Sprintf("10.0.0.%d", i)}), at...)
	}
	maker := Actor{UserID: 9, Groups: []int{7}}
	rule, err := Update(l.ctx, l.DB, maker, func(tx *Tx) (int, error) {
		r := &SmartRule{Title: "Rule", Category: "Test", Status: RuleQueued}
		err := InsertAttributeRule(tx, r, at)
		return r.SmartRuleID, err
	})
	if err != nil {
		t.Fatal(err)
	}
	if level, _ := View(l.ctx, l.DB, maker, func(tx *Tx) (authz.Level, error) { return RuleLevel(tx, rule) }); level != authz.ReadWrite {
		t.Errorf("the maker's level is %v", level)
	}
	l.settle()
	rows := l.audits(func() {
		l.change(func(tx *Tx) error { r, err := SmartRules.Get(tx, rule); return orElse(err, DeleteSmartRule(tx, r)) })
	})
	if len(rows) != 1 || !strings.HasPrefix(rows[0], "Delete Smart Rule: ") || !strings.HasSuffix(rows[0], `Members "3" → ""`) {
		t.Errorf("the deletion left the rows %q", rows)
	}
	l.refused(ErrNotFound, func(tx *Tx) error { _, err := SmartRuleByID(tx, rule); return err })
	again := l.rule("Rule", at...)
	l.carry(l.asset(Asset{IPAddress: "10.0.0.9"}), at...)
	l.settle()
	if _, total := l.reads(System("test"), again); total != 4 {
		t.Errorf("the new rule of that title has %d members, want 4", total)
	}
	for _, prefix := range []string{string(RuleAsset.key(kindForth, K(rule))), string(RuleAttribute.key(kindForth, K(rule))), string(Criteria.key(kindRecord, K(rule))), string(GroupRule.key(kindBack, K(rule)))} {
		if keys := l.keys(prefix); len(keys) != 0 {
			t.Errorf("%d keys are left under %q", len(keys), prefix)
		}
	}
}

func TestARuleDeletedWhileItIsProcessedLeavesNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	at := l.attributes(1)
	for i := range 3 * processedMembers {
		l.carry(l.asset(Asset{IPAddress: fmt.Sprintf("10.0.%d.%d", i/250, i%250)}), at...)
	}
	rule := l.rule("Rule", at...)
	errs := atOnce(2, func(i int) error {
		if i == 0 {
			_, err := l.process(rule)
			return err
		}
		for len(l.keys(string(RuleAsset.key(kindForth, K(rule))))) == 0 {
			if r, err := View(l.ctx, l.DB, System("test"), func(tx *Tx) (*SmartRule, error) { return SmartRules.Get(tx, rule) }); err != nil || !r.LastProcessedDate.IsZero() {
				break
			}
		}
		return Change(l.ctx, l.DB, System("test"), func(tx *Tx) error { r, err := SmartRules.Get(tx, rule); return orElse(err, DeleteSmartRule(tx, r)) })
	})
	if errs[1] != nil || errs[0] != nil && !errors.Is(errs[0], ErrNotFound) {
		t.Errorf("process: %v, delete: %v", errs[0], errs[1])
	}
	l.settle()
	if keys := l.keys("ra"); len(keys) != 0 {
		t.Errorf("%d keys of members are left", len(keys))
	}
}

// TestMembersAreWhatBruteForceFinds plays any sequence of changes against a model that walks everything.
func TestMembersAreWhatBruteForceFinds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := newLab(rt)
		m := &ruleModel{lab: l, carries: map[int]map[int]bool{}, reads: map[int][]int{}, attributes: l.attributes(4)}
		m.workgroups = []int{firstWorkgroupID, l.workgroup("Other", "")}
		rt.Repeat(map[string]func(*rapid.T){
			"insert asset": m.insertAsset, "delete asset": m.deleteAsset, "move asset": m.moveAsset,
			"assign": m.assign, "take away": m.takeAway,
			"make rule": m.makeRule, "delete rule": m.deleteRule, "process": m.processRule,
			"refresh": func(*rapid.T) { l.settle() },
			"crash":   func(*rapid.T) { l.reopen() },
			"":        func(*rapid.T) {},
		})
		l.settle()
		m.compare()
	})
}

// ruleModel is what assets carry and rules read.
type ruleModel struct {
	*lab
	attributes, workgroups []int
	carries                map[int]map[int]bool // asset → attributes
	reads                  map[int][]int        // rule → attributes
	made                   int
}

func pick[V any](rt *rapid.T, from map[int]V) int {
	if len(from) == 0 {
		rt.Skip("there is none")
	}
	var all []int
	for id := range from {
		all = append(all, id)
	}
	slices.Sort(all)
	return rapid.SampledFrom(all).Draw(rt, "id")
}

func (m *ruleModel) insertAsset(*rapid.T) {
	m.made++
	m.carries[m.asset(Asset{IPAddress: fmt.Sprintf("10.0.%d.%d", m.made/250, m.made%250)})] = map[int]bool{}
}

func (m *ruleModel) deleteAsset(rt *rapid.T) {
	id := pick(rt, m.carries)
	m.change(func(tx *Tx) error { return Assets.Delete(tx, id) })
	delete(m.carries, id)
}

func (m *ruleModel) moveAsset(rt *rapid.T) {
	id, to := pick(rt, m.carries), rapid.SampledFrom(m.workgroups).Draw(rt, "workgroup")
	m.change(func(tx *Tx) error {
		a, err := Assets.Get(tx, id)
		if err != nil {
			return err
		}
		a.WorkgroupID = to
		return Assets.Put(tx, a)
	})
}

func (m *ruleModel) assign(rt *rapid.T) {
	id, attribute := pick(rt, m.carries), rapid.SampledFrom(m.attributes).Draw(rt, "attribute")
	m.lab.carry(id, attribute)
	m.carries[id][attribute] = true
}

func (m *ruleModel) takeAway(rt *rapid.T) {
	id, attribute := pick(rt, m.carries), rapid.SampledFrom(m.attributes).Draw(rt, "attribute")
	m.change(func(tx *Tx) error { _, err := AssetAttribute.Cut(tx, id, attribute); return err })
	delete(m.carries[id], attribute)
}

func (m *ruleModel) makeRule(rt *rapid.T) {
	m.made++
	read := rapid.SliceOfNDistinct(rapid.SampledFrom(m.attributes), 1, 3, rapid.ID).Draw(rt, "attributes")
	m.reads[m.rule(fmt.Sprintf("Rule %d", m.made), read...)] = read
}

func (m *ruleModel) deleteRule(rt *rapid.T) {
	id := pick(rt, m.reads)
	m.change(func(tx *Tx) error { r, err := SmartRules.Get(tx, id); return orElse(err, DeleteSmartRule(tx, r)) })
	delete(m.reads, id)
}

func (m *ruleModel) processRule(rt *rapid.T) {
	if _, err := m.process(pick(rt, m.reads)); err != nil {
		rt.Fatalf("process: %v", err)
	}
}

func (m *ruleModel) compare() {
	for rule, read := range m.reads {
		want := []int{}
		for asset, carried := range m.carries {
			if slices.ContainsFunc(read, func(attribute int) bool { return carried[attribute] }) {
				want = append(want, asset)
			}
		}
		slices.Sort(want)
		m.mustHave(rule, want...)
	}
}
