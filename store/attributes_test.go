package store

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/kv/badgerkv"
)

// attributeType inserts an attribute type and returns its id.
func (l *fixture) attributeType(name string) int {
	l.t.Helper()
	return update(l, func(tx *Tx) (int, error) {
		t := &AttributeType{Name: name}
		err := AttributeTypes.Insert(tx, t)
		return t.AttributeTypeID, err
	})
}

// attribute inserts an attribute, within another unless parent is 0, and returns its id.
func (l *fixture) attribute(typeID, parent int, name string) int {
	l.t.Helper()
	return update(l, func(tx *Tx) (int, error) { return insertAttribute(tx, typeID, parent, name) })
}

func insertAttribute(tx *Tx, typeID, parent int, name string) (int, error) {
	a := &Attribute{AttributeTypeID: typeID, ShortName: name}
	if parent != 0 {
		a.ParentAttributeID = &parent
	}
	err := Attributes.Insert(tx, a)
	return a.AttributeID, err
}

// carries lists the names of the attributes that an asset carries.
func (l *fixture) carries(asset int) []string {
	l.t.Helper()
	return names(view(l, func(tx *Tx) ([]*Attribute, error) { return AssetAttributes(tx, asset) }))
}

// attributesOf lists the names of a type's attributes.
func (l *fixture) attributesOf(typeID int) []string {
	l.t.Helper()
	return names(view(l, func(tx *Tx) ([]*Attribute, error) { return AttributesOf(tx, typeID) }))
}

func names(list []*Attribute) []string {
	found := []string{}
	for _, a := range list {
		found = append(found, a.ShortName)
	}
	return found
}

// assign links many assets, which need not exist, to an attribute.
func (l *fixture) assign(attribute, assets int) {
	l.t.Helper()
	const together = 5000
	for first := 1; first <= assets; first += together {
		l.change(func(tx *Tx) error {
			for asset := first; asset < min(first+together, assets+1); asset++ {
				if err := AssetAttribute.Set(tx.Unaudited(), asset, attribute, 0); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// TestATypeWithManyAssignmentsDiesAtOnceAndIsSweptInSmallTransactions deletes a type with 50,000 assignments, crashes
// in the middle of its sweep and looks at what can be seen all the while.
func TestATypeWithManyAssignmentsDiesAtOnceAndIsSweptInSmallTransactions(t *testing.T) {
	t.Parallel()
	l := newFixtureIn(t, badgerkv.Options{InMemory: true}) // which takes large transactions
	typeID, others := l.attributeType("Floor"), l.attributeType("Room")
	ground, kitchen := l.attribute(typeID, 0, "Ground"), l.attribute(others, 0, "Kitchen")
	first := l.asset(Asset{IPAddress: "192.0.2.1"})
	corner := 0
	for i := range 200 {
		corner = l.attribute(typeID, ground, fmt.Sprintf("Corner %d", i))
	}
	l.assign(ground, 50_000)
	l.assign(kitchen, 1)

	engine := &mortal{Engine: l.under.Engine, lives: 300}
	l.under.Engine = engine
	audits := l.audits(func() { l.change(func(tx *Tx) error { return AttributeTypes.Delete(tx, typeID) }) })
	equal(t, "audits", audits, []string{
		`Delete Attribute Type: AttributeTypeID "10000" → "", Name "Floor" → "", IsReadOnly "false" → "", Attributes "201" → "", Assignments "50000" → ""`,
	})
	gone := func(when string) {
		t.Helper()
		equal(t, "attributes of the asset "+when, l.carries(first), []string{"Kitchen"})
		for _, err := range []error{
			Change(l.ctx, l.DB, System("test"), func(tx *Tx) error { _, err := AttributeByID(tx, ground); return err }),
			Change(l.ctx, l.DB, System("test"), func(tx *Tx) error { _, err := AttributeByID(tx, corner); return err }),
			Change(l.ctx, l.DB, System("test"), func(tx *Tx) error { _, err := AttributesOf(tx, typeID); return err }),
			Change(l.ctx, l.DB, System("test"), func(tx *Tx) error { _, err := AssignAttribute(tx, first, ground); return err }),
			Change(l.ctx, l.DB, System("test"), func(tx *Tx) error { return TakeAttribute(tx, first, ground) }),
		} {
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: %v, want not found", when, err)
			}
		}
	}
	gone("before the sweep")
	if err := l.DB.Sweep(l.ctx); !errors.Is(err, errKilled) {
		t.Fatalf("Sweep: %v", err)
	}
	if left := len(l.keys("aa>")); left < 2 || left > 50_000 {
		t.Fatalf("%d assignments are left, want the test to stop in the middle", left)
	}
	l.reopen()
	engine.lives, l.under.Engine = math.MaxInt, engine
	gone("after a crash in the middle of the sweep")
	equal(t, "audits of the sweep", l.audits(l.sweep), []string{})
	gone("after the sweep")
	if left := l.keys("aa"); len(left) != 2 {
		t.Errorf("%d keys of assignments are left, want both of Kitchen", len(left))
	}
	if left := append(l.keys("jo="), l.keys("an="+string(K(typeID)))...); len(left) != 0 {
		t.Errorf("%q are left", left)
	}
	if engine.most > kv.MaxWrites {
		t.Errorf("a transaction wrote %d keys", engine.most)
	}
}

func TestAnAttributeTakesAlongWhatLiesWithinIt(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	typeID := l.attributeType("Place")
	europe := l.attribute(typeID, 0, "Europe")
	france := l.attribute(typeID, europe, "France")
	paris := l.attribute(typeID, france, "Paris")
	l.attribute(typeID, 0, "Asia")
	asset := l.asset(Asset{IPAddress: "192.0.2.1"})
	for _, id := range []int{europe, paris} {
		l.change(func(tx *Tx) error { _, err := AssignAttribute(tx, asset, id); return err })
	}
	equal(t, "audits", l.audits(func() { l.change(func(tx *Tx) error { return Attributes.Delete(tx, europe) }) }), []string{
		`Delete Attribute: AttributeID "10000" → "", AttributeTypeID "10000" → "", ShortName "Europe" → "", LongName "Europe" → "", IsReadOnly "false" → "", ChildAttributes "1" → "", Assignments "1" → ""`,
	})
	equal(t, "attributes of the type", l.attributesOf(typeID), []string{"Asia"})
	equal(t, "attributes of the asset", l.carries(asset), []string{})
	for _, id := range []int{europe, france, paris} {
		l.refused(ErrNotFound, func(tx *Tx) error { _, err := AttributeByID(tx, id); return err })
		l.refused(ErrInvalid, func(tx *Tx) error { _, err := insertAttribute(tx, typeID, id, "Lyon"); return err })
	}
	again := l.attribute(typeID, 0, "paris") // before a sweep has come to the old one
	l.sweep()
	equal(t, "attributes of the type after the sweep", l.attributesOf(typeID), []string{"Asia", "paris"})
	if a := get(l, Attributes, again); a.ParentAttributeID != nil {
		t.Errorf("the new attribute lies within %d", *a.ParentAttributeID)
	}
	if left := l.keys("aa"); len(left) != 0 {
		t.Errorf("%q are left", left)
	}
}

func TestAssignmentsBesideADeletionLeaveNothing(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	typeID := l.attributeType("Place")
	europe := l.attribute(typeID, 0, "Europe")
	paris := l.attribute(typeID, europe, "Paris")
	const assets = 16
	for i := range assets {
		l.asset(Asset{IPAddress: fmt.Sprintf("192.0.2.%d", i)})
	}
	errs := atOnce(assets+2, func(i int) error {
		return Change(l.ctx, l.DB, System("test"), func(tx *Tx) error {
			switch i {
			case 0:
				return AttributeTypes.Delete(tx, typeID)
			case 1:
				_, err := insertAttribute(tx, typeID, paris, "Louvre")
				return err
			}
			_, err := AssignAttribute(tx, i-1, paris)
			return err
		})
	})
	for i, err := range errs {
		if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrInvalid) {
			t.Errorf("%d: %v", i, err)
		}
	}
	l.sweep()
	if left := append(append(l.keys("aa"), l.keys("an="+string(K(typeID)))...), l.keys("jo=")...); len(left) != 0 {
		t.Errorf("%q are left", left)
	}
}

func TestAttributesLieOnlySoDeep(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	typeID, parent := l.attributeType("Place"), 0
	for depth := range MaxAttributeDepth {
		parent = l.attribute(typeID, parent, fmt.Sprint("Level ", depth+1))
	}
	says := l.refused(ErrInvalid, func(tx *Tx) error { _, err := insertAttribute(tx, typeID, parent, "Too deep"); return err })
	if want := "ParentAttributeID: attributes lie at most 10 deep within each other"; says != want {
		t.Errorf("the refusal says %q, want %q", says, want)
	}
}

func TestAnAssetCarriesOnlySoMuch(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	asset := l.laden("192.0.2.1", MaxAssetAttributes-1)
	assign := func(id int) func(tx *Tx) error {
		return func(tx *Tx) error { _, err := AssignAttribute(tx, asset, id); return err }
	}
	l.change(assign(17))
	says := l.refused(ErrInvalid, assign(18))
	if want := "an asset carries at most 500 attributes"; says != want {
		t.Errorf("the refusal says %q, want %q", says, want)
	}
	l.change(assign(17)) // which it carries already
	audits := l.audits(func() { l.change(func(tx *Tx) error { return TakeAttributes(tx, asset) }) })
	if len(audits) != 1 || !strings.HasPrefix(audits[0], `Delete Asset Attribute: AssetID "1" → "", Attributes "500" → "0", AttributeID "17" → "", AttributeID "10000" → ""`) {
		t.Errorf("taking all attributes leaves %q", audits)
	}
	if left := l.keys("aa"); len(left) != 0 {
		t.Errorf("%q are left", left)
	}
}

func TestReadOnlyTypesAndAttributesSaySo(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for name, err := range map[string]error{
		`Attribute Type "Criticality" is read-only`: get(l, AttributeTypes, 3).Writable(),
		`Attribute "High" is read-only`:             get(l, Attributes, 17).Writable(),
	} {
		if !errors.Is(err, ErrInvalid) || err.Error() != name {
			t.Errorf("%v, want %s", err, name)
		}
	}
	if err := errors.Join(get(l, AttributeTypes, 1).Writable(), get(l, Attributes, 21).Writable()); err != nil {
		t.Error(err)
	}
}
