package lab

import "github.com/musterhq/muster/store"

// Workgroup is one of the Workgroups, known by its name within its organization. What it is as a group of devices of the
// MetaAccess API stands here, too.
type Workgroup struct {
	Place
	Name         string      `lab:"required"` // Name of the Workgroup.
	Organization *string     // Name of its organization; the default one unless it is given.
	Policy       *string     // Name of the EPM policy that its devices have.
	Description  *string     // Description of the group.
	DomainName   *string     // Domain of the domain controller that the group is synchronized with.
	AutoJoin     *bool       // Whether a device may join the group when it registers.
	CreatedDate  *store.Time // When the group was created.
	LastModified *store.Time // When the group was changed last.
	Assets       []*Asset    // Assets that the Workgroup has at least.
}

func (w *Workgroup) steps() []step {
	all := []step{{w, w.put}}
	for _, a := range w.Assets {
		all = append(all, a.steps(w)...)
	}
	return all
}

func (w *Workgroup) put(p *loader) error {
	organization, found, err := w.find(p)
	if organization == "" {
		return err
	}
	r, err := put(p, store.Workgroups, w, quoted(w.Name), found, err, func(r *store.Workgroup, _ bool) error {
		r.OrganizationID = organization
		return nil
	})
	if err != nil {
		return err
	}
	group, err := store.DeviceGroupOf(p.tx, r.ID)
	if err != nil {
		return err
	}
	before := *group
	if fill(group, w, false); w.Policy != nil {
		if group.PolicyID, err = w.policy(p); err != nil {
			return err
		}
	}
	if *group != before && found != nil {
		p.say(w, edit, store.DeviceGroups.Name()+" "+quoted(w.Name), changes(&before, group)...)
	}
	if err := store.PutDeviceGroup(p.tx, group); err != nil || group.LastModified == or(w.LastModified, group.LastModified) {
		return err
	}
	group.LastModified = *w.LastModified // which the change of something else has moved
	return store.PutDeviceGroup(p.tx, group)
}

// policy is the id of the EPM policy; an empty name is none.
func (w *Workgroup) policy(p *loader) (int, error) {
	if *w.Policy == "" {
		return 0, nil
	}
	policy, err := store.EPMPolicyByName(p.tx, *w.Policy)
	if policy, err = refer("Policy", policy, err); err != nil {
		return 0, err
	}
	return policy.PolicyID, nil
}

// find returns the id of the Workgroup's organization and, unless there is none yet, the Workgroup.
func (w *Workgroup) find(p *loader) (organization string, found *store.Workgroup, err error) {
	if organization, err = p.organization("Organization", w.Organization); err == nil && organization == "" {
		organization, err = store.DefaultOrganization(p.tx)
	}
	if err != nil {
		return "", nil, err
	}
	found, err = store.WorkgroupIn(p.tx, organization, w.Name)
	return organization, found, err
}

// workgroup is the Workgroup that a rule refers to by its name, if only one has it.
func (p *loader) workgroup(member, organization, name string) (*store.Workgroup, error) {
	found, err := store.WorkgroupIn(p.tx, organization, name)
	if organization == "" {
		found, err = store.WorkgroupByName(p.tx, name)
	}
	return refer(member, found, err)
}

func (c *collector) workgroups() (all []*Workgroup, err error) {
	for r, err := range store.Workgroups.All(c.tx) {
		if err != nil {
			return nil, err
		}
		w := &Workgroup{}
		group, err := store.DeviceGroupOf(c.tx, r.ID)
		if err != nil {
			return nil, err
		}
		show(w, group)
		if name := c.policyNames[group.PolicyID]; name != "" {
			w.Policy = &name
		}
		show(w, r)
		w.Organization = new(c.organizationNames[r.OrganizationID])
		if w.Assets, err = c.assets(r.ID); err != nil {
			return nil, err
		}
		all = append(all, w)
		c.workgroupNames[r.ID] = w
	}
	return sorted(all, func(w *Workgroup) string { return *w.Organization + "\x00" + w.Name }), nil
}
