package store

import (
	"bytes"
	"encoding/json"
	"iter"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
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
			among, offset, err := assetsInBlock.Seek(tx, prefix, Assets.Span(prefix, prefix), offset)
			if err != nil {
				yield(nil, err)
				return
			}
			for pair, err := range record.Piece(tx.Reader.Scan(among), offset, limit) {
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
func workgroupsSeen(tx *Tx) iter.Seq2[record.Counted, error] {
	return func(yield func(record.Counted, error) bool) {
		prefix := Workgroups.Key(record.KindRecord, nil)
		for pair, err := range tx.Reader.Scan(kv.Range{From: prefix, To: kv.Prefix(prefix).To, KeysOnly: true}) {
			var w record.Counted
			sees := err != nil
			if err == nil {
				w.Key = bytes.Clone(pair.Key[len(prefix):])
				sees, err = countSeen(tx, &w)
			}
			if (sees || err != nil) && !yield(w, err) || err != nil {
				return
			}
		}
	}
}

// countSeen reports whether the actor may see a Workgroup, and counts its assets if they may.
func countSeen(tx *Tx, w *record.Counted) (bool, error) {
	id, _, err := record.CutInt(w.Key)
	if err != nil {
		return false, err
	}
	sees, err := seesWorkgroup(tx, id)
	if !sees || err != nil {
		return false, err
	}
	w.Count, err = assetsInWorkgroup.Of(tx, w.Key)
	return true, err
}
