package lab

import (
	"strings"

	"github.com/google/uuid"

	"github.com/musterhq/muster/store"
)

// Organization is one of the Organizations, known by its name.
type Organization struct {
	Place
	Name           string  `lab:"required"` // Name of the organization.
	OrganizationID *string // Its id, a GUID; made up unless it is given. That of an existing organization stays.
	IsActive       *bool   `lab:"default=true"` // Whether the organization is active.
}

func (o *Organization) put(p *loader) error {
	found, err := store.OrganizationByName(p.tx, o.Name)
	_, err = put(p, store.Organizations, o, quoted(o.Name), found, err, func(r *store.Organization, _ bool) error {
		if r.OrganizationID = strings.ToLower(r.OrganizationID); r.OrganizationID == "" {
			r.OrganizationID = uuid.NewString()
		}
		return nil
	})
	return err
}

func (c *collector) organizations() (all []*Organization, err error) {
	first, err := store.DefaultOrganization(c.tx)
	if err != nil {
		return nil, err
	}
	for r, err := range store.Organizations.All(c.tx) {
		if err != nil {
			return nil, err
		}
		o := &Organization{}
		if show(o, r); r.OrganizationID == first {
			o.OrganizationID = nil // another store has a default organization already
		}
		all = append(all, o)
		c.organizationNames[r.OrganizationID] = r.Name
	}
	return sorted(all, func(o *Organization) string { return o.Name }), nil
}
