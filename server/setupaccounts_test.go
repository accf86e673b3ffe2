package server_test

import (
	"slices"
	"strconv"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
)

// requestableAccount makes an account that can be requested, whose password changes when it was.
func requestableAccount(tx *store.Tx, systemName, name string) (int, error) {
	id, err := managedAccount(tx, systemName, name)
	if err != nil {
		return 0, err
	}
	a, err := store.ManagedAccounts.Get(tx, id)
	if err != nil {
		return 0, err
	}
	a.ApiEnabled, a.ChangePasswordAfterAnyReleaseFlag = true, true
	return id, store.ManagedAccounts.Put(tx, a)
}

// accessPolicy makes a policy by which passwords and sessions by SSH need a reason and approvers.
func accessPolicy(tx *store.Tx, name string, approvers int) (int, error) {
	p := &store.AccessPolicy{Name: name, Schedules: []store.AccessSchedule{{ScheduleID: 1, RequireReason: true, AccessTypes: []store.AccessType{
		{AccessType: "View", MinApprovers: approvers}, {AccessType: "SSH", IsSession: true, MinApprovers: approvers},
	}}}}
	err := store.AccessPolicies.Insert(tx, p)
	return p.AccessPolicyID, err
}

// giveRole gives the group of a user a role on a rule, beside those that it has.
func (c *conversation) giveRole(user string, role, rule, policy int) error {
	return c.lay(func(tx *store.Tx) (int, error) {
		g, err := store.UserGroupByName(tx, user)
		if err != nil {
			return 0, err
		}
		if err := store.GroupRule.Set(tx, g.GroupID, rule, int(authz.Read)); err != nil {
			return 0, err
		}
		given, _, err := store.AccessOn(tx, g.GroupID, rule)
		if err != nil {
			return 0, err
		}
		roles := []int{role}
		for _, r := range given {
			if !slices.Contains(roles, r.RoleID) {
				roles = append(roles, r.RoleID)
			}
		}
		return rule, store.SetRoles(tx, g.GroupID, rule, roles, policy)
	})
}

// aRequest makes an active request of nobody who signs in, for an account that can be requested.
func aRequest(tx *store.Tx) (object, error) {
	id, err := requestableAccount(tx, "host", "root")
	if err != nil {
		return object{}, err
	}
	a, err := store.ManagedAccountByID(tx, id)
	if err != nil {
		return object{}, err
	}
	r := &store.Request{
		SystemID: a.ManagedSystemID, AccountID: id, SystemName: "host", AccountName: "root", RequestorUserID: 1, RequestorName: "administrator",
		Status: store.RequestActive, AccessType: "View", RequestReleaseDate: tx.Now, ApprovedDate: tx.Now, ExpiresDate: tx.Now.Add(time.Hour),
	}
	err = store.Requests.Insert(tx, r)
	return object{strconv.Itoa(r.RequestID), "root"}, err
}

// managedOn finds or makes an asset, or a database, that is a managed system.
func managedOn(tx *store.Tx, noun string) (object, error) {
	s, err := managedSystem(tx, "host")
	if err != nil || noun == "Assets/ManagedSystems" {
		return object{strconv.Itoa(*s.AssetID), "host"}, err
	}
	for d, err := range store.DatabasesOf(tx, *s.AssetID) {
		return object{strconv.Itoa(d.DatabaseID), string(d.InstanceName)}, err
	}
	d := &store.Database{AssetID: *s.AssetID, PlatformID: 10, InstanceName: "managed", Port: 3306}
	if err := store.Databases.Insert(tx, d); err != nil {
		return object{}, err
	}
	managed := &store.ManagedSystem{AssetID: s.AssetID, EntityTypeID: store.DatabaseEntity, DatabaseID: &d.DatabaseID, PlatformID: 10}
	return object{strconv.Itoa(d.DatabaseID), "managed"}, store.ManagedSystems.Insert(tx, managed)
}
