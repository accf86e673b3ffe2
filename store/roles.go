package store

import (
	"cmp"
	"errors"
	"slices"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// Role is what the members of a user group do with the managed accounts of a Smart Rule. Beside those that every store
// has there may be some of its own, in OwnRoles.
type Role struct {
	RoleID int    `example:"5"`       // ID of the role.
	Name   string `example:"Auditor"` // Name of the role.
}

func (r *Role) Validate(*Tx) error {
	for _, other := range builtInRoles() {
		if r.RoleID == other.RoleID || record.Fold(r.Name) == record.Fold(other.Name) {
			return record.Error(ErrExists, "the role %d %q is built in and already exists", other.RoleID, other.Name)
		}
	}
	return required("Name", r.Name, 256)
}

// The built-in roles. What the first and the third ask for, an access policy rules.
const (
	RoleRequestor          = 1
	RoleApprover           = 2
	RoleRequestorApprover  = 3
	RoleISA                = 4
	RoleAuditor            = 5
	RoleCredentialsManager = 7
	RoleRecordedReviewer   = 8
	RoleActiveReviewer     = 9
)

// Roles returns all roles in the order of the ids. The slice is the caller's.
func Roles(tx *Tx) ([]Role, error) {
	roles := builtInRoles()
	for r, err := range OwnRoles.All(tx) {
		if err != nil {
			return nil, err
		}
		roles = append(roles, *r)
	}
	slices.SortFunc(roles, func(a, b Role) int { return cmp.Compare(a.RoleID, b.RoleID) })
	return roles, nil
}

func builtInRoles() []Role {
	return []Role{
		{RoleRequestor, "Requestor"},
		{RoleApprover, "Approver"},
		{RoleRequestorApprover, "Requestor/Approver"},
		{RoleISA, "Information Security Administrator"},
		{RoleAuditor, "Auditor"},
		{RoleCredentialsManager, "Credentials Manager"},
		{RoleRecordedReviewer, "Recorded Session Reviewer"},
		{RoleActiveReviewer, "Active Session Reviewer"},
	}
}

// GroupRuleRoles are the roles that a user group has on a Smart Rule. There is no record for none.
type GroupRuleRoles struct {
	ID             int
	GroupID        int
	SmartRuleID    int
	Roles          []int // ascending
	AccessPolicyID int   // 0: none
}

func (r *GroupRuleRoles) Validate(tx *Tx) error {
	slices.Sort(r.Roles)
	catalogue, err := Roles(tx)
	if err != nil {
		return err
	}
	for i, id := range r.Roles {
		if !slices.ContainsFunc(catalogue, func(role Role) bool { return role.RoleID == id }) {
			return Invalid("Roles: there is no role %d", id)
		}
		if i > 0 && id == r.Roles[i-1] {
			return Invalid("Roles: %d is given twice", id)
		}
	}
	if r.AccessPolicyID == 0 {
		if slices.Contains(r.Roles, RoleRequestor) || slices.Contains(r.Roles, RoleRequestorApprover) {
			return Invalid("AccessPolicyID is required for a Requestor")
		}
		return nil
	}
	return accessPolicyExists(tx, r.AccessPolicyID)
}

// RolesOn returns the roles of a user group on a Smart Rule, ErrNotFound if there is no such group, or no such rule for the
// actor to read.
func RolesOn(tx *Tx, groupID, ruleID int) ([]Role, error) {
	r, err := rolesOn(tx, groupID, ruleID)
	if err != nil {
		return nil, err
	}
	return r.given(tx)
}

// given returns the roles of r with their names.
func (r *GroupRuleRoles) given(tx *Tx) ([]Role, error) {
	roles, err := Roles(tx)
	return slices.DeleteFunc(roles, func(role Role) bool { return !slices.Contains(r.Roles, role.RoleID) }), err
}

// AccessOn returns what the lab file says of a user group on a Smart Rule: its roles and their access policy, 0 for none.
func AccessOn(tx *Tx, groupID, ruleID int) (roles []Role, accessPolicyID int, err error) {
	r, err := rolesOn(tx, groupID, ruleID)
	if err != nil {
		return nil, 0, err
	}
	roles, err = r.given(tx)
	return roles, r.AccessPolicyID, err
}

func rolesOn(tx *Tx, groupID, ruleID int) (*GroupRuleRoles, error) {
	if known, err := UserGroups.Has(tx, groupID); err != nil || !known {
		return nil, cmp.Or(err, record.NotFound(UserGroups.Name(), groupID))
	}
	if _, err := ruleToGive(tx, ruleID); err != nil {
		return nil, err
	}
	r, err := ruleRolesByPair.One(tx, K(groupID, ruleID), ruleID)
	if errors.Is(err, ErrNotFound) {
		return &GroupRuleRoles{GroupID: groupID, SmartRuleID: ruleID}, nil
	}
	return r, err
}

// SetRoles replaces the roles of a user group on a Smart Rule. Besides what RolesOn returns, it is ErrInvalid for what there is
// not and for a group without an access level to the rule, and ErrDenied for a group that has rights which the actor lacks and for a role that they have not on that rule themselves.
func SetRoles(tx *Tx, groupID, ruleID int, roles []int, accessPolicyID int) error {
	r, err := rolesOn(tx, groupID, ruleID)
	if err != nil {
		return err
	}
	isNew := r.ID == 0
	r.Roles, r.AccessPolicyID = roles, accessPolicyID
	if err := cmp.Or(r.Validate(tx), MayChangeGroup(tx, groupID), r.mayBeGiven(tx), r.hasAccess(tx)); err != nil {
		return err
	}
	switch {
	case isNew && len(roles) == 0:
		return nil
	case isNew:
		return RuleRoles.Insert(tx, r)
	case len(roles) == 0:
		return RuleRoles.Delete(tx, r.ID)
	}
	return RuleRoles.Put(tx, r)
}

// loseRoles takes the roles on a Smart Rule from a user group whose access to it ends.
func loseRoles(tx *Tx, groupID, ruleID int) error {
	r, err := ruleRolesByPair.One(tx, K(groupID, ruleID), ruleID)
	if err != nil {
		return record.Ignore(ErrNotFound, err)
	}
	return RuleRoles.Delete(tx, r.ID)
}

// hasAccess returns an ErrInvalid for roles of a group that has no access level to the rule.
func (r *GroupRuleRoles) hasAccess(tx *Tx) error {
	level, err := GroupRuleLevel(tx, r.GroupID, r.SmartRuleID)
	if err == nil && level == authz.None && len(r.Roles) > 0 {
		err = Invalid("must set AccessLevel before setting roles")
	}
	return err
}

func (r *GroupRuleRoles) mayBeGiven(tx *Tx) error {
	if unrestricted(tx) {
		return nil
	}
	own, err := privilegesOf(tx, tx.By.Groups...)
	if err != nil {
		return err
	}
	for _, role := range r.Roles {
		if !own.roles[roleOnRule{r.SmartRuleID, role}] {
			return record.Error(ErrDenied, "role %d on Smart Rule %d is required", role, r.SmartRuleID)
		}
	}
	return nil
}

// accessPolicyExists returns an ErrInvalid for an access policy that there is not.
func accessPolicyExists(tx *Tx, id int) error {
	known, err := AccessPolicies.Has(tx, id)
	if err == nil && !known {
		err = Invalid("AccessPolicyID: there is no access policy %d", id)
	}
	return err
}

// RoleByName returns the role of a name, built in or not.
func RoleByName(tx *Tx, name string) (*Role, error) {
	roles, err := Roles(tx)
	for _, r := range roles {
		if record.Fold(r.Name) == record.Fold(name) {
			return &r, nil
		}
	}
	return nil, cmp.Or(err, record.NotFound(OwnRoles.Name(), name))
}

// OwnRoleByName returns the role of a name that is not built in.
func OwnRoleByName(tx *Tx, name string) (*Role, error) {
	return ownRoleByName.One(tx, K(record.Fold(name)), name)
}
