package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/musterhq/muster/store"
)

// given makes what no request makes:
//
//	given EPM policy
//	given address group            in the default Organization, with one address
//	given delivery for NAME        a report that was made for that user
//	given no Organization for NAME takes from the group of that name the access to every Organization
//	given N attributes             of one new type; {id} is the first, the others follow it
//	given attribute A on asset N
//	given no attribute A on asset N
//	given managed account NAME on SYSTEM    on an asset of that name, which is made unless it exists
//	given requestable account NAME on SYSTEM    one with ApiEnabled, whose password changes after a release
//	given role R for NAME on Smart Rule N under P    for the group of that user; P is the id of an access policy
//	given unreachable system N
//	given access policy NAME with N approvers    which wants a reason
//	given Smart Rule TITLE in NAME          of an Organization of that name, which is made unless it exists
//	given asset NAME in NAME                in a Workgroup of an Organization, both of that name and made unless they exist
//	given Organization NAME for USER        {id} is its id; the group of that user gets access to it
//	given directory group NAME with USER    synchronized with an Active Directory that nobody can reach
//	given roles R and R for group N on Smart Rule N
//	given processing of Smart Rule N    which does not end
//	given no Smart Rules for NAME           takes from the group of that name the access to every Smart Rule
func (c *conversation) given(thing string) error {
	var count, attribute, asset, group, rule int
	var role [2]int
	var name, place string
	scan := func(form string, into ...any) bool {
		n, err := fmt.Sscanf(thing, form, into...)
		return err == nil && n == len(into)
	}
	what, rest, _ := strings.Cut(thing, " on ")
	switch {
	case scan("%d attributes", &count):
		return c.lay(func(tx *store.Tx) (int, error) { return attributesOfOneType(tx, count) })
	case scan("attribute %d on asset %d", &attribute, &asset):
		return c.lay(func(tx *store.Tx) (int, error) { return attribute, store.AssetAttribute.Set(tx, asset, attribute, 0) })
	case scan("no attribute %d on asset %d", &attribute, &asset):
		return c.lay(func(tx *store.Tx) (int, error) {
			_, err := store.AssetAttribute.Cut(tx, asset, attribute)
			return attribute, err
		})
	case strings.HasPrefix(what, "requestable account "):
		return c.lay(func(tx *store.Tx) (int, error) {
			return requestableAccount(tx, rest, strings.TrimPrefix(what, "requestable account "))
		})
	case strings.HasPrefix(what, "managed account "):
		return c.lay(func(tx *store.Tx) (int, error) {
			return managedAccount(tx, rest, strings.TrimPrefix(what, "managed account "))
		})
	case scan("Smart Rule %s in %s", &name, &place):
		return c.lay(func(tx *store.Tx) (int, error) { return ruleInOrganization(tx, name, place) })
	case scan("asset %s in %s", &name, &place):
		return c.lay(func(tx *store.Tx) (int, error) { return assetInOrganization(tx, name, place) })
	case scan("directory group %s with %s", &place, &name):
		return c.lay(func(tx *store.Tx) (int, error) { return directoryGroup(tx, place, name) })
	case scan("Organization %s for %s", &place, &name):
		return c.letSee(place, name)
	case scan("roles %d and %d for group %d on Smart Rule %d", &role[0], &role[1], &group, &rule):
		return c.lay(func(tx *store.Tx) (int, error) {
			return rule, store.SetRoles(tx, group, rule, role[:], store.DefaultAccessPolicy)
		})
	case scan("role %d for %s on Smart Rule %d under %d", &role[0], &name, &rule, &role[1]):
		return c.giveRole(name, role[0], rule, role[1])
	case scan("unreachable system %d", &rule):
		return c.lay(func(tx *store.Tx) (int, error) { return rule, store.SetReachable(tx, rule, false) })
	case scan("access policy %s with %d approvers", &name, &count):
		return c.lay(func(tx *store.Tx) (int, error) { return accessPolicy(tx, name, count) })
	case scan("processing of Smart Rule %d", &rule):
		return c.lay(func(tx *store.Tx) (int, error) {
			r, err := store.SmartRules.Get(tx, rule)
			if err != nil {
				return 0, err
			}
			return rule, store.ClaimRule(tx, r)
		})
	case scan("no Smart Rules for %s", &name):
		c.takeRules(name)
		return nil
	}
	return c.givenFor(thing)
}

// givenFor makes what is known by a word, for somebody or for all.
func (c *conversation) givenFor(thing string) (err error) {
	what, name, _ := strings.Cut(thing, " for ")
	switch what {
	case "EPM policy":
		c.id = c.object("epmpolicies").id
	case "address group":
		c.object("Addresses")
		c.id = c.object("AddressGroups").id
	case "delivery":
		c.id, err = delivery(c.t.Context(), c.db, name)
	case "no Organization":
		c.takeOrganizations(name)
	default:
		err = fmt.Errorf("%q cannot be given", thing)
	}
	return err
}

// lay makes something by a transaction that returns its id.
func (c *conversation) lay(make func(*store.Tx) (int, error)) error {
	id, err := store.Update(c.t.Context(), c.db, system, func(tx *store.Tx) (int, error) { return make(tx.Unaudited()) })
	c.id = strconv.Itoa(id)
	return err
}

// attributesOfOneType makes attributes and returns the id of the first.
func attributesOfOneType(tx *store.Tx, n int) (first int, err error) {
	kind := &store.AttributeType{}
	for t, err := range store.AttributeTypes.All(tx) {
		if err != nil {
			return 0, err
		}
		kind.Name = fmt.Sprintf("after %d", t.AttributeTypeID)
	}
	if kind.Name == "" {
		kind.Name = "first"
	}
	if err := store.AttributeTypes.Insert(tx, kind); err != nil {
		return 0, err
	}
	for i := range n {
		a := &store.Attribute{AttributeTypeID: kind.AttributeTypeID, ShortName: fmt.Sprintf("Attribute %d", i)}
		if err := store.Attributes.Insert(tx, a); err != nil {
			return 0, err
		}
		if i == 0 {
			first = a.AttributeID
		}
	}
	return first, nil
}

// directoryGroup makes a user group that comes from a directory, with one member.
func directoryGroup(tx *store.Tx, name, member string) (int, error) {
	u, err := store.UserByName(tx, member)
	if err != nil {
		return 0, err
	}
	g := &store.UserGroup{Name: name, GroupType: store.ActiveDirectoryType, IsActive: true}
	if err := store.UserGroups.Insert(tx, g); err != nil {
		return 0, err
	}
	return g.GroupID, store.GroupMember.Set(tx, g.GroupID, u.UserID, 0)
}

// managedAccount makes a managed account on a system and returns its id.
func managedAccount(tx *store.Tx, systemName, name string) (int, error) {
	s, err := managedSystem(tx, systemName)
	if err != nil {
		return 0, err
	}
	a := &store.ManagedAccount{ManagedSystemID: s.ManagedSystemID, AccountName: name}
	if old, err := store.ManagedAccountByName(tx, s.ManagedSystemID, "", name); !errors.Is(err, store.ErrNotFound) {
		return old.ManagedAccountID, err
	}
	if err := store.ManagedAccounts.Insert(tx, a); err != nil {
		return 0, err
	}
	return a.ManagedAccountID, store.SetAccountPassword(tx, a.ManagedAccountID, "hunter2")
}

// managedSystem finds or makes a managed system on the asset of that name, which it makes in the first Workgroup unless
// there is one.
func managedSystem(tx *store.Tx, name string) (*store.ManagedSystem, error) {
	asset := &store.Asset{WorkgroupID: 1, IPAddress: "192.0.2.8", AssetName: name}
	for w, err := range store.Workgroups.All(tx) {
		if err != nil {
			return nil, err
		}
		if old, err := store.AssetByName(tx, w.ID, name); err == nil {
			asset = old
		}
	}
	if asset.AssetID == 0 {
		if err := store.Assets.Insert(tx, asset); err != nil {
			return nil, err
		}
	}
	for old, err := range store.ManagedSystemsOn(tx, asset.AssetID) {
		return old, err
	}
	s := &store.ManagedSystem{AssetID: &asset.AssetID, PlatformID: 2}
	return s, store.ManagedSystems.Insert(tx, s)
}

// organization finds or makes an Organization.
func organization(tx *store.Tx, name string) (string, error) {
	o, err := store.OrganizationByName(tx, name)
	if !errors.Is(err, store.ErrNotFound) {
		return o.OrganizationID, err
	}
	o = &store.Organization{OrganizationID: "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0", Name: name, IsActive: true}
	return o.OrganizationID, store.Organizations.Insert(tx, o)
}

func ruleInOrganization(tx *store.Tx, title, place string) (int, error) {
	id, err := organization(tx, place)
	if err != nil {
		return 0, err
	}
	attribute, err := attributesOfOneType(tx, 1)
	if err != nil {
		return 0, err
	}
	r := &store.SmartRule{Title: title, Category: "Given", OrganizationID: store.Text(id)}
	err = store.InsertAttributeRule(tx, r, []int{attribute})
	return r.SmartRuleID, err
}

func assetInOrganization(tx *store.Tx, name, place string) (int, error) {
	id, err := organization(tx, place)
	if err != nil {
		return 0, err
	}
	w, err := store.WorkgroupByName(tx, place)
	if errors.Is(err, store.ErrNotFound) {
		w = &store.Workgroup{OrganizationID: id, Name: place}
		err = store.Workgroups.Insert(tx, w)
	}
	if err != nil {
		return 0, err
	}
	a := &store.Asset{WorkgroupID: w.ID, IPAddress: "198.51.100.1", AssetName: name}
	err = store.Assets.Insert(tx, a)
	return a.AssetID, err
}

// letSee gives the group of a user access to an Organization.
func (c *conversation) letSee(place, name string) (err error) {
	c.id, err = store.Update(c.t.Context(), c.db, system, func(tx *store.Tx) (string, error) {
		id, err := organization(tx, place)
		if err != nil {
			return "", err
		}
		g, err := store.UserGroupByName(tx, name)
		if err != nil {
			return "", err
		}
		return id, store.GroupOrganization.Set(tx, g.GroupID, id, 0)
	})
	return err
}

// settle does what the background does, until nothing is left.
func (l *fixture) settle() error {
	ctx := l.t.Context()
	return errors.Join(
		store.ProcessQueuedRules(ctx, l.db), store.RefreshRules(ctx, l.db), l.db.Sweep(ctx), store.RefreshRules(ctx, l.db),
	)
}

// addressGroup finds or makes one in the default Organization.
func addressGroup(tx *store.Tx) (*store.AddressGroup, error) {
	organization, err := store.DefaultOrganization(tx)
	if err != nil {
		return nil, err
	}
	g := &store.AddressGroup{Name: "Branch Office", OrganizationID: store.Text(organization)}
	old, err := store.AddressGroupByName(tx, g.Name)
	if !errors.Is(err, store.ErrNotFound) {
		return old, err
	}
	return g, store.AddressGroups.Insert(tx, g)
}

// address finds or makes one in that group.
func address(tx *store.Tx) (*store.Address, error) {
	g, err := addressGroup(tx)
	if err != nil {
		return nil, err
	}
	a := &store.Address{AddressGroupID: g.AddressGroupID, Type: store.AddressCIDR, Value: "192.0.2.0/24"}
	for old, err := range store.Addresses.All(tx) {
		if err != nil || old.AddressGroupID == g.AddressGroupID {
			return old, err
		}
	}
	return a, store.Addresses.Insert(tx, a)
}

// epmPolicy finds or makes one.
func epmPolicy(tx *store.Tx) (*store.EPMPolicy, error) {
	for p, err := range store.EPMPolicies.All(tx) {
		return p, err
	}
	p := &store.EPMPolicy{Name: "Workstations"}
	return p, store.EPMPolicies.Insert(tx, p)
}

// delivery makes one for a user and returns its id.
func delivery(ctx context.Context, db *store.DB, name string) (string, error) {
	d, err := store.Update(ctx, db, system, func(tx *store.Tx) (*store.Delivery, error) {
		u, err := store.UserByName(tx, name)
		if err != nil {
			return nil, err
		}
		s := &store.Subscription{Name: uuid.NewString(), Report: store.ReportAssets, Format: store.FormatCSV, Schedule: "@daily", UserID: u.UserID}
		err = store.PutSubscription(tx, s)
		return &store.Delivery{ScheduleId: s.ScheduleId, UserID: u.UserID, Filename: "assets.csv", ApplicationType: "text/csv"}, err
	})
	if err != nil {
		return "", err
	}
	write := func(w io.Writer) error {
		_, err := io.WriteString(w, "AssetName\nsrv01\n")
		return err
	}
	err = store.Deliver(ctx, db, d, write, func(*store.Tx, *store.Delivery) error { return nil })
	return strconv.Itoa(d.ReportDeliveryId), err
}
