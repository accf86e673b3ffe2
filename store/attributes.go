package store

import (
	"cmp"
	"errors"
	"iter"
	"slices"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/record"
)

// AttributeType is what attributes are grouped by (the document's "Attribute types"). Its name is unique. Those of
// the store itself are read-only or below id 10000.
type AttributeType struct {
	AttributeTypeID int    `example:"10000"` // ID of the attribute type.
	Name            string `example:"Rack"`  // Name of the attribute type.
	IsReadOnly      bool   `example:"false"` // Whether the attribute type is built in and cannot be changed.
}

// Attribute is what an asset can carry (the document's "Attributes"). Its ShortName is unique within its type. It
// is read-only with its type.
type Attribute struct {
	AttributeID       int    `example:"10001"`         // ID of the attribute.
	AttributeTypeID   int    `example:"10000"`         // ID of the attribute's type.
	ParentAttributeID *int   `example:"10000"`         // ID of the attribute, of the same type, that this one is in; null: it is in none.
	ShortName         string `example:"A1"`            // Short name of the attribute.
	LongName          string `example:"Row A, rack 1"` // Long name of the attribute, the short name unless it is given.
	Description       string `example:"By the door"`   // Description of the attribute.
	ValueInt          *int   `example:"4"`             // A number that goes with the attribute.
	IsReadOnly        bool   `example:"false"`         // Whether the attribute is built in and cannot be deleted.
}

// The longest members of attributes and their types, in code points, and how deep attributes may lie within each
// other and how many an asset may carry: so many can be taken from it in one transaction.
const (
	MaxAttributeName        = 64
	MaxAttributeDescription = 255
	MaxAttributeDepth       = 10
	MaxAssetAttributes      = kv.MaxWrites
)

func (t *AttributeType) Validate(*Tx) error {
	return required("Name", t.Name, MaxAttributeName)
}

func (t *AttributeType) AfterWrite(tx *Tx, old *AttributeType) error {
	if t != nil {
		return nil
	}
	return record.SweepLater(tx, sweepOfAttributeType, old.AttributeTypeID)
}

// Writable returns an ErrInvalid for a type that may not be changed: nothing is added to it or taken from it.
func (t *AttributeType) Writable() error {
	if t.IsReadOnly {
		return Invalid("Attribute Type %q is read-only", t.Name)
	}
	return nil
}

// AttributeTypeByName returns the attribute type of that name, without regard to case, or ErrNotFound.
func AttributeTypeByName(tx *Tx, name string) (*AttributeType, error) {
	return attributeTypeByName.One(tx, K(record.Fold(name)), name)
}

func (t *AttributeType) CascadeSummary(tx *Tx) ([]UserAuditDetail, error) {
	attributes, assignments := 0, 0
	for a, err := range attributesOf(tx, t.AttributeTypeID) {
		if err != nil {
			return nil, err
		}
		n, err := record.CountOf(AssetAttribute.To(tx, a.AttributeID))
		if err != nil {
			return nil, err
		}
		attributes, assignments = attributes+1, assignments+n
	}
	return []UserAuditDetail{record.Detail("Attributes", attributes, ""), record.Detail("Assignments", assignments, "")}, nil
}

// clearAttributeType clears away the attributes of a deleted type.
func clearAttributeType(b *record.SweepBatch, id int) error {
	return record.Remove(b, Attributes, attributesOf(b.Tx, id))
}

// Validate fills in the LongName and makes way for a name that only an attribute still has which died with its parent.
func (a *Attribute) Validate(tx *Tx) error {
	if a.LongName == "" {
		a.LongName = a.ShortName
	}
	if err := cmp.Or(
		required("ShortName", a.ShortName, MaxAttributeName), short("LongName", a.LongName, MaxAttributeName),
		short("Description", a.Description, MaxAttributeDescription),
	); err != nil {
		return err
	}
	t, err := AttributeTypes.Get(tx, a.AttributeTypeID)
	if errors.Is(err, ErrNotFound) {
		return Invalid("AttributeTypeID: there is no Attribute Type %d", a.AttributeTypeID)
	}
	if err != nil {
		return err
	}
	a.IsReadOnly = t.IsReadOnly
	if err := a.checkParent(tx); err != nil {
		return err
	}
	holder, err := attributeByName.One(tx, K(a.AttributeTypeID, record.Fold(a.ShortName)), a.ShortName)
	if err != nil {
		return record.Ignore(ErrNotFound, err)
	}
	if _, err = holder.ancestors(tx); errors.Is(err, ErrNotFound) {
		return Attributes.Replace(tx.Unaudited(), holder, nil)
	}
	return err
}

func (a *Attribute) checkParent(tx *Tx) error {
	if a.ParentAttributeID == nil {
		return nil
	}
	parent, err := Attributes.Get(tx, *a.ParentAttributeID)
	var above []*Attribute
	if err == nil {
		above, err = parent.ancestors(tx)
	}
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && parent.AttributeTypeID != a.AttributeTypeID:
		return Invalid("ParentAttributeID: there is no Attribute %d of Attribute Type %d", *a.ParentAttributeID, a.AttributeTypeID)
	case len(above)+2 > MaxAttributeDepth:
		return Invalid("ParentAttributeID: attributes lie at most %d deep within each other", MaxAttributeDepth)
	}
	return err
}

func (a *Attribute) AfterWrite(tx *Tx, old *Attribute) error {
	if a != nil {
		return nil
	}
	return record.SweepLater(tx, sweepOfAttribute, old.AttributeID)
}

// Writable returns an ErrInvalid for an attribute that may not be changed.
func (a *Attribute) Writable() error {
	if a.IsReadOnly {
		return Invalid("Attribute %q is read-only", a.ShortName)
	}
	return nil
}

func (a *Attribute) CascadeSummary(tx *Tx) ([]UserAuditDetail, error) {
	children, err := record.CascadeDetail("ChildAttributes", ChildAttributes(tx, a.AttributeID))
	if err != nil {
		return nil, err
	}
	assignments, err := record.CascadeDetail("Assignments", AssetAttribute.To(tx, a.AttributeID))
	return append(children, assignments...), err
}

// clearAttribute clears away the assignments and the children of a deleted attribute.
func clearAttribute(b *record.SweepBatch, id int) error {
	if err := cmp.Or(record.CutTo(b, AssetAttribute, id), record.CutTo(b, RuleAttribute, id)); err != nil {
		return err
	}
	return record.Remove(b, Attributes, ChildAttributes(b.Tx, id))
}

// ancestors returns what an attribute lies within, the nearest first. It returns ErrNotFound if one of them or the
// type was deleted: then the attribute is gone too, although a sweep may not have come to it yet.
func (a *Attribute) ancestors(tx *Tx) (above []*Attribute, err error) {
	if there, err := AttributeTypes.Has(tx, a.AttributeTypeID); err != nil || !there {
		return nil, cmp.Or(err, record.NotFound(Attributes.Name(), a.AttributeID))
	}
	for at := a; at.ParentAttributeID != nil; above = append(above, at) {
		if at, err = Attributes.Get(tx, *at.ParentAttributeID); errors.Is(err, ErrNotFound) {
			err = record.NotFound(Attributes.Name(), a.AttributeID)
		}
		if err != nil {
			return nil, err
		}
	}
	return above, nil
}

// AttributeByID returns an attribute, or ErrNotFound: also when what it lies within was deleted, which is why this and
// not Attributes.Get is the way to an attribute that somebody asks for.
func AttributeByID(tx *Tx, id int) (*Attribute, error) {
	a, err := Attributes.Get(tx, id)
	if err == nil {
		_, err = a.ancestors(tx)
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

// AttributesOf returns the attributes of a type in the order of their ids, or ErrNotFound.
func AttributesOf(tx *Tx, typeID int) ([]*Attribute, error) {
	if _, err := AttributeTypes.Get(tx, typeID); err != nil {
		return nil, err
	}
	var list []*Attribute
	byID := map[int]*Attribute{}
	for a, err := range attributesOf(tx, typeID) {
		if err != nil {
			return nil, err
		}
		list, byID[a.AttributeID] = append(list, a), a
	}
	return slices.DeleteFunc(list, func(a *Attribute) bool {
		for a.ParentAttributeID != nil {
			if a = byID[*a.ParentAttributeID]; a == nil {
				return true // deleted, and not swept yet
			}
		}
		return false
	}), nil
}

// attributesOf yields the records of a type, also those that a sweep has yet to come to.
func attributesOf(tx *Tx, typeID int) iter.Seq2[*Attribute, error] {
	return Attributes.In(tx, K(typeID))
}

// ChildAttributes yields the attributes directly within another, in the order of their ids.
func ChildAttributes(tx *Tx, id int) iter.Seq2[*Attribute, error] {
	return attributesByParent.Each(tx, K(id))
}

// AttributeIn returns the attribute of a type and a name.
func AttributeIn(tx *Tx, typeID int, name string) (*Attribute, error) {
	a, err := attributeByName.One(tx, K(typeID, record.Fold(name)), name)
	if err == nil {
		_, err = a.ancestors(tx)
	}
	if errors.Is(err, ErrNotFound) {
		return nil, record.NotFound(Attributes.Name(), name)
	}
	return a, err
}
