package server_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/musterhq/muster/store"
)

// given makes what no request makes:
//
//	given EPM policy
//	given address group            in the default Organization, with one address
//	given delivery for NAME        a report that was made for that user
//	given no Organization for NAME takes from the group of that name the access to every Organization
func (c *conversation) given(thing string) (err error) {
	thing, name, _ := strings.Cut(thing, " for ")
	switch thing {
	case "EPM policy":
		c.id = c.object("epmpolicies").id
	case "address group":
		c.object("Addresses")
		c.id = c.object("AddressGroups").id
	case "delivery":
		c.id, err = store.Update(c.t.Context(), c.db, system, func(tx *store.Tx) (string, error) {
			d, err := delivery(tx, name)
			return strconv.Itoa(d.ReportDeliveryId), err
		})
	case "no Organization":
		c.takeOrganizations(name)
	default:
		err = fmt.Errorf("%q cannot be given", thing)
	}
	return err
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

// delivery makes one for a user.
func delivery(tx *store.Tx, name string) (*store.Delivery, error) {
	u, err := store.UserByName(tx, name)
	if err != nil {
		return nil, err
	}
	s := &store.Subscription{Report: "Assets", Format: "CSV", Schedule: "daily", UserID: u.UserID}
	if err := store.Subscriptions.Insert(tx, s); err != nil {
		return nil, err
	}
	d := &store.Delivery{ScheduleId: s.ScheduleId, Filename: "assets.csv", ApplicationType: "text/csv"}
	return d, store.AddDelivery(tx, d, []byte("AssetName\nsrv01\n"))
}
