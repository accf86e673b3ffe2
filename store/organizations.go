package store

import (
	"errors"
	"iter"

	"github.com/google/uuid"

	"github.com/musterhq/muster/store/record"
)

// Organization is what divides the store between its owners (the document's "Organizations").
type Organization struct {
	OrganizationID string `example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a101"` // ID of the organization, a GUID.
	Name           string `example:"Meridian Logistics"`                   // Name of the organization.
	IsActive       bool   `example:"true"`                                 // Whether the organization is active.
}

func (o *Organization) Validate(*Tx) error {
	if id, err := uuid.Parse(o.OrganizationID); err != nil || id.String() != o.OrganizationID {
		return Invalid("OrganizationID: a GUID in small letters is expected")
	}
	return required("Name", o.Name, 256)
}

// defaultOrganization is the key under which the store remembers which Organization is the default one.
const defaultOrganization = "default-organization"

// DefaultOrganization returns the id of the Organization that a Workgroup gets when nobody names one.
func DefaultOrganization(tx *Tx) (string, error) {
	id, err := tx.Get(record.StoreKey(defaultOrganization))
	return string(id), err
}

// OrganizationOfUnplaced returns the default Organization for a record that names none. An actor without access to it gets ErrInvalid,
// which asks for another one, or ErrDenied if there is no other: neither is about an id that the actor has not sent.
func OrganizationOfUnplaced(tx *Tx) (string, error) {
	id, err := DefaultOrganization(tx)
	if err != nil {
		return "", err
	}
	sees, err := Sees(tx, id)
	switch {
	case err != nil:
		return "", err
	case !sees && len(tx.Memo.(map[string]bool)) == 0:
		return "", Denied("access to an Organization is required, and your user groups have none")
	case !sees:
		return "", Invalid("OrganizationID is required: your user groups have no access to the default Organization")
	}
	return id, nil
}

// OrganizationByName returns an Organization that the actor may see, or ErrNotFound.
func OrganizationByName(tx *Tx, name string) (*Organization, error) {
	o, err := organizationByName.One(tx, K(record.Fold(name)), name)
	if err != nil {
		return nil, err
	}
	return o, See(tx, Organizations.Name(), name, o.OrganizationID)
}

// OrganizationByID returns an Organization that the actor may see, ErrNotFound, or ErrInvalid for what is no GUID.
func OrganizationByID(tx *Tx, id string) (*Organization, error) {
	if _, err := uuid.Parse(id); err != nil {
		return nil, Invalid("%q is not a GUID", record.AuditText(id))
	}
	o, err := Organizations.Get(tx, record.Fold(id))
	if errors.Is(err, ErrNotFound) {
		err = record.NotFound(Organizations.Name(), id) // in the spelling of what they may not see
	}
	if err != nil {
		return nil, err
	}
	return o, See(tx, Organizations.Name(), id, o.OrganizationID)
}

// Visible yields the records of a collection that belong to an Organization that the actor may see.
func Visible[ID int | string, T any](tx *Tx, c *Collection[ID, T], organization func(*T) string) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for record, err := range c.All(tx) {
			if err == nil {
				var sees bool
				if sees, err = Sees(tx, organization(record)); err == nil && !sees {
					continue
				}
			}
			if !yield(record, err) || err != nil {
				return
			}
		}
	}
}

// Sees reports whether the actor has access to an Organization. Access comes through user groups; members of
// Administrators have it to all, and what has no Organization is everybody's.
func Sees(tx *Tx, organizationID string) (bool, error) {
	if tx.By.Admin || organizationID == "" {
		return true, nil
	}
	seen, known := tx.Memo.(map[string]bool)
	if !known {
		seen = map[string]bool{}
		for _, group := range tx.By.Groups {
			for o, err := range GroupOrganization.From(tx, group) {
				if err != nil {
					return false, err
				}
				seen[o.ID] = true
			}
		}
		tx.Memo = seen
	}
	return seen[organizationID], nil
}

// See returns ErrNotFound, worded as for an absent record, unless the actor has access to the Organization.
func See(tx *Tx, what string, asked any, organizationID string) error {
	sees, err := Sees(tx, organizationID)
	if err == nil && !sees {
		return record.NotFound(what, asked)
	}
	return err
}
