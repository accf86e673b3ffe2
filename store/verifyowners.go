package store

import "github.com/musterhq/muster/store/kv"

// owners say to whom records belong that are nothing without. Marks of assets and sessions are left out: they may outlive what
// they are about until somebody comes across them.
func owners() []ownership {
	return []ownership{
		owned(Workgroups, func(w *Workgroup) string { return w.OrganizationID }, Organizations, ""),
		owned(DeviceGroups, func(g *DeviceGroup) int { return g.WorkgroupID }, Workgroups, ""),
		owned(Assets, func(a *Asset) int { return a.WorkgroupID }, Workgroups, ""),
		owned(Databases, func(d *Database) int { return d.AssetID }, Assets, sweepOfAsset),
		owned(ManagedSystems, func(s *ManagedSystem) int { return s.AssetID }, Assets, sweepOfAsset),
		owned(ManagedAccounts, func(a *ManagedAccount) int { return a.ManagedSystemID }, ManagedSystems, sweepOfManagedSystem),
		owned(AccountPasswords, func(p *AccountPassword) int { return p.ManagedAccountID }, ManagedAccounts, ""),
		owned(FunctionalPasswords, func(p *FunctionalPassword) int { return p.FunctionalAccountID }, FunctionalAccounts, ""),
		owned(UserSecrets, func(s *UserSecret) int { return s.UserID }, Users, ""),
		owned(LastLogins, func(l *LastLogin) int { return l.UserID }, Users, ""),
		owned(ApiKeys, func(k *ApiKey) int { return k.Id }, ApiRegistrations, ""),
		owned(Attributes, func(a *Attribute) int { return a.AttributeTypeID }, AttributeTypes, sweepOfAttributeType),
		owned(Attributes, func(a *Attribute) int { return valueOf(a.ParentAttributeID) }, Attributes, sweepOfAttribute),
		owned(Criteria, func(c *RuleCriteria) int { return c.SmartRuleID }, SmartRules, sweepOfRule),
		owned(RuleRoles, func(r *GroupRuleRoles) int { return r.GroupID }, UserGroups, sweepOfUserGroup),
		owned(RuleRoles, func(r *GroupRuleRoles) int { return r.SmartRuleID }, SmartRules, sweepOfRule),
		owned(Secrets, func(s *Secret) int { return s.GroupID }, UserGroups, ""),
		owned(Addresses, func(a *Address) int { return a.AddressGroupID }, AddressGroups, sweepOfAddressGroup),
		owned(AddressGroups, func(g *AddressGroup) string { return string(g.OrganizationID) }, Organizations, ""),
		owned(EPMApplications, func(a *EPMApplication) int { return a.PolicyID }, EPMPolicies, ""),
		owned(importTallies, func(t *importTally) int { return t.ID / ImportWriters }, Imports, ""),
		owned(ImportFiles, func(f *ImportFile) int { return f.ImportID }, Imports, ""),
		owned(deliveryParts, func(p *deliveryPart) int { return p.ReportDeliveryId }, deliveriesAndDrafts, sweepOfDelivery),
		owned(DirectoryCredentials, func(c *DirectoryCredential) int { return c.DirectoryID }, Directories, ""),
	}
}

// records are what something can belong to.
type records[ID int | string] interface {
	Name() string
	Has(tx *Tx, id ID) (bool, error)
}

// others are records that are not those of one collection.
type others struct {
	name string
	has  func(tx *Tx, id int) (bool, error)
}

func (o others) Name() string                     { return o.name }
func (o others) Has(tx *Tx, id int) (bool, error) { return o.has(tx, id) }

var deliveriesAndDrafts = others{"Subscription Delivery", func(tx *Tx, id int) (bool, error) {
	if there, err := Deliveries.Has(tx, id); there || err != nil {
		return there, err
	}
	return deliveryDrafts.Has(tx, id)
}}

// ownership is that the records of one collection belong to those of another.
type ownership struct {
	of     verifiable                                      // the collection
	owned  func(v *verification, record any) (bool, error) // whether the owner of a record is there
	verify func(*verification) error                       // looks at every record
}

// owned declares that a record belongs to the owner that it names, unless it names none. Sweep says who clears it away
// after its owner is deleted; empty: it goes with him at once.
func owned[ID, Owner int | string, T any](c *Collection[ID, T], owner func(*T) Owner, in records[Owner], sweep sweepKind) ownership {
	var none Owner
	l := lives[Owner]{of: in.Name(), has: in.Has, sweep: sweep}
	return ownership{
		of: c,
		owned: func(v *verification, record any) (bool, error) {
			id := owner(record.(*T))
			if id == none {
				return true, nil
			}
			return l.there(v, id)
		},
		verify: func(v *verification) error {
			for pair, err := range v.tx.r.Scan(kv.Prefix(c.key(kindRecord, nil))) {
				if err != nil {
					return err
				}
				v.advance(c.name)
				record, err := c.decode(pair.Value)
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

func valueOf(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// ownersOf are the ownerships of a collection's records.
func (v *verification) ownersOf(c verifiable) (all []ownership) {
	for _, o := range v.owners {
		if o.of == c {
			all = append(all, o)
		}
	}
	return all
}

// owns looks whether the owners of a record are there.
func (v *verification) owns(owners []ownership, record any) error {
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
func (v *verification) owned() error {
	if !v.orphaned && v.Problems+v.Repaired == 0 {
		return nil
	}
	for _, o := range owners() { // anew: what v.owners remember is of an earlier snapshot
		if err := o.verify(v); err != nil {
			return err
		}
	}
	return nil
}

// linked finds links to what is gone.
func (v *verification) linked() error {
	for _, d := range registered {
		if l, ok := d.(interface{ verifyEnds(*verification) error }); ok {
			if err := l.verifyEnds(v); err != nil {
				return err
			}
		}
	}
	return nil
}
