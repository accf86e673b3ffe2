package lab

import "github.com/musterhq/muster/store"

// Role is a Password Safe role beside the built-in ones, known by its name.
type Role struct {
	Place
	Name   string `lab:"required"` // Name of the role.
	RoleID *int   // Its id; given out from 10000 on unless it is given. That of an existing role stays.
}

func (r *Role) put(p *loader) error {
	found, err := store.OwnRoleByName(p.tx, r.Name)
	_, err = put(p, store.OwnRoles, r, quoted(r.Name), found, err)
	return err
}

func (c *collector) roles() (all []*Role, err error) {
	for r, err := range store.OwnRoles.All(c.tx) {
		if err != nil {
			return nil, err
		}
		role := &Role{}
		show(role, r)
		all = append(all, role)
	}
	return all, nil
}
