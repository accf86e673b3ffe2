package lab

import "github.com/musterhq/muster/store"

// AddressGroup is a set of addresses, known by its name within its organization.
type AddressGroup struct {
	Place
	Name         string     `lab:"required"` // Name of the address group.
	Organization *string    // Name of its organization; without one it is everybody's.
	Addresses    []*Address // Addresses that the group has at least.
}

// Address is an address of an address group, known by its type and its value.
type Address struct {
	Place
	Type  int    `lab:"required"` // 1 single address, 2 range, 3 CIDR, 4 named host.
	Value string `lab:"required"` // 10.0.0.1, 10.0.0.1-10.0.0.9, 10.0.0.0/24 or host.lab.example.
	Omit  *bool  // Whether the addresses are kept out of the group.
}

func (g *AddressGroup) steps() []step {
	all := []step{{g, g.put}}
	for _, a := range g.Addresses {
		all = append(all, step{a, func(p *loader) error { return a.put(p, g) }})
	}
	return all
}

func (g *AddressGroup) put(p *loader) error {
	organization, err := p.organization("Organization", g.Organization)
	if err != nil {
		return err
	}
	found, err := store.AddressGroupIn(p.tx, organization, g.Name)
	_, err = put(p, store.AddressGroups, g, quoted(g.Name), found, err, func(r *store.AddressGroup, _ bool) error {
		r.OrganizationID = store.Text(organization)
		return nil
	})
	return err
}

func (a *Address) put(p *loader, g *AddressGroup) error {
	organization, err := p.organization("Organization", g.Organization)
	if err != nil {
		return err
	}
	group, err := store.AddressGroupIn(p.tx, organization, g.Name)
	if err != nil {
		return err
	}
	found, err := store.AddressIn(p.tx, group.AddressGroupID, a.Type, a.Value)
	_, err = put(p, store.Addresses, a, quoted(g.Name, a.Value), found, err, func(r *store.Address, _ bool) error {
		r.AddressGroupID = group.AddressGroupID
		return nil
	})
	return err
}

func (c *collector) addressGroups() (all []*AddressGroup, err error) {
	for r, err := range store.AddressGroups.All(c.tx) {
		if err != nil {
			return nil, err
		}
		g := &AddressGroup{}
		if show(g, r); r.OrganizationID != "" {
			g.Organization = new(c.organizationNames[string(r.OrganizationID)])
		}
		for a, err := range store.AddressesOf(c.tx, r.AddressGroupID) {
			if err != nil {
				return nil, err
			}
			address := &Address{}
			show(address, a)
			g.Addresses = append(g.Addresses, address)
		}
		all = append(all, g)
	}
	return sorted(all, func(g *AddressGroup) string { return or(g.Organization, "") + "\x00" + g.Name }), nil
}
