package store

import (
	"errors"
	"slices"

	"github.com/musterhq/muster/store/record"
)

// AccountRoles are the roles by which somebody reaches managed accounts: those of their user groups on the Smart Rules of accounts and
// of systems. A role on a rule of systems is a role on all accounts of them.
type AccountRoles struct {
	tx    *Tx
	all   bool // a member of Administrators, who may do what any role may
	given []rolesOnRule
}

// rolesOnRule are the roles of one user group on one rule.
type rolesOnRule struct {
	roles    []int
	policy   int // of those who request
	criteria *RuleCriteria
}

// RolesOfActor reads the roles of the actor.
func RolesOfActor(tx *Tx) (*AccountRoles, error) {
	return rolesOfGroups(tx, tx.By.Admin, tx.By.Groups)
}

func rolesOfGroups(tx *Tx, all bool, groups []int) (*AccountRoles, error) {
	r := &AccountRoles{tx: tx, all: all}
	for _, group := range groups {
		for given, err := range ruleRolesByPair.Each(tx, K(group)) {
			if err != nil {
				return nil, err
			}
			if err := r.add(given); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

// add adds the roles of a group on a rule, nothing for a rule of assets, and for one that was just deleted.
func (r *AccountRoles) add(given *GroupRuleRoles) error {
	rule, err := SmartRules.Get(r.tx, given.SmartRuleID)
	if err != nil || rule.RuleType == AssetRule {
		return record.Ignore(ErrNotFound, err)
	}
	criteria, err := Criteria.Get(r.tx, given.SmartRuleID)
	if err != nil {
		return record.Ignore(ErrNotFound, err)
	}
	r.given = append(r.given, rolesOnRule{given.Roles, given.AccessPolicyID, criteria})
	return nil
}

// Any reports whether there is one of the roles on any rule. An administrator has every role.
func (r *AccountRoles) Any(roles ...int) bool {
	return r.all || slices.ContainsFunc(r.given, func(on rolesOnRule) bool { return on.any(roles) })
}

func (o rolesOnRule) any(roles []int) bool {
	return slices.ContainsFunc(o.roles, func(role int) bool { return slices.Contains(roles, role) })
}

// On reports whether there is one of the roles on an account. An administrator has every role.
func (r *AccountRoles) On(a *AccountOnSystem, roles ...int) (bool, error) {
	if r.all {
		return true, nil
	}
	for _, on := range r.given {
		if !on.any(roles) {
			continue
		}
		if holds, err := on.criteria.selects(r.tx, a); err != nil || holds {
			return holds, err
		}
	}
	return false, nil
}

// policies returns the ids of the access policies under which an account can be requested, each once. An administrator requests
// under the built-in one, which approves at once, unless a role says another one.
func (r *AccountRoles) policies(a *AccountOnSystem) (ids []int, err error) {
	for _, on := range r.given {
		if !on.any([]int{RoleRequestor, RoleRequestorApprover}) || slices.Contains(ids, on.policy) {
			continue
		}
		holds, err := on.criteria.selects(r.tx, a)
		if err != nil {
			return nil, err
		}
		if holds {
			ids = append(ids, on.policy)
		}
	}
	if len(ids) == 0 && r.all {
		ids = []int{DefaultAccessPolicy}
	}
	return ids, nil
}

// selects reports whether an account is one of a rule's.
func (c *RuleCriteria) selects(tx *Tx, a *AccountOnSystem) (bool, error) {
	if c.Filter != filterAccount && c.Filter != filterSystem {
		return c.Filter == filterAll, nil
	}
	if c.SystemName != "" && record.Fold(c.SystemName) != record.Fold(a.System.SystemName) ||
		c.AccountName != "" && record.Fold(c.AccountName) != record.Fold(a.AccountName) {
		return false, nil
	}
	return c.covers(tx, a.System)
}

// approversOf returns the ids of the users who may approve requests for an account: active members of the groups with the role.
// Administrators count only where they have the role.
func approversOf(tx *Tx, a *AccountOnSystem) (map[int]bool, error) {
	approvers := map[int]bool{}
	for given, err := range RuleRoles.All(tx) {
		if err != nil {
			return nil, err
		}
		if !slices.Contains(given.Roles, RoleApprover) && !slices.Contains(given.Roles, RoleRequestorApprover) {
			continue
		}
		one := &AccountRoles{tx: tx}
		if err := one.add(given); err != nil {
			return nil, err
		}
		if on, err := one.On(a, RoleApprover, RoleRequestorApprover); err != nil {
			return nil, err
		} else if !on {
			continue
		}
		if err := addActiveMembers(tx, given.GroupID, approvers); err != nil {
			return nil, err
		}
	}
	return approvers, nil
}

func addActiveMembers(tx *Tx, groupID int, users map[int]bool) error {
	group, err := UserGroups.Get(tx, groupID)
	if err != nil || !group.IsActive {
		return record.Ignore(ErrNotFound, err)
	}
	for member, err := range GroupMember.From(tx, groupID) {
		if err != nil {
			return err
		}
		u, err := Users.Get(tx, member.ID)
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			return err
		case u.IsActive && !u.IsQuarantined:
			users[u.UserID] = true
		}
	}
	return nil
}
