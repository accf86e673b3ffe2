package store

import (
	"cmp"
	"encoding/json"
	"iter"

	"github.com/musterhq/muster/store/record"
)

// AssetsOfRule lists the assets that a Smart Rule has selected, as far as the actor may see them; none for a rule
// that does not select assets.
func AssetsOfRule(tx *Tx, r *SmartRule) (List, error) {
	criteria, err := Criteria.Get(tx, r.SmartRuleID)
	switch {
	case err != nil:
		return List{}, err
	case r.RuleType != AssetRule:
		return record.Of[Asset](nil), nil
	case criteria.Filter == filterAll && tx.By.Admin:
		return allAssets(), nil
	case criteria.Filter == filterAll:
		return AllAssetsVisible(), nil
	}
	return assetsAmong(func(tx *Tx) iter.Seq2[assetRef, error] { return members(tx, r.SmartRuleID) }), nil
}

// members yields what the processing of a rule has written down.
func members(tx *Tx, ruleID int) iter.Seq2[assetRef, error] {
	return func(yield func(assetRef, error) bool) {
		for to, err := range RuleAsset.From(tx, ruleID) {
			if !yield(assetRef{to.Value, to.ID}, err) || err != nil {
				return
			}
		}
	}
}

// assetsAmong is the List of those assets whose Workgroups the actor may see. One that is no longer where it is said to be
// was deleted or moved a moment ago, while the rule was processed, and is looked at again within a second.
func assetsAmong(all func(*Tx) iter.Seq2[assetRef, error]) List {
	visible := func(tx *Tx) iter.Seq2[assetRef, error] {
		return func(yield func(assetRef, error) bool) {
			sees := workgroupSight{tx: tx, seen: map[int]bool{}}
			for m, err := range all(tx) {
				ok := err != nil
				if err == nil {
					ok, err = sees.workgroup(m.workgroup)
				}
				if (ok || err != nil) && !yield(m, err) || err != nil {
					return
				}
			}
		}
	}
	return List{
		Count: func(tx *Tx) (int, error) { return record.CountOf(visible(tx)) },
		Rows: func(tx *Tx, offset, limit int) iter.Seq2[json.RawMessage, error] {
			return assetRows(tx, behind(visible(tx), offset), limit, nil)
		},
	}
}

// AccountsOfRule yields the managed accounts that a Smart Rule selects, as far as the actor may see them. They are found by the
// criteria each time, so that they are never out of date.
func AccountsOfRule(tx *Tx, r *SmartRule) (iter.Seq2[*AccountOnSystem, error], error) {
	criteria, err := Criteria.Get(tx, r.SmartRuleID)
	switch {
	case err != nil:
		return nil, err
	case r.RuleType != ManagedAccountRule:
		return func(func(*AccountOnSystem, error) bool) {}, nil
	case criteria.Filter == filterAccount:
		return criteria.accounts(tx), nil
	}
	return FindManagedAccounts(tx, "", ""), nil
}

// SystemsOfRule yields the managed systems that a Smart Rule selects, on assets that the actor may see; none for a rule that
// does not select systems. They are found by the criteria each time.
func SystemsOfRule(tx *Tx, r *SmartRule) (iter.Seq2[*ManagedSystem, error], error) {
	criteria, err := Criteria.Get(tx, r.SmartRuleID)
	switch {
	case err != nil:
		return nil, err
	case r.RuleType != ManagedSystemRule:
		return func(func(*ManagedSystem, error) bool) {}, nil
	case criteria.Filter == filterSystem:
		return criteria.systems(tx), nil
	}
	return VisibleManagedSystems(tx), nil
}

// inRules bounds what the change of one asset writes for the rules that it is in; what is beyond it follows with
// the next refresh, or the sweep of the deleted asset.
const inRules = 100

// rulesWith returns the rules that an asset is in, so many at most.
func rulesWith(tx *Tx, assetID int) (rules []int, err error) {
	for in, err := range RuleAsset.To(tx, assetID) {
		if err != nil || len(rules) == inRules {
			return rules, err
		}
		rules = append(rules, in.ID)
	}
	return rules, nil
}

// leaveRules takes a deleted asset out of the rules that it is in.
func leaveRules(tx *Tx, assetID int) error {
	rules, err := rulesWith(tx, assetID)
	for _, rule := range rules {
		if _, err := RuleAsset.Cut(tx.Unaudited(), rule, assetID); err != nil {
			return err
		}
	}
	return err
}

// moveInRules notes for the rules that an asset is in that it lies in another Workgroup, by which they know who may
// see it.
func moveInRules(tx *Tx, assetID, workgroupID int) error {
	rules, err := rulesWith(tx, assetID)
	for _, rule := range rules {
		if err := RuleAsset.Set(tx.Unaudited(), rule, assetID, workgroupID); err != nil {
			return err
		}
	}
	return cmp.Or(err, markAsset(tx, assetID))
}
