package store

import (
	"bytes"
	"encoding/json"
	"iter"

	"github.com/musterhq/muster/store/kv"
)

// assetsInABlock, a power of two, is how many ids share a count of assetsInBlock. A page that begins at some offset steps over the counts of
// the blocks before it and over half a block's assets, on average: fewer ids in a block make the one dearer, more the other.
const assetsInABlock = 512

// Block is the first id of those that share a count with the asset's.
func (a *Asset) Block() int { return a.AssetID &^ (assetsInABlock - 1) }

// AssetsIn lists the assets of a Workgroup in the order of their ids. How many there are, and where the one at an offset lies, is
// counted and not walked; a snapshot has the counts that belong to it.
func AssetsIn(workgroupID int) List {
	return List{
		Count: func(tx *Tx) (int, error) { return assetsInWorkgroup.Of(tx, K(workgroupID)) },
		Rows:  rowsBelow(K(workgroupID)),
	}
}

// allAssets is AllAssetsVisible of an actor who sees all Workgroups: its rows are one scan.
func allAssets() List { return List{Count: countVisible, Rows: rowsBelow(nil)} }

// rowsBelow are the rows of the assets whose places begin with a prefix: those of a Workgroup, or all.
func rowsBelow(prefix Key) func(tx *Tx, offset, limit int) iter.Seq2[json.RawMessage, error] {
	return func(tx *Tx, offset, limit int) iter.Seq2[json.RawMessage, error] {
		return func(yield func(json.RawMessage, error) bool) {
			among, offset, err := assetsInBlock.seek(tx, prefix, Assets.span(prefix, prefix), offset)
			if err != nil {
				yield(nil, err)
				return
			}
			for pair, err := range piece(tx.r.Scan(among), offset, limit) {
				if !yield(pair.Value, err) || err != nil {
					return
				}
			}
		}
	}
}

// AllAssetsVisible lists all assets in Workgroups that the actor may see, in the order of their Workgroups.
func AllAssetsVisible() List {
	return List{
		Count: countVisible,
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
					for row, err := range rowsBelow(w.Key)(tx, offset, limit) {
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

// countVisible returns how many assets there are in Workgroups that the actor may see.
func countVisible(tx *Tx) (n int, err error) {
	for w, err := range workgroupsSeen(tx) {
		if err != nil {
			return 0, err
		}
		n += w.Count
	}
	return n, nil
}

// workgroupsSeen yields the Workgroups that the actor may see, with the numbers of their assets. Each is read by its key: a scan
// over what changes all the time steps over every version that it had of late.
func workgroupsSeen(tx *Tx) iter.Seq2[Counted, error] {
	return func(yield func(Counted, error) bool) {
		prefix := Workgroups.key(kindRecord, nil)
		for pair, err := range tx.r.Scan(kv.Range{From: prefix, To: kv.Prefix(prefix).To, KeysOnly: true}) {
			var w Counted
			sees := err != nil
			if err == nil {
				w.Key = bytes.Clone(pair.Key[len(prefix):])
				sees, err = w.visible(tx)
			}
			if (sees || err != nil) && !yield(w, err) || err != nil {
				return
			}
		}
	}
}

// visible reports whether the actor may see a Workgroup, and counts its assets if he may.
func (w *Counted) visible(tx *Tx) (bool, error) {
	id, _, err := cutInt(w.Key)
	if err != nil {
		return false, err
	}
	sees, err := tx.seesWorkgroup(id)
	if !sees || err != nil {
		return false, err
	}
	w.Count, err = assetsInWorkgroup.Of(tx, w.Key)
	return true, err
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
