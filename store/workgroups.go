package store

import (
	"errors"

	"github.com/musterhq/muster/store/record"
)

// Workgroup is a set of assets within an Organization (the document's "Workgroups").
type Workgroup struct {
	OrganizationID string `example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a101"` // ID of the organization to which the Workgroup belongs.
	ID             int    `example:"2"`                                    // ID of the Workgroup.
	Name           string `example:"Meridian Data Center"`                 // Name of the Workgroup, unique within its organization.
}

func (w *Workgroup) Validate(tx *Tx) error {
	if err := required("Name", w.Name, 256); err != nil {
		return err
	}
	asked := w.OrganizationID
	w.OrganizationID = record.Fold(asked)
	_, err := OrganizationByID(tx, asked)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) {
		return Invalid("OrganizationID: there is no Organization %q", asked)
	}
	return err
}

// AfterWrite keeps the device group that a Workgroup is to another door.
func (w *Workgroup) AfterWrite(tx *Tx, old *Workgroup) error {
	tx = tx.Unaudited()
	switch {
	case w == nil:
		return record.Ignore(ErrNotFound, DeviceGroups.Delete(tx, old.ID))
	case old == nil:
		return DeviceGroups.Insert(tx, &DeviceGroup{WorkgroupID: w.ID})
	}
	g, err := DeviceGroupOf(tx, w.ID)
	if err != nil {
		return err
	}
	g.LastModified = tx.Now
	return PutDeviceGroup(tx, g)
}

// WorkgroupByID returns a Workgroup that the actor may see, or ErrNotFound. It is shared, and must not be changed.
func WorkgroupByID(tx *Tx, id int) (*Workgroup, error) {
	w, err := workgroup(tx, id)
	if err != nil {
		return nil, err
	}
	return w, See(tx, Workgroups.Name(), id, w.OrganizationID)
}

// workgroup returns a Workgroup without regard to who may see it. It is shared.
func workgroup(tx *Tx, id int) (*Workgroup, error) {
	raw, err := Workgroups.Raw(tx, id)
	if err != nil {
		return nil, err
	}
	return dbOf(tx).workgroups.Of(raw, Workgroups.Decode)
}

// seesWorkgroup reports whether the actor may see what lies in a Workgroup.
func seesWorkgroup(tx *Tx, id int) (bool, error) {
	if tx.By.Admin {
		return true, nil
	}
	w, err := workgroup(tx, id)
	if err != nil {
		return false, record.Ignore(ErrNotFound, err)
	}
	return Sees(tx, w.OrganizationID)
}

// WorkgroupByName returns the Workgroup of that name, without regard to case, or ErrNotFound. Names are unique
// within an Organization; of several that the actor may see, the oldest is meant.
func WorkgroupByName(tx *Tx, name string) (*Workgroup, error) {
	var found *Workgroup
	for w, err := range workgroupByName.Each(tx, K(record.Fold(name))) {
		if err != nil {
			return nil, err
		}
		if sees, err := Sees(tx, w.OrganizationID); err != nil {
			return nil, err
		} else if sees && (found == nil || w.ID < found.ID) {
			found = w
		}
	}
	if found == nil {
		return nil, record.NotFound(Workgroups.Name(), name)
	}
	return found, nil
}

// WorkgroupIn returns the Workgroup of an Organization and a name.
func WorkgroupIn(tx *Tx, organizationID, name string) (*Workgroup, error) {
	return workgroupByName.One(tx, K(record.Fold(name), organizationID), name)
}
