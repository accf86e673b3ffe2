package lab

import (
	"errors"

	"github.com/musterhq/muster/store"
)

// AttributeType is what attributes are grouped by, known by its name. A built-in one may get more attributes.
type AttributeType struct {
	Place
	Name       string       `lab:"required"` // Name of the attribute type.
	Attributes []*Attribute // Attributes that the type has at least.
}

// Attribute is what an asset can carry, known by its ShortName within its type.
type Attribute struct {
	Place
	ShortName       string       `lab:"required"` // Name of the attribute.
	LongName        *string      // A longer name; the ShortName unless it is given.
	Description     *string      // Description of the attribute.
	ValueInt        *int         // A number to compare by.
	ChildAttributes []*Attribute // Attributes within this one.
}

func (t *AttributeType) steps() []step {
	all := []step{{t, t.put}}
	return append(all, attributeSteps(t, "", t.Attributes)...)
}

func attributeSteps(t *AttributeType, parent string, attributes []*Attribute) (all []step) {
	for _, a := range attributes {
		all = append(all, step{a, func(p *loader) error { return a.put(p, t, parent) }})
		all = append(all, attributeSteps(t, a.ShortName, a.ChildAttributes)...)
	}
	return all
}

func (t *AttributeType) put(p *loader) error {
	found, err := store.AttributeTypeByName(p.tx, t.Name)
	_, err = put(p, store.AttributeTypes, t, quoted(t.Name), found, err)
	return err
}

func (a *Attribute) put(p *loader, t *AttributeType, parent string) error {
	kind, err := store.AttributeTypeByName(p.tx, t.Name)
	if err != nil {
		return err
	}
	var parentID *int
	if parent != "" {
		above, err := store.AttributeIn(p.tx, kind.AttributeTypeID, parent)
		if err != nil {
			return err
		}
		parentID = &above.AttributeID
	}
	found, err := store.AttributeIn(p.tx, kind.AttributeTypeID, a.ShortName)
	_, err = put(p, store.Attributes, a, quoted(t.Name, a.ShortName), found, err, func(r *store.Attribute, isNew bool) error {
		if isNew {
			r.AttributeTypeID, r.ParentAttributeID = kind.AttributeTypeID, parentID
			return kind.Writable()
		}
		if or(r.ParentAttributeID, 0) != or(parentID, 0) {
			return store.Invalid("ShortName: the Attribute %q of %q lies elsewhere and stays there", a.ShortName, t.Name)
		}
		return nil
	})
	return err
}

// carried is the attribute that an entry of an asset or a rule names.
func carried(p *loader, e *Entry, name *Name) (*store.Attribute, error) {
	kind, err := store.AttributeTypeByName(p.tx, e.Key)
	if kind, err = refer("Attributes", kind, err); err != nil {
		return nil, e.wrongly(err)
	}
	a, err := store.AttributeIn(p.tx, kind.AttributeTypeID, name.Text)
	if a, err = refer("Attributes", a, err); err != nil {
		return nil, name.wrongly(err)
	}
	return a, nil
}

// wrongly is wrong for errors of what the file says; others stay as they are.
func (p *Place) wrongly(err error) error {
	if _, placed := errors.AsType[*Error](err); err == nil || placed || !known(err) {
		return err
	}
	return p.wrong(err)
}

func (c *collector) attributeTypes() (all []*AttributeType, err error) {
	for r, err := range store.AttributeTypes.All(c.tx) {
		if err != nil {
			return nil, err
		}
		list, err := store.AttributesOf(c.tx, r.AttributeTypeID)
		if err != nil {
			return nil, err
		}
		t := &AttributeType{}
		show(t, r)
		for _, a := range list {
			c.attributeNames[a.AttributeID] = [2]string{r.Name, a.ShortName}
		}
		if t.Attributes = c.attributesWithin(list, nil); len(t.Attributes) > 0 || !store.IsBuiltIn(r.AttributeTypeID) {
			all = append(all, t)
		}
	}
	return all, nil
}

// attributesWithin returns the attributes of a list whose parent is the given one, and their children. Built-in ones are there
// only for the sake of children that are not.
func (c *collector) attributesWithin(list []*store.Attribute, parent *int) (within []*Attribute) {
	for _, r := range list {
		if or(r.ParentAttributeID, 0) != or(parent, 0) {
			continue
		}
		a := &Attribute{ChildAttributes: c.attributesWithin(list, &r.AttributeID)}
		if show(a, r); a.LongName != nil && *a.LongName == a.ShortName {
			a.LongName = nil
		}
		if len(a.ChildAttributes) > 0 || !store.IsBuiltIn(r.AttributeID) {
			within = append(within, a)
		}
	}
	return within
}

// entries groups attributes by their types.
func (c *collector) entries(ids []int) (all Entries) {
	for _, id := range ids {
		name, known := c.attributeNames[id]
		if !known {
			continue // deleted, and not swept yet
		}
		i := indexOf(all, func(e *Entry) bool { return e.Key == name[0] })
		if i < 0 {
			i, all = len(all), append(all, &Entry{Key: name[0]})
		}
		all[i].Names = append(all[i].Names, &Name{Text: name[1]})
	}
	return all
}
