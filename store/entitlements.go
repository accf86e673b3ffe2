package store

import (
	"errors"
	"iter"
	"slices"

	"github.com/musterhq/muster/authz"
)

// Entitlement is one way in which a user reaches a managed account: as a member of a group, by a Smart Rule, in a role
// (a row of the document's GET Entitlements). A member of Administrators has one row, without accounts: he reaches all.
type Entitlement struct {
	GroupID                            int
	Name                               string // of the group
	SmartRuleId                        int
	DistinguishedName                  Text // of the group
	AccessLevel                        Text // of the group to the rule
	RoleId                             int  // 0: no role
	RoleName                           Text
	DedicatedAccountPermissionOverride Text
	DedicatedToAppUserID               *int
	DedicatedToAppUserName             Text
	IsAdministratorGroup               bool
	UserID                             int
	UserName                           string
	ManagedAccountId                   int
	AccountName                        Text
	RationalizedSystemName             Text
	ApplicationName                    Text
	AccessPolicyName                   Text
}

// RuleEntitlement is an entitlement with more about its rule, as GET Entitlements?groupIDs= shows it.
type RuleEntitlement struct {
	Entitlement
	Title         Text
	SmartRuleType Text
}

// Entitlements yields the entitlements of the members of the given user groups, of all groups if none is given, as
// far as the actor may read the rules and see the accounts. Groups and users that are not active, and quarantined
// users, reach nothing. The rows are made one by one and the next overwrites the last, since there can be millions.
func Entitlements(tx *Tx, groupIDs []int) iter.Seq2[*RuleEntitlement, error] {
	return func(yield func(*RuleEntitlement, error) bool) {
		e := &entitling{tx: tx, yield: yield}
		for g, err := range UserGroups.All(tx) {
			if err == nil && (!g.IsActive || groupIDs != nil && !slices.Contains(groupIDs, g.GroupID)) {
				continue
			}
			if err == nil {
				err = e.group(g)
			}
			if errors.Is(err, errStopped) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// errStopped ends the making of rows that nobody wants.
var errStopped = errors.New("no more rows are wanted")

// entitling makes rows.
type entitling struct {
	tx    *Tx
	yield func(*RuleEntitlement, error) bool

	// Of the group that it is at.
	row   RuleEntitlement
	users []userName
}

type userName struct {
	id   int
	name string
}

func (e *entitling) send() error {
	if !e.yield(&e.row, nil) {
		return errStopped
	}
	return nil
}

func (e *entitling) group(g *UserGroup) (err error) {
	if e.users, err = activeMembers(e.tx, g.GroupID); err != nil || len(e.users) == 0 {
		return err
	}
	e.row = RuleEntitlement{Entitlement: Entitlement{GroupID: g.GroupID, Name: g.Name, DistinguishedName: g.DistinguishedName}}
	if g.GroupID == Administrators {
		e.row.IsAdministratorGroup = true
		return e.members()
	}
	for to, err := range GroupRule.From(e.tx, g.GroupID) {
		if err == nil && authz.Level(to.Value).Includes(authz.Read) {
			err = e.rule(to.ID, authz.Level(to.Value))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// activeMembers returns the members of a group who can sign in.
func activeMembers(tx *Tx, groupID int) (users []userName, err error) {
	for member, err := range GroupMember.From(tx, groupID) {
		if err != nil {
			return nil, err
		}
		u, err := Users.Get(tx, member.ID)
		if errors.Is(err, ErrNotFound) {
			continue // just deleted
		}
		if err != nil {
			return nil, err
		}
		if u.IsActive && !u.IsQuarantined {
			users = append(users, userName{u.UserID, u.UserName})
		}
	}
	return users, nil
}

// rule makes the rows of a rule of the group: its accounts are read once, whatever the members and roles are.
func (e *entitling) rule(id int, level authz.Level) error {
	r, err := SmartRuleByID(e.tx, id)
	if err != nil || r.RuleType != ManagedAccountRule {
		return unless(ErrNotFound, err)
	}
	roles, policy, err := e.roles(id)
	if err != nil {
		return err
	}
	e.row.SmartRuleId, e.row.Title, e.row.SmartRuleType = r.SmartRuleID, Text(r.Title), Text(r.RuleType)
	e.row.AccessLevel, e.row.AccessPolicyName = Text(level.String()), policy
	accounts, err := accountsOfRule(e.tx, r)
	if err != nil {
		return err
	}
	for a, err := range accounts {
		if err != nil {
			return err
		}
		e.row.ManagedAccountId, e.row.AccountName = a.ManagedAccountID, Text(a.AccountName)
		e.row.RationalizedSystemName = Text(a.System.SystemName)
		for _, role := range roles {
			e.row.RoleId, e.row.RoleName = role.RoleID, Text(role.Name)
			if err := e.members(); err != nil {
				return err
			}
		}
	}
	return nil
}

// roles returns the roles of the group on a rule, one that is none if it has none, and the name of the policy.
func (e *entitling) roles(ruleID int) (roles []Role, policy Text, err error) {
	given, err := rolesOn(e.tx, e.row.GroupID, ruleID)
	if err != nil {
		return nil, "", err
	}
	roles = slices.DeleteFunc(Roles(), func(r Role) bool { return !slices.Contains(given.Roles, r.RoleID) })
	if len(roles) == 0 {
		roles = []Role{{}}
	}
	if given.AccessPolicyID == 0 {
		return roles, "", nil
	}
	p, err := AccessPolicies.Get(e.tx, given.AccessPolicyID)
	if err != nil {
		return roles, "", unless(ErrNotFound, err)
	}
	return roles, Text(p.Name), nil
}

// members sends the row for each member of the group.
func (e *entitling) members() error {
	for _, u := range e.users {
		e.row.UserID, e.row.UserName = u.id, u.name
		if err := e.send(); err != nil {
			return err
		}
	}
	return nil
}
