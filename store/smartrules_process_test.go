package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

func TestProcessingIsAuditedOnceAndOneAtATime(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
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
	for name, dies := range map[string]func(l *fixture, rule int, differing []int){
		"before the first batch":         func(*fixture, int, []int) {},
		"between two batches":            func(l *fixture, rule int, d []int) { l.settleSome(rule, d[:processedMembers]) },
		"after the last, before the end": func(l *fixture, rule int, d []int) { l.settleSome(rule, d) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newFixture(t)
			at := l.attributes(1)
			var want []int
			for i := range processedMembers + 50 {
				id := l.asset(Asset{IPAddress: fmt.Sprintf("10.0.%d.%d", i/250, i%250)})
				l.carry(id, at...)
				want = append(want, id)
			}
			rule := l.rule("Rule", at...)
			l.change(func(tx *Tx) error { r, err := SmartRules.Get(tx, rule); return cmp.Or(err, ClaimRule(tx, r)) })
			dies(l, rule, l.differing(rule))
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
func (l *fixture) settleSome(rule int, assets []int) {
	l.t.Helper()
	if err := (&processing{db: l.DB, by: System("test"), ruleID: rule}).settle(l.ctx, assets); err != nil {
		l.t.Fatalf("%v", err)
	}
}

func TestProcessingThatIsCanceledIsQueuedAgain(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	at := l.attributes(1)
	a := l.asset(Asset{IPAddress: "192.0.2.1"})
	l.carry(a, at...)
	rule := l.rule("Rule", at...)
	l.change(func(tx *Tx) error { r, err := SmartRules.Get(tx, rule); return cmp.Or(err, ClaimRule(tx, r)) })
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
	l := newFixture(t)
	at := l.attributes(1)
	for i := range 3 {
		l.carry(l.asset(Asset{IPAddress: fmt.Sprintf("10.0.0.%d", i)}), at...)
	}
	manages := l.group("manages", grants{authz.AssetManagement: authz.ReadWrite, authz.SmartRuleManagementAsset: authz.ReadWrite})
	maker := Actor{UserID: 9, Groups: []int{manages}}
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
		l.change(func(tx *Tx) error { r, err := SmartRules.Get(tx, rule); return cmp.Or(err, DeleteSmartRule(tx, r)) })
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
	for _, prefix := range []string{string(RuleAsset.Key(record.KindForth, K(rule))), string(RuleAttribute.Key(record.KindForth, K(rule))), string(Criteria.Key(record.KindRecord, K(rule))), string(GroupRule.Key(record.KindBack, K(rule)))} {
		if keys := l.keys(prefix); len(keys) != 0 {
			t.Errorf("%d keys are left under %q", len(keys), prefix)
		}
	}
}

func TestARuleDeletedWhileItIsProcessedLeavesNothing(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
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
		for len(l.keys(string(RuleAsset.Key(record.KindForth, K(rule))))) == 0 {
			if r, err := View(l.ctx, l.DB, System("test"), func(tx *Tx) (*SmartRule, error) { return SmartRules.Get(tx, rule) }); err != nil || !r.LastProcessedDate.IsZero() {
				break
			}
		}
		return Change(l.ctx, l.DB, System("test"), func(tx *Tx) error { r, err := SmartRules.Get(tx, rule); return cmp.Or(err, DeleteSmartRule(tx, r)) })
	})
	if errs[1] != nil || errs[0] != nil && !errors.Is(errs[0], ErrNotFound) {
		t.Errorf("process: %v, delete: %v", errs[0], errs[1])
	}
	l.settle()
	if keys := l.keys("ra"); len(keys) != 0 {
		t.Errorf("%d keys of members are left", len(keys))
	}
}

// differing are the assets that the processing of a rule would look at.
func (l *fixture) differing(rule int) []int {
	l.t.Helper()
	p := &processing{db: l.DB, by: System("test"), ruleID: rule}
	ids, err := p.difference(l.ctx)
	if err != nil {
		l.t.Fatalf("%v", err)
	}
	return ids
}
