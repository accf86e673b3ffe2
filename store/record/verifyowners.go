package record

import "github.com/musterhq/muster/store/kv"

// Records are what something can belong to.
type Records[ID int | string] interface {
	Name() string
	Has(tx *Tx, id ID) (bool, error)
}

// OtherRecords are Records that are not those of one collection.
type OtherRecords struct {
	What   string // as Name says it
	Exists func(tx *Tx, id int) (bool, error)
}

// Name implements Records.
func (o OtherRecords) Name() string { return o.What }

// Has implements Records.
func (o OtherRecords) Has(tx *Tx, id int) (bool, error) { return o.Exists(tx, id) }

// Ownership is that the records of one collection belong to those of another.
type Ownership struct {
	of     Declaration                                     // the collection
	owned  func(v *Verification, record any) (bool, error) // whether the owner of a record is there
	verify func(*Verification) error                       // looks at every record
}

// Owned declares that a record belongs to the owner that it names, unless it names none. Sweep says who clears it away
// after its owner is deleted; empty: it goes with it at once.
func Owned[ID, Owner int | string, T any](c *Collection[ID, T], owner func(*T) Owner, in Records[Owner], sweep SweepKind) Ownership {
	var none Owner
	l := lives[Owner]{of: in.Name(), has: in.Has, sweep: sweep}
	return Ownership{
		of: c,
		owned: func(v *Verification, record any) (bool, error) {
			id := owner(record.(*T))
			if id == none {
				return true, nil
			}
			return l.there(v, id)
		},
		verify: func(v *Verification) error {
			for pair, err := range v.tx.Reader.Scan(kv.Prefix(c.Key(KindRecord, nil))) {
				if err != nil {
					return err
				}
				v.advance(c.name)
				record, err := c.Decode(pair.Value)
				if err != nil {
					continue // reported already
				}
				if id := owner(record); id != none {
					if err := l.check(v, c.name, pair.Key, id); err != nil {
						return err
					}
				}
			}
			return nil
		},
	}
}

// ownersOf are the ownerships of a collection's records.
func (v *Verification) ownersOf(c Declaration) (all []Ownership) {
	for _, o := range v.owners {
		if o.of == c {
			all = append(all, o)
		}
	}
	return all
}

// owns looks whether the owners of a record are there.
func (v *Verification) owns(owners []Ownership, record any) error {
	for _, o := range owners {
		there, err := o.owned(v, record)
		if err != nil {
			return err
		}
		v.orphaned = v.orphaned || !there
	}
	return nil
}

// owned finds records whose owner is gone. There are none in a store in which nothing was wrong up to now, and every owner
// was seen; a repair may have taken a pointer away by which one seemed to be there.
func (v *Verification) owned() error {
	if !v.orphaned && v.Problems+v.Repaired == 0 {
		return nil
	}
	for _, o := range v.schema.Owners() { // again: what v.owners remember is of an earlier snapshot
		if err := o.verify(v); err != nil {
			return err
		}
	}
	return nil
}

// linked finds links to what is gone.
func (v *Verification) linked() error {
	for _, d := range v.schema.Declared() {
		if l, ok := d.(interface{ verifyEnds(*Verification) error }); ok {
			if err := l.verifyEnds(v); err != nil {
				return err
			}
		}
	}
	return nil
}
