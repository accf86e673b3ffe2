package store

import (
	"errors"
	"fmt"
	"slices"
)

// Role is what members of a user group may do with the accounts of a Smart Rule (Password Safe's roles).
type Role struct {
	RoleID int
	Name   string
}

// Roles returns the catalogue in the order of the ids. The slice is the caller's.
func Roles() []Role {
	return []Role{
		{1, "Requestor"}, {2, "Approver"}, {3, "Requestor/Approver"}, {4, "Information Security Administrator"},
		{5, "Auditor"}, {7, "Credentials Manager"}, {8, "Recorded Session Reviewer"}, {9, "Active Session Reviewer"},
	}
}

// firstAccessPolicyID is the id of the policy that a new store has.
const firstAccessPolicyID = 5000

// AccessPolicy says when and how accounts may be used.
type AccessPolicy struct {
	AccessPolicyID int
	Name           string
	Description    string
}

func (p *AccessPolicy) check(*Tx) error { return required("Name", p.Name, 256) }

// RolesOnRule are the roles that a user group has on a Smart Rule, and the policy by which they are used.
type RolesOnRule struct {
	ID             string // GroupID/SmartRuleID
	GroupID        int
	SmartRuleID    int
	RoleIDs        []int // ascending
	AccessPolicyID int   // 0: none
}

// RolesOf returns the roles that a user group has on a Smart Rule, nil for none.
func RolesOf(tx *Tx, groupID, ruleID int) (*RolesOnRule, error) {
	r, err := RuleRoles.Get(tx, rolesID(groupID, ruleID))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return r, err
}

// SetRoles replaces the roles that a user group has on a Smart Rule; no roles take them all away. It returns ErrInvalid for
// a role or a policy that does not exist. Whether group and rule exist is the caller's to check.
func SetRoles(tx *Tx, groupID, ruleID int, roleIDs []int, accessPolicyID int) error {
	for _, id := range roleIDs {
		if !slices.ContainsFunc(Roles(), func(r Role) bool { return r.RoleID == id }) {
			return Invalid("RoleID: there is no Role %d", id)
		}
	}
	if accessPolicyID != 0 {
		known, err := AccessPolicies.Has(tx, accessPolicyID)
		if err != nil || !known {
			return orElse(err, Invalid("AccessPolicyID: there is no Access Policy %d", accessPolicyID))
		}
	}
	r := &RolesOnRule{
		ID: rolesID(groupID, ruleID), GroupID: groupID, SmartRuleID: ruleID,
		RoleIDs: slices.Compact(slices.Sorted(slices.Values(roleIDs))), AccessPolicyID: accessPolicyID,
	}
	if len(roleIDs) == 0 {
		return unless(ErrNotFound, RuleRoles.Delete(tx, r.ID))
	}
	err := RuleRoles.Put(tx, r)
	if errors.Is(err, ErrNotFound) {
		err = RuleRoles.Insert(tx, r)
	}
	return err
}

func rolesID(groupID, ruleID int) string { return fmt.Sprintf("%d/%d", groupID, ruleID) }
