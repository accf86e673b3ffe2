package store

import (
	"encoding/json"
	"iter"

	"github.com/musterhq/muster/store/kv"
)

// assetsInABlock, a power of two, is how many ids share a count of assetsInBlock. A page that begins at some offset steps over the counts of
// the blocks before it and over half a block's assets, on average: fewer ids in a block make the one dearer, more the other.
const assetsInABlock = 512

// Block is the first id of those that share a count with the asset's.
func (a *Asset) Block() int { return a.AssetID &^ (assetsInABlock - 1) }

// AssetsIn lists the assets of a Workgroup in the order of their ids.
func AssetsIn(workgroupID int) List {
	l := assetsBelow(K(workgroupID))
	l.Count = func(tx *Tx) (int, error) { return assetsInWorkgroup.Of(tx, K(workgroupID)) }
	return l
}

// assetsBelow lists the assets whose places begin with a prefix: those of a Workgroup, or all. How many there are, and where
// the one at an offset lies, is counted and not walked; a snapshot has the counts that belong to it.
func assetsBelow(prefix Key) List {
	return List{
		Count: func(tx *Tx) (int, error) { return assetsInWorkgroup.Below(tx, prefix) },
		Rows: func(tx *Tx, offset, limit int) iter.Seq2[json.RawMessage, error] {
			return func(yield func(json.RawMessage, error) bool) {
				among, offset, err := assetsInBlock.seek(tx, prefix, kv.Prefix(Assets.key(kindRecord, prefix)), offset)
				if err != nil {
					yield(nil, err)
					return
				}
				for pair, err := range tx.r.Scan(among) {
					if err == nil && offset > 0 {
						offset--
						continue
					}
					if limit--; limit < 0 || !yield(pair.Value, err) || err != nil {
						return
					}
				}
			}
		},
	}
}

// AllAssetsVisible lists all assets in Workgroups that the actor may see, in the order of their Workgroups.
func AllAssetsVisible() List {
	return List{
		Count: func(tx *Tx) (int, error) {
			n := 0
			for w, err := range workgroupsSeen(tx) {
				if err != nil {
					return 0, err
				}
				n += w.Count
			}
			return n, nil
		},
		Rows: func(tx *Tx, offset, limit int) iter.Seq2[json.RawMessage, error] {
			return func(yield func(json.RawMessage, error) bool) {
				for w, err := range workgroupsSeen(tx) {
					if err != nil {
						yield(nil, err)
						return
					}
					if offset >= w.Count {
						offset -= w.Count
						continue
					}
					for row, err := range assetsBelow(w.Key).Rows(tx, offset, limit) {
						if limit--; !yield(row, err) || err != nil {
							return
						}
					}
					if offset = 0; limit == 0 {
						return
					}
				}
			}
		},
	}
}

// workgroupsSeen yields the Workgroups that the actor may see with the numbers of their assets, those without any left
// out. A key is valid until the next step.
func workgroupsSeen(tx *Tx) iter.Seq2[Counted, error] {
	return func(yield func(Counted, error) bool) {
		for w, err := range assetsInWorkgroup.All(tx) {
			sees := err != nil
			if err == nil {
				var id int
				if id, _, err = cutInt(w.Key); err == nil {
					sees, err = tx.seesWorkgroup(id)
				}
			}
			if (sees || err != nil) && !yield(w, err) || err != nil {
				return
			}
		}
	}
}

// seek narrows a range of records, whose places begin with a prefix, to what is left of it behind an offset, but for some
// that remain to be stepped over. What is counted must be places that records lie at or behind, in the order of the records.
func (n *Count[ID, T]) seek(tx *Tx, prefix Key, r kv.Range, offset int) (kv.Range, int, error) {
	if offset == 0 {
		return r, 0, nil
	}
	for run, err := range n.Each(tx, prefix) {
		if err != nil {
			return r, 0, err
		}
		if run.Count > offset {
			r.From = n.c.key(kindRecord, run.Key)
			return r, offset, nil
		}
		offset -= run.Count
	}
	r.From = r.To
	return r, 0, nil
}
