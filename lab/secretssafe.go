package lab

import "github.com/musterhq/muster/store"

// Secret is a secret of Secrets Safe: that it exists, in which user group's safe, and who owns it. It is known by its group and
// its name.
type Secret struct {
	Place
	Name   string  `lab:"required"` // Name of the secret.
	Group  *string // User group in whose safe it lies; none unless it is given.
	Owners Names   `lab:"required"` // Users who own it at least: name, or domain\name.
}

func (s *Secret) steps() []step {
	all := []step{{s, s.put}}
	for _, name := range s.Owners {
		all = append(all, step{name, func(p *loader) error { return s.own(p, name) }})
	}
	return all
}

// group is the id of the user group, 0 for none.
func (s *Secret) group(p *loader) (int, error) {
	if or(s.Group, "") == "" {
		return 0, nil
	}
	g, err := store.UserGroupByName(p.tx, *s.Group)
	if g, err = refer("Group", g, err); err != nil {
		return 0, err
	}
	return g.GroupID, nil
}

func (s *Secret) put(p *loader) error {
	group, err := s.group(p)
	if err != nil {
		return err
	}
	if len(s.Owners) == 0 {
		return store.Invalid("Owners: one at least is expected")
	}
	found, err := store.SecretIn(p.tx, group, s.Name)
	_, err = put(p, store.Secrets, s, quoted(s.Name), found, err, func(r *store.Secret, _ bool) error {
		r.GroupID = group
		return nil
	})
	return err
}

func (s *Secret) own(p *loader, name *Name) error {
	group, err := s.group(p)
	if err != nil {
		return err
	}
	secret, err := store.SecretIn(p.tx, group, s.Name)
	if err != nil {
		return err
	}
	owner, err := p.user("Owners", name.Text)
	if err != nil {
		return err
	}
	return link(p, store.SecretOwner, secret.SecretID, owner.UserID, name, "owner "+quoted(name.Text)+" to Secret "+quoted(s.Name))
}

func (c *collector) secretsSafe() (all []*Secret, err error) {
	for r, err := range store.Secrets.All(c.tx) {
		if err != nil {
			return nil, err
		}
		owners, err := linked(store.SecretOwner.From(c.tx, r.SecretID))
		if err != nil {
			return nil, err
		}
		s := &Secret{Name: r.Name, Owners: called(owners, c.userNames)}
		if name := c.groupNames[r.GroupID]; name != "" {
			s.Group = &name
		}
		all = append(all, s)
	}
	return sorted(all, func(s *Secret) string { return or(s.Group, "") + "\x00" + s.Name }), nil
}
