package server_test

import (
	"strconv"

	"github.com/musterhq/muster/store"
)

// belongings finds or makes, for the guard tests, what assets can have.
func belongings(tx *store.Tx, noun string) (o object, err error) {
	switch noun {
	case "AttributeTypes":
		t, err := anAttributeType(tx)
		return object{strconv.Itoa(t.AttributeTypeID), t.Name}, err
	case "Attributes":
		a, err := aCarriedAttribute(tx)
		if err != nil {
			return o, err
		}
		return object{strconv.Itoa(a.AttributeID), a.ShortName}, nil
	case "Databases":
		a, err := anAsset(tx)
		if err != nil {
			return o, err
		}
		d := &store.Database{AssetID: a.AssetID, PlatformID: 79, InstanceName: "orders", Port: 5432}
		err = store.Databases.Insert(tx, d)
		return object{strconv.Itoa(d.DatabaseID), "orders"}, err
	}
	return object{"79", "PostgreSQL"}, nil
}

func anAttributeType(tx *store.Tx) (*store.AttributeType, error) {
	if old, err := store.AttributeTypeByName(tx, "floor"); err == nil {
		return old, nil
	}
	t := &store.AttributeType{Name: "Floor"}
	return t, store.AttributeTypes.Insert(tx, t)
}

func aCarriedAttribute(tx *store.Tx) (*store.Attribute, error) {
	t, err := anAttributeType(tx)
	if err != nil {
		return nil, err
	}
	a := &store.Attribute{AttributeTypeID: t.AttributeTypeID, ShortName: "Ground"}
	if old, err := store.AttributesOf(tx, t.AttributeTypeID); err != nil {
		return nil, err
	} else if len(old) > 0 {
		a = old[0]
	} else if err := store.Attributes.Insert(tx, a); err != nil {
		return nil, err
	}
	asset, err := anAsset(tx)
	if err != nil {
		return nil, err
	}
	return store.AssignAttribute(tx, asset.AssetID, a.AttributeID)
}
