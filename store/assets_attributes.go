package store

import (
	"errors"

	"github.com/musterhq/muster/store/record"
)

// AssetAttributes returns the attributes that an asset carries, in the order of their ids.
func AssetAttributes(tx *Tx, assetID int) ([]*Attribute, error) {
	list := []*Attribute{}
	for assigned, err := range AssetAttribute.From(tx, assetID) {
		if err != nil {
			return nil, err
		}
		a, err := AttributeByID(tx, assigned.ID)
		switch {
		case errors.Is(err, ErrNotFound): // deleted, and not swept yet
		case err != nil:
			return nil, err
		default:
			list = append(list, a)
		}
	}
	return list, nil
}

// AssignAttribute lets an asset carry an attribute; that it does already is no error. It returns ErrNotFound for an
// asset or an attribute that is not there and ErrInvalid when the asset carries as many as it may.
func AssignAttribute(tx *Tx, assetID, attributeID int) (*Attribute, error) {
	if _, err := AssetByID(tx, assetID); err != nil {
		return nil, err
	}
	a, err := AttributeByID(tx, attributeID)
	if err != nil {
		return nil, err
	}
	if _, carried, err := AssetAttribute.Get(tx, assetID, attributeID); err != nil || carried {
		return a, err
	}
	n, err := record.CountOf(AssetAttribute.From(tx, assetID))
	if err != nil {
		return nil, err
	}
	if n >= MaxAssetAttributes {
		return nil, Invalid("an asset carries at most %d attributes", MaxAssetAttributes)
	}
	return a, AssetAttribute.Set(tx, assetID, attributeID, 0)
}

// TakeAttribute takes an attribute from an asset. It returns ErrNotFound for one that the asset does not carry.
func TakeAttribute(tx *Tx, assetID, attributeID int) error {
	if _, err := AssetByID(tx, assetID); err != nil {
		return err
	}
	if _, err := AttributeByID(tx, attributeID); err != nil {
		return err
	}
	carried, err := AssetAttribute.Cut(tx, assetID, attributeID)
	if err == nil && !carried {
		err = record.Error(ErrNotFound, "Attribute %d of Asset %d not found", attributeID, assetID)
	}
	return err
}

// TakeAttributes takes all attributes from an asset, as one act with one audit row. It returns ErrNotFound for an
// asset that is not there; that it carries none is no error.
func TakeAttributes(tx *Tx, assetID int) error {
	if _, err := AssetByID(tx, assetID); err != nil {
		return err
	}
	all := []int{}
	for assigned, err := range AssetAttribute.From(tx, assetID) {
		if err != nil {
			return err
		}
		all = append(all, assigned.ID)
	}
	if len(all) == 0 {
		return nil
	}
	details := []UserAuditDetail{record.Detail("AssetID", assetID, ""), record.Detail("Attributes", len(all), 0)}
	for _, id := range all {
		if _, err := AssetAttribute.Cut(tx.Unaudited(), assetID, id); err != nil {
			return err
		}
		details = append(details, record.Detail("AttributeID", id, ""))
	}
	return tx.Audit(record.ActionDelete, AssetAttribute.Name(), details...)
}
