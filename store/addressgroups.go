package store

import (
	"iter"
	"math"

	"github.com/musterhq/muster/store/record"
)

// AddressGroup is a set of addresses (the document's "Address groups"). Its name is unique within its Organization, and
// among the groups that have none.
type AddressGroup struct {
	AddressGroupID int    `example:"1"`                                    // ID of the address group.
	Name           string `example:"Quarantine networks"`                  // Name of the address group.
	OrganizationID Text   `example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a101"` // ID of the organization that the address group belongs to; null: it is everybody's.
}

// MaxAddressGroupName is how many code points the name of an address group may have.
const MaxAddressGroupName = 225

func (g *AddressGroup) Validate(tx *Tx) error {
	if err := required("Name", g.Name, MaxAddressGroupName); err != nil || g.OrganizationID == "" {
		return err
	}
	known, err := Organizations.Has(tx, string(g.OrganizationID))
	if err == nil && !known {
		err = Invalid("OrganizationID: there is no Organization %q", string(g.OrganizationID))
	}
	return err
}

// AddressGroupByID returns an address group that the actor may see, or ErrNotFound.
func AddressGroupByID(tx *Tx, id int) (*AddressGroup, error) {
	g, err := AddressGroups.Get(tx, id)
	if err != nil {
		return nil, err
	}
	return g, See(tx, AddressGroups.Name(), id, string(g.OrganizationID))
}

// AddressGroupByName returns the address group of that name, without regard to case, or ErrNotFound. Of several that
// the actor may see, the one without an Organization is meant, else the oldest.
func AddressGroupByName(tx *Tx, name string) (*AddressGroup, error) {
	var found *AddressGroup
	for g, err := range addressGroupByName.Each(tx, K(record.Fold(name))) {
		if err != nil {
			return nil, err
		}
		if sees, err := Sees(tx, string(g.OrganizationID)); err != nil {
			return nil, err
		} else if !sees {
			continue
		}
		if g.OrganizationID == "" {
			return g, nil
		}
		if found == nil || g.AddressGroupID < found.AddressGroupID {
			found = g
		}
	}
	if found == nil {
		return nil, record.NotFound(AddressGroups.Name(), name)
	}
	return found, nil
}

// AddressGroupsOf yields the address groups of an Organization together with those that are everybody's.
func AddressGroupsOf(tx *Tx, organizationID string) iter.Seq2[*AddressGroup, error] {
	return func(yield func(*AddressGroup, error) bool) {
		for g, err := range AddressGroups.All(tx) {
			if err == nil && g.OrganizationID != "" && string(g.OrganizationID) != organizationID {
				continue
			}
			if !yield(g, err) || err != nil {
				return
			}
		}
	}
}

func (g *AddressGroup) CascadeSummary(tx *Tx) ([]UserAuditDetail, error) {
	n, err := countAddresses(tx, g.AddressGroupID)
	if n == 0 || err != nil {
		return nil, err
	}
	return []UserAuditDetail{record.Detail("Addresses", n, "")}, nil
}

// AfterWrite makes a deleted group take its addresses along.
func (g *AddressGroup) AfterWrite(tx *Tx, old *AddressGroup) error {
	if g != nil {
		return nil
	}
	if err := record.Ignore(ErrNotFound, addressClearings.Delete(tx, old.AddressGroupID)); err != nil {
		return err
	}
	return record.SweepLater(tx, sweepOfAddressGroup, old.AddressGroupID)
}

// clearAddressGroup clears away deleted addresses: all of a deleted group, otherwise those that were cleared.
func clearAddressGroup(b *record.SweepBatch, id int) error {
	last, err := lastCleared(b.Tx, id)
	if err != nil {
		return err
	}
	lives, err := AddressGroups.Has(b.Tx, id)
	if err != nil {
		return err
	}
	if !lives {
		last = math.MaxInt
	}
	return record.Remove(b, Addresses, Addresses.Records(b.Tx, addressRange(id, 0, last)))
}

// AddressGroupIn returns the address group of an Organization, empty for none, and a name.
func AddressGroupIn(tx *Tx, organizationID, name string) (*AddressGroup, error) {
	return addressGroupByName.One(tx, K(record.Fold(name), record.Fold(organizationID)), name)
}
