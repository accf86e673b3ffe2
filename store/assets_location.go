package store

import (
	"iter"

	"github.com/musterhq/muster/store/record"
)

// AssetsOf yields the assets of a Workgroup.
func AssetsOf(tx *Tx, workgroupID int) iter.Seq2[*Asset, error] {
	return Assets.In(tx, K(workgroupID))
}

// assetRef is an asset and its Workgroup, which are the key of its record.
type assetRef struct{ workgroup, asset int }

// assetRefAt reads the tail of an asset's record.
func assetRefAt(tail Key) (m assetRef, err error) {
	if m.workgroup, tail, err = record.CutInt(tail); err != nil {
		return m, err
	}
	m.asset, _, err = record.CutInt(tail)
	return m, err
}

// locate returns the Workgroup of an asset, and whether it exists, by a point read.
func locate(tx *Tx, assetID int) (m assetRef, exists bool, err error) {
	tail, err := tx.Get(Assets.Key(record.KindPointer, K(assetID)))
	if tail == nil || err != nil {
		return assetRef{asset: assetID}, false, err
	}
	m, err = assetRefAt(tail)
	return m, true, err
}
