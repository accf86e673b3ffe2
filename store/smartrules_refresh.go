package store

import (
	"context"
	"maps"
	"slices"

	"github.com/musterhq/muster/store/record"
)

// Members follow the attributes of assets. Whatever changes what an asset carries, or where it lies, marks the asset
// in the same transaction, with one blind write. A refresh takes marked assets one by one, asks which rules select
// them now, and takes the mark away in the transaction that writes the answer down. Nothing is lost in a crash, and no
// transaction has to know which rules there are: a rule that is made meanwhile finds the asset when it is processed.

// AssetMark says that the rules which select an asset may be other ones than are written down.
type AssetMark struct {
	AssetID int
	Mark    int // another one each time, so that a mark which is made during a refresh outlives it
}

// attributeAssigned is what follows when an asset gets or loses an attribute.
func attributeAssigned(tx *Tx, assetID, _ int) error { return markAsset(tx, assetID) }

// markAsset marks an asset. It reads nothing, so that marks of one asset side by side do not conflict.
func markAsset(tx *Tx, assetID int) error {
	mark, err := AssetMarks.NextID(tx)
	if err != nil {
		return err
	}
	tx.OnCommit(func() { dbOf(tx).rules.marked(assetID) })
	return AssetMarks.Replace(tx, nil, &AssetMark{AssetID: assetID, Mark: mark})
}

// How much a transaction of a refresh does: with both sides of each link, about 500 writes at most.
const (
	refreshedAssets = 100
	refreshedLinks  = 120
)

// RefreshRules looks at all assets that were marked before it begins.
func RefreshRules(ctx context.Context, db *DB) error {
	first, last := db.rules.take()
	for first <= last {
		next, err := Update(ctx, db, System("smart rules"), func(tx *Tx) (int, error) { return refreshSome(tx.Unaudited(), first, last) })
		if err != nil {
			db.rules.put(first, last)
			return err
		}
		first = next
	}
	return nil
}

// refreshSome looks at the first marked ones of some assets and returns the id of the first that it did not come to. It
// leaves no audit rows: what was done are the changes that marked the assets.
func refreshSome(tx *Tx, first, last int) (next int, err error) {
	marked, next, err := marksAmong(tx, first, last)
	if err != nil {
		return 0, err
	}
	changes := make([][]verdict, len(marked))
	for i, id := range marked {
		if changes[i], err = verdicts(tx, id); err != nil {
			return 0, err
		}
	}
	touched, left := map[int]bool{}, refreshedLinks
	for i, id := range marked {
		now := changes[i][:min(left, len(changes[i]))]
		left -= len(now)
		for _, v := range now {
			touched[v.rule] = true
			if err := v.write(tx); err != nil {
				return 0, err
			}
		}
		if len(now) < len(changes[i]) {
			return id, touchRules(tx, touched) // the mark stays
		}
		if err := AssetMarks.Delete(tx, id); err != nil {
			return 0, err
		}
	}
	return next, touchRules(tx, touched)
}

// marksAmong returns the first marked ones of some assets, and the id of the next. It reads each mark by a point read: who
// marks the asset again before the transaction commits makes it run again.
func marksAmong(tx *Tx, first, last int) (marked []int, next int, err error) {
	among := AssetMarks.Span(K(first), K(last))
	for mark, err := range AssetMarks.Records(tx, among) {
		if err != nil {
			return nil, 0, err
		}
		if len(marked) == refreshedAssets {
			return marked, mark.AssetID, nil
		}
		if _, err := AssetMarks.Get(tx, mark.AssetID); err != nil {
			return nil, 0, err
		}
		marked = append(marked, mark.AssetID)
	}
	return marked, noAsset, nil
}

// touchRules notes that rules have been brought up to date.
func touchRules(tx *Tx, touched map[int]bool) error {
	for _, id := range slices.Sorted(maps.Keys(touched)) {
		r, err := SmartRules.Get(tx, id)
		if err == nil {
			r.LastProcessedDate = tx.Now
			err = SmartRules.Put(tx, r)
		}
		if err := record.Ignore(ErrNotFound, err); err != nil {
			return err
		}
	}
	return nil
}

// verdict is what is to be written down of an asset and a rule.
type verdict struct {
	rule int
	assetRef
	selected bool
}

func (v verdict) write(tx *Tx) error {
	if v.selected {
		return RuleAsset.Set(tx, v.rule, v.asset, v.workgroup)
	}
	_, err := RuleAsset.Cut(tx, v.rule, v.asset)
	return err
}

// verdicts compares the rules that select an asset with those that are written down, and returns where they differ.
func verdicts(tx *Tx, assetID int) (changes []verdict, err error) {
	here, exists, err := locate(tx, assetID)
	if err != nil {
		return nil, err
	}
	selecting := map[int]bool{}
	if exists {
		if selecting, err = rulesSelecting(tx, assetID); err != nil {
			return nil, err
		}
	}
	for in, err := range RuleAsset.To(tx, assetID) {
		if err != nil {
			return nil, err
		}
		if !selecting[in.ID] || in.Value != here.workgroup {
			changes = append(changes, verdict{in.ID, here, selecting[in.ID]})
		}
		delete(selecting, in.ID)
	}
	for _, rule := range slices.Sorted(maps.Keys(selecting)) {
		changes = append(changes, verdict{rule, here, true})
	}
	return changes, nil
}

// rulesSelecting returns the rules that select an asset by its attributes. That they exist is a point read: one
// that is deleted at the same time makes the transaction run again, and nothing is written behind its sweep.
func rulesSelecting(tx *Tx, assetID int) (map[int]bool, error) {
	rules := map[int]bool{}
	for attribute, err := range AssetAttribute.From(tx, assetID) {
		if err != nil {
			return nil, err
		}
		for rule, err := range RuleAttribute.To(tx, attribute.ID) {
			if err != nil {
				return nil, err
			}
			rules[rule.ID] = true
		}
	}
	for rule := range rules {
		exists, err := SmartRules.Has(tx, rule)
		if err != nil {
			return nil, err
		}
		if !exists {
			delete(rules, rule)
		}
	}
	return rules, nil
}
