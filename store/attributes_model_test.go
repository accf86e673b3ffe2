package store

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// attributeModel is what can be seen of attributes, as simple as it can be said: deleting takes effect at once.
type attributeModel struct {
	types      map[int]bool
	attributes map[int]Attribute
	carried    map[int]map[int]bool // by asset
}

// remove takes an attribute away with all that lies within it.
func (m *attributeModel) remove(id int) {
	delete(m.attributes, id)
	for _, carried := range m.carried {
		delete(carried, id)
	}
	for child, a := range maps.Clone(m.attributes) {
		if a.ParentAttributeID != nil && *a.ParentAttributeID == id {
			m.remove(child)
		}
	}
}

func (m *attributeModel) taken(typeID int, name string) bool {
	for _, a := range m.attributes {
		if a.AttributeTypeID == typeID && a.ShortName == name {
			return true
		}
	}
	return false
}

// TestAttributesAreWhatAModelSays does at random what the API can do with attributes, with sweeps that are killed in
// between, and compares all that can be seen with the model after each step.
func TestAttributesAreWhatAModelSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := newFixture(t)
		m := &attributeModel{types: map[int]bool{}, attributes: map[int]Attribute{}, carried: map[int]map[int]bool{}}
		for i := range 2 {
			m.carried[l.asset(Asset{IPAddress: fmt.Sprintf("192.0.2.%d", i+1)})] = map[int]bool{}
		}
		walk := &attributeWalk{fixture: l, m: m}
		walk.addType(t)
		t.Repeat(map[string]func(*rapid.T){
			"":                 walk.compare,
			"add a type":       walk.addType,
			"add an attribute": walk.add,
			"add another":      walk.add,
			"delete":           walk.delete,
			"delete a type":    walk.deleteType,
			"assign":           walk.assign,
			"take":             walk.take,
			"sweep":            walk.sweepAWhile,
		})
	})
}

type attributeWalk struct {
	*fixture
	m    *attributeModel
	made int // types, for their names
}

// one draws an id, now and then of something that is not there.
func one[V any](t *rapid.T, what string, of map[int]V) int {
	if ids := slices.Sorted(maps.Keys(of)); len(ids) > 0 && rapid.IntRange(0, 9).Draw(t, what+" is there") > 0 {
		return rapid.SampledFrom(ids).Draw(t, what)
	}
	return 999_999
}

// expect fails the test unless an error is of the given kind; nil wants none.
func expect(t *rapid.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) || kind == nil && err != nil {
		t.Fatalf("the error is %v, want %v", err, kind)
	}
}

func (w *attributeWalk) do(fn func(*Tx) error) error {
	return Change(w.ctx, w.DB, System("test"), fn)
}

func (w *attributeWalk) addType(*rapid.T) {
	w.made++
	w.m.types[w.attributeType(fmt.Sprint("Type ", w.made))] = true
}

func (w *attributeWalk) add(t *rapid.T) {
	a := Attribute{AttributeTypeID: one(t, "type", w.m.types), ShortName: rapid.SampledFrom([]string{"A", "B", "C", "D"}).Draw(t, "name")}
	if rapid.Bool().Draw(t, "within another") {
		parent := one(t, "parent", w.m.attributes)
		a.ParentAttributeID = &parent
		if rapid.IntRange(0, 9).Draw(t, "of the same type") > 0 {
			a.AttributeTypeID = w.m.attributes[parent].AttributeTypeID
		}
	}
	var want error
	switch {
	case !w.m.types[a.AttributeTypeID]:
		want = ErrInvalid
	case a.ParentAttributeID != nil && w.m.attributes[*a.ParentAttributeID].AttributeTypeID != a.AttributeTypeID:
		want = ErrInvalid
	case w.m.taken(a.AttributeTypeID, a.ShortName):
		want = ErrExists
	}
	err := w.do(func(tx *Tx) error { a.AttributeID = 0; return Attributes.Insert(tx, &a) })
	if expect(t, err, want); err == nil {
		w.m.attributes[a.AttributeID] = a
	}
}

func (w *attributeWalk) delete(t *rapid.T) {
	id := one(t, "attribute", w.m.attributes)
	err := w.do(func(tx *Tx) error {
		if _, err := AttributeByID(tx, id); err != nil {
			return err
		}
		return Attributes.Delete(tx, id)
	})
	expect(t, err, w.unless(ErrNotFound, w.m.attributes[id].AttributeID != 0))
	w.m.remove(id)
}

func (w *attributeWalk) deleteType(t *rapid.T) {
	id := one(t, "type", w.m.types)
	expect(t, w.do(func(tx *Tx) error { return AttributeTypes.Delete(tx, id) }), w.unless(ErrNotFound, w.m.types[id]))
	delete(w.m.types, id)
	for _, a := range maps.Clone(w.m.attributes) {
		if a.AttributeTypeID == id {
			w.m.remove(a.AttributeID)
		}
	}
}

func (w *attributeWalk) assign(t *rapid.T) {
	asset, id := one(t, "asset", w.m.carried), one(t, "attribute", w.m.attributes)
	there := w.m.carried[asset] != nil && w.m.attributes[id].AttributeID != 0
	err := w.do(func(tx *Tx) error { _, err := AssignAttribute(tx, asset, id); return err })
	if expect(t, err, w.unless(ErrNotFound, there)); there {
		w.m.carried[asset][id] = true
	}
}

func (w *attributeWalk) take(t *rapid.T) {
	asset, id := one(t, "asset", w.m.carried), one(t, "attribute", w.m.attributes)
	err := w.do(func(tx *Tx) error { return TakeAttribute(tx, asset, id) })
	expect(t, err, w.unless(ErrNotFound, w.m.carried[asset][id]))
	delete(w.m.carried[asset], id)
}

// unless is the error that is to be expected where something is not there.
func (*attributeWalk) unless(err error, there bool) error {
	if there {
		return nil
	}
	return err
}

// sweepAWhile sweeps until the process is killed, or to the end.
func (w *attributeWalk) sweepAWhile(t *rapid.T) {
	w.under.Engine = &mortal{Engine: w.under.Engine, lives: rapid.IntRange(0, 5).Draw(t, "transactions")}
	if err := w.DB.Sweep(w.ctx); err != nil && !errors.Is(err, errKilled) {
		t.Fatalf("Sweep: %v", err)
	}
	w.reopen()
}

func (w *attributeWalk) compare(t *rapid.T) {
	for id := range w.m.types {
		want := []int{}
		for _, a := range w.m.attributes {
			if a.AttributeTypeID == id {
				want = append(want, a.AttributeID)
			}
		}
		slices.Sort(want)
		equal(t, fmt.Sprint("attributes of type ", id), ids(view(w.fixture, func(tx *Tx) ([]*Attribute, error) { return AttributesOf(tx, id) })), want)
	}
	for asset, carried := range w.m.carried {
		equal(t, fmt.Sprint("attributes of asset ", asset),
			ids(view(w.fixture, func(tx *Tx) ([]*Attribute, error) { return AssetAttributes(tx, asset) })), slices.Sorted(maps.Keys(carried)))
	}
}

func ids(list []*Attribute) []int {
	found := []int{}
	for _, a := range list {
		found = append(found, a.AttributeID)
	}
	return found
}
