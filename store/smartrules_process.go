package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// The Status of a rule is the queue of the processor and the lock of the processed: whoever turns it into
// RuleProcessing, in a transaction that read it, has the rule to itself. Those that a dead process was at are queued
// again when the store is opened.

// ClaimRule begins the processing of a rule, which ProcessRule must then do. It returns ErrBusy if that is under way.
func ClaimRule(tx *Tx, r *SmartRule) error { return r.enter(tx, RuleProcessing) }

// QueueRule leaves the processing of a rule to KeepRules. It returns ErrBusy if it is being processed.
func QueueRule(tx *Tx, r *SmartRule) error { return r.enter(tx, RuleQueued) }

func (r *SmartRule) enter(tx *Tx, status int) error {
	if r.Status == RuleProcessing {
		return record.Error(ErrBusy, "Smart Rule %d is currently processing", r.SmartRuleID)
	}
	r.Status = status
	return SmartRules.Put(tx.Unaudited(), r)
}

// processedMembers is how many members a transaction of the processing writes.
const processedMembers = 200

// processing is a rule that was claimed, while its members are compared with what they should be.
type processing struct {
	db             *DB
	by             Actor
	ruleID         int
	added, removed int
}

// ProcessRule writes down the members of a rule that was claimed, some hundred in a transaction, and an audit row at
// the end, and returns the rule as it then is. If ctx ends before, the rule is queued again; any other
// failure shows in its Status. It returns ErrNotFound if the rule is deleted meanwhile.
func ProcessRule(ctx context.Context, db *DB, by Actor, ruleID int) (*SmartRule, error) {
	p := &processing{db: db, by: by, ruleID: ruleID}
	r, err := p.run(ctx)
	if err != nil {
		return nil, errors.Join(err, p.giveUp(ctx, err))
	}
	return r, nil
}

func (p *processing) run(ctx context.Context) (*SmartRule, error) {
	differing, err := p.difference(ctx)
	if err != nil {
		return nil, err
	}
	for some := range slices.Chunk(differing, processedMembers) {
		if err := p.settle(ctx, some); err != nil {
			return nil, err
		}
	}
	return Update(ctx, p.db, p.by, p.end)
}

// difference returns the assets that a rule selects and does not have, and those that it has and does not select. The two
// lists, which take most of the time, are read side by side and so of two moments: settle looks at each asset again, and
// what changes in between is marked.
func (p *processing) difference(ctx context.Context) ([]int, error) {
	var selected, has []int
	both, ctx := errgroup.WithContext(ctx)
	list := func(ids *[]int, read func(*Tx, int) ([]int, error)) {
		both.Go(func() (err error) {
			*ids, err = View(ctx, p.db, p.by, func(tx *Tx) ([]int, error) {
				criteria, err := Criteria.Get(tx, p.ruleID)
				if err != nil || criteria.Filter != filterAttributes {
					return nil, err
				}
				return read(tx, p.ruleID)
			})
			return err
		})
	}
	list(&selected, selectedBy)
	list(&has, func(tx *Tx, ruleID int) ([]int, error) { return RuleAsset.IDsFrom(tx, nil, ruleID) })
	err := both.Wait()
	return inOne(selected, has), err
}

// selectedBy returns the assets that carry an attribute of a rule, ascending.
func selectedBy(tx *Tx, ruleID int) ([]int, error) {
	attributes, err := RuleAttribute.IDsFrom(tx, nil, ruleID)
	if err != nil {
		return nil, err
	}
	var selected []int
	for _, attribute := range attributes {
		if selected, err = AssetAttribute.IDsTo(tx, selected, attribute); err != nil {
			return nil, err
		}
	}
	if len(attributes) > 1 {
		slices.Sort(selected)
	}
	return slices.Compact(selected), nil
}

// settle looks at some assets again, each by point reads, so that whatever changed since the difference was taken, or
// changes before the commit, counts; and writes down which of them are members.
func (p *processing) settle(ctx context.Context, assets []int) error {
	type counts struct{ added, removed int }
	n, err := Update(ctx, p.db, p.by, func(tx *Tx) (n counts, err error) {
		tx = tx.Unaudited()
		if _, err := SmartRules.Get(tx, p.ruleID); err != nil { // deleted
			return n, err
		}
		attributes, err := linkedIDs(nil, RuleAttribute.From(tx, p.ruleID))
		if err != nil {
			return n, err
		}
		found := make([]verdict, len(assets))
		for i, id := range assets {
			if found[i], err = p.look(tx, id, attributes); err != nil {
				return n, err
			}
		}
		for _, v := range found {
			if v.selected {
				n.added++
			} else {
				n.removed++
			}
			if err := v.write(tx); err != nil {
				return n, err
			}
		}
		return n, nil
	})
	p.added, p.removed = p.added+n.added, p.removed+n.removed
	return err
}

// look finds out whether the rule, which reads these attributes, selects an asset.
func (p *processing) look(tx *Tx, assetID int, attributes []int) (v verdict, err error) {
	v.rule = p.ruleID
	var exists bool
	if v.assetRef, exists, err = locate(tx, assetID); err != nil || !exists {
		return v, err
	}
	for _, attribute := range attributes {
		if _, v.selected, err = AssetAttribute.Get(tx, assetID, attribute); v.selected || err != nil {
			return v, err
		}
	}
	return v, nil
}

// end makes the rule idle.
func (p *processing) end(tx *Tx) (*SmartRule, error) {
	r, err := SmartRules.Get(tx, p.ruleID)
	if err != nil {
		return nil, err
	}
	r.Status, r.LastProcessedDate = RuleIdle, tx.Now
	if err := SmartRules.Put(tx.Unaudited(), r); err != nil {
		return nil, err
	}
	return r, tx.Audit(record.ActionProcess, SmartRules.Name(), record.Detail("SmartRuleID", r.SmartRuleID, r.SmartRuleID), record.Detail("Title", r.Title, r.Title),
		record.Detail("Added", "", p.added), record.Detail("Removed", "", p.removed))
}

// lastMoment is how long a process whose context is over may take to say so.
const lastMoment = 5 * time.Second

// giveUp ends the claim on a rule whose processing failed.
func (p *processing) giveUp(ctx context.Context, failed error) error {
	status := RuleFailed
	if ctx.Err() != nil || errors.Is(failed, kv.ErrBusy) || errors.Is(failed, ErrNoSpace) {
		status = RuleQueued // nothing is wrong with it
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastMoment)
	defer cancel()
	return Change(last, p.db, p.by, func(tx *Tx) error {
		r, err := SmartRules.Get(tx, p.ruleID)
		if err != nil {
			return record.Ignore(ErrNotFound, err)
		}
		r.Status = status
		return SmartRules.Put(tx.Unaudited(), r)
	})
}

// ProcessQueuedRules processes all rules that are queued. One that fails does not hold up the others; the errors are
// returned together.
func ProcessQueuedRules(ctx context.Context, db *DB) error {
	var failed error
	for {
		r, err := Update(ctx, db, System("smart rules"), func(tx *Tx) (*SmartRule, error) {
			for found, err := range smartRulesByStatus.Each(tx, K(RuleQueued)) {
				if err != nil {
					return nil, err
				}
				r, err := SmartRules.Get(tx, found.SmartRuleID) // a point read: another's claim makes this one look again
				if err != nil {
					return nil, err
				}
				return r, ClaimRule(tx, r)
			}
			return nil, nil
		})
		if r == nil || err != nil {
			return errors.Join(failed, err)
		}
		_, err = ProcessRule(ctx, db, System("smart rules"), r.SmartRuleID)
		failed = errors.Join(failed, record.Ignore(ErrNotFound, err))
	}
}

// requeueRules queues what an earlier process was at, or failed at, when it ended.
func requeueRules(tx *Tx) error {
	var unfinished []*SmartRule
	for _, status := range []int{RuleProcessing, RuleFailed} {
		for r, err := range smartRulesByStatus.Each(tx, K(status)) {
			if err != nil {
				return err
			}
			unfinished = append(unfinished, r)
		}
	}
	for _, r := range unfinished {
		r.Status = RuleQueued
		if err := SmartRules.Put(tx.Unaudited(), r); err != nil {
			return err
		}
	}
	return nil
}

// linkedIDs appends the ids of one side of a link.
func linkedIDs(all []int, linked func(func(record.Linked[int], error) bool)) ([]int, error) {
	for one, err := range linked {
		if err != nil {
			return nil, err
		}
		all = append(all, one.ID)
	}
	return all, nil
}

// inOne returns what is in one of two ascending lists and not in the other.
func inOne(a, b []int) (one []int) {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] == b[0]:
			a, b = a[1:], b[1:]
		case a[0] < b[0]:
			one, a = append(one, a[0]), a[1:]
		default:
			one, b = append(one, b[0]), b[1:]
		}
	}
	return append(append(one, a...), b...)
}
