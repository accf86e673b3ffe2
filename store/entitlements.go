package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"iter"
	"slices"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// Entitlement is one way in which a user reaches a managed account: as a member of a group, by a Smart Rule, in a role
// (a row of the document's GET Entitlements). A member of Administrators has one row, without accounts: they reach all.
// It is made of parts, each of which many rows have in common.
type Entitlement struct {
	entitledBy
	entitledAs
	entitledUser
	entitledTo
	entitledUnder
}

// RuleEntitlement is an entitlement with more about its rule, as GET Entitlements?groupIDs= shows it.
type RuleEntitlement struct {
	Entitlement
	entitledRule
}

type entitledBy struct {
	GroupID           int    `example:"2"`                                        // ID of the user group.
	Name              string `example:"Asset Operators"`                          // Name of the user group.
	SmartRuleId       int    `example:"4"`                                        // ID of the Smart Rule; 0: none.
	DistinguishedName Text   `example:"cn=operators,ou=groups,dc=lab,dc=example"` // Distinguished name of a user group of a directory.
	AccessLevel       Text   `example:"Read"`                                     // Access level of the user group to the Smart Rule.
}

type entitledAs struct {
	RoleId                             int  `example:"1"`         // ID of the role; 0: no role.
	RoleName                           Text `example:"Requestor"` // Name of the role.
	DedicatedAccountPermissionOverride Text `example:"Read"`      // Permission that a dedicated account overrides. It is always null.
	DedicatedToAppUserID               *int `example:"3"`         // ID of the user that the account is dedicated to. It is always null.
	DedicatedToAppUserName             Text `example:"olga"`      // Name of the user that the account is dedicated to. It is always null.
	IsAdministratorGroup               bool `example:"false"`     // Whether the user group is Administrators, whose members reach everything.
}

type entitledUser struct {
	UserID   int    `example:"3"`    // ID of the user.
	UserName string `example:"olga"` // Name of the user.
}

type entitledTo struct {
	ManagedAccountId       int  `example:"1"`            // ID of the managed account; 0: none.
	AccountName            Text `example:"root"`         // Name of the managed account.
	RationalizedSystemName Text `example:"web01"`        // Name of the managed system that the account is on.
	ApplicationName        Text `example:"Event Viewer"` // Name of the application. It is always null.
}

type entitledUnder struct {
	AccessPolicyName Text `example:"Office Hours"` // Name of the access policy that goes with the role.
}

type entitledRule struct {
	Title         Text `example:"Meridian root accounts"`                                    // Title of the Smart Rule.
	SmartRuleType Text `example:"ManagedAccount" enums:"Asset,ManagedSystem,ManagedAccount"` // Type of the Smart Rule: Asset, ManagedSystem or ManagedAccount.
}

// Entitlements lists the entitlements of the members of the given user groups, of all groups if none is given, as far as
// the actor may read the rules and see the accounts; each is an Entitlement or, if rules are to be shown, a
// RuleEntitlement. Groups and users that are not active, and quarantined users, reach nothing. There can be
// millions of rows: they are put together one by one from parts that are encoded once.
func Entitlements(groupIDs []int, showRules bool) List {
	rows := func(tx *Tx) iter.Seq2[json.RawMessage, error] {
		return func(yield func(json.RawMessage, error) bool) {
			e := &entitling{tx: tx, showRules: showRules, yield: yield}
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
	return List{
		Count: func(tx *Tx) (int, error) { return record.CountOf(rows(tx)) },
		Rows: func(tx *Tx, offset, limit int) iter.Seq2[json.RawMessage, error] {
			return record.Piece(rows(tx), offset, limit)
		},
	}
}

// errStopped ends the making of rows that nobody wants.
var errStopped = errors.New("no more rows are wanted")

// entitling makes rows.
type entitling struct {
	tx        *Tx
	showRules bool
	yield     func(json.RawMessage, error) bool

	by    entitledBy // the group and the rule that it is at
	users [][]byte   // the encoded members of the group
	row   []byte
}

// send puts a row together from encoded parts for each member of the group.
func (e *entitling) send(by, as, to, under []byte) error {
	for _, user := range e.users {
		e.row = append(e.row[:0], '{')
		for _, part := range [][]byte{by, as, user, to, under} {
			e.row = append(append(e.row, part...), ',')
		}
		e.row[len(e.row)-1] = '}'
		if !e.yield(e.row, nil) {
			return errStopped
		}
	}
	return nil
}

// fragment encodes a part of a row, without the braces.
func fragment(v any) ([]byte, error) {
	b, err := record.Encode(v)
	if err != nil {
		return nil, err
	}
	return b[1 : len(b)-1], nil
}

// under encodes the last part of a row.
func (e *entitling) under(policy Text, r entitledRule) ([]byte, error) {
	if !e.showRules {
		return fragment(entitledUnder{policy})
	}
	return fragment(struct {
		entitledUnder
		entitledRule
	}{entitledUnder{policy}, r})
}

func (e *entitling) group(g *UserGroup) (err error) {
	if e.users, err = activeMembers(e.tx, g.GroupID); err != nil || len(e.users) == 0 {
		return err
	}
	e.by = entitledBy{GroupID: g.GroupID, Name: g.Name, DistinguishedName: g.DistinguishedName}
	if g.GroupID == Administrators {
		return e.administrators()
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

func (e *entitling) administrators() error {
	by, err1 := fragment(e.by)
	as, err2 := fragment(entitledAs{IsAdministratorGroup: true})
	to, err3 := fragment(entitledTo{})
	under, err4 := e.under("", entitledRule{})
	if err := cmp.Or(err1, err2, err3, err4); err != nil {
		return err
	}
	return e.send(by, as, to, under)
}

// activeMembers returns the members of a group who can sign in, encoded.
func activeMembers(tx *Tx, groupID int) (users [][]byte, err error) {
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
		if !u.IsActive || u.IsQuarantined {
			continue
		}
		user, err := fragment(entitledUser{u.UserID, u.UserName})
		if err != nil {
			return nil, err
		}
		users = append(users, user)
	}
	return users, nil
}

// rule makes the rows of a rule of the group: its accounts are read once, whatever the members and roles are.
func (e *entitling) rule(id int, level authz.Level) error {
	r, err := SmartRuleByID(e.tx, id)
	if err != nil || r.RuleType != ManagedAccountRule {
		return record.Ignore(ErrNotFound, err)
	}
	roles, policy, err := e.roles(id)
	if err != nil {
		return err
	}
	e.by.SmartRuleId, e.by.AccessLevel = id, Text(level.String())
	by, err1 := fragment(e.by)
	under, err2 := e.under(policy, entitledRule{Text(r.Title), Text(r.RuleType)})
	accounts, err3 := AccountsOfRule(e.tx, r)
	if err := cmp.Or(err1, err2, err3); err != nil {
		return err
	}
	for a, err := range accounts {
		if err != nil {
			return err
		}
		to, err := fragment(entitledTo{ManagedAccountId: a.ManagedAccountID, AccountName: Text(a.AccountName), RationalizedSystemName: Text(a.System.SystemName)})
		if err != nil {
			return err
		}
		for _, as := range roles {
			if err := e.send(by, as, to, under); err != nil {
				return err
			}
		}
	}
	return nil
}

// roles returns the roles of the group on a rule, encoded, one that is none if it has none, and the name of the policy.
func (e *entitling) roles(ruleID int) (encoded [][]byte, policy Text, err error) {
	given, err := rolesOn(e.tx, e.by.GroupID, ruleID)
	if err != nil {
		return nil, "", err
	}
	roles, err := given.given(e.tx)
	if err != nil {
		return nil, "", err
	}
	if len(roles) == 0 {
		roles = []Role{{}}
	}
	for _, r := range roles {
		as, err := fragment(entitledAs{RoleId: r.RoleID, RoleName: Text(r.Name)})
		if err != nil {
			return nil, "", err
		}
		encoded = append(encoded, as)
	}
	if given.AccessPolicyID == 0 {
		return encoded, "", nil
	}
	p, err := AccessPolicies.Get(e.tx, given.AccessPolicyID)
	if err != nil {
		return encoded, "", record.Ignore(ErrNotFound, err)
	}
	return encoded, Text(p.Name), nil
}
