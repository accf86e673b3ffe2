package store

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/musterhq/muster/store/record"
)

// Administrators is the built-in user group whose members may do everything.
const Administrators = 1

// UserGroup is what rights are given to (the document's "User Groups").
type UserGroup struct {
	GroupID             int
	Name                string
	DistinguishedName   Text
	Description         Text
	GroupType           string
	AccountAttribute    Text
	MembershipAttribute Text
	IsActive            bool
	UUID                string // by which other doors know the group; in lower case
	ExternalID          Text   // by which another system knows the group; empty: none does
	Attribute           Text   // what callers of another door keep with the group
	CreateDate          Time
	LastUpdateDate      Time

	// Of a group that comes from a directory.
	DirectoryID                int
	DirectoryEntry             Text // what stays of the entry there: see entryIn
	ExcludedFromGlobalSync     bool // it is not synchronized in the background
	OverrideGlobalSyncSettings bool // kept and not looked at
	IsGone                     bool // the directory has it no more, and it is inactive for that reason
}

func (g *UserGroup) Validate(*Tx) error {
	if err := ownUUID(&g.UUID); err != nil {
		return err
	}
	if g.GroupType != BeyondInsightType && !IsDirectoryType(g.GroupType) {
		return Invalid("invalid GroupType %q", g.GroupType)
	}
	return cmp.Or(
		required("GroupName", g.Name, 200), short("Description", string(g.Description), 255),
		short("ExternalID", string(g.ExternalID), 255), short("Attribute", string(g.Attribute), 255),
	)
}

// ownUUID checks a UUID, which it makes up if there is none.
func ownUUID(id *string) error {
	if *id == "" {
		*id = uuid.NewString()
		return nil
	}
	parsed, err := uuid.Parse(*id)
	if err != nil {
		return Invalid("invalid UUID %q", *id)
	}
	*id = parsed.String()
	return nil
}

func (g *UserGroup) SetDates(now Time, old *UserGroup) {
	if old == nil {
		g.CreateDate, g.LastUpdateDate = now, now
		return
	}
	g.CreateDate, g.LastUpdateDate = old.CreateDate, old.LastUpdateDate
	if *g != *old {
		g.LastUpdateDate = now
	}
}

// AfterWrite protects the groups that must stay, and deletes what a deleted group had.
func (g *UserGroup) AfterWrite(tx *Tx, old *UserGroup) error {
	switch {
	case old == nil:
		return nil
	case !g.isActive() && old.GroupID == Administrators:
		return Invalid("the User Group Administrators is built in: it can be neither deleted nor deactivated")
	case g == nil:
		if err := dropGroupsSafe(tx, old.GroupID); err != nil {
			return err
		}
		if err := record.SweepLater(tx, sweepOfUserGroup, old.GroupID); err != nil {
			return err
		}
	}
	return bump(tx, everyone)
}

func (g *UserGroup) isActive() bool { return g != nil && g.IsActive }

func (g *UserGroup) CascadeSummary(tx *Tx) (all []UserAuditDetail, err error) {
	add := func(details []UserAuditDetail, e error) { all, err = append(all, details...), cmp.Or(err, e) }
	add(record.CascadeDetail("Members", GroupMember.From(tx, g.GroupID)))
	add(record.CascadeDetail("Permissions", GroupPermission.From(tx, g.GroupID)))
	add(record.CascadeDetail("API Registrations", GroupRegistration.From(tx, g.GroupID)))
	add(record.CascadeDetail("Smart Rules", GroupRule.From(tx, g.GroupID)))
	add(record.CascadeDetail("Organizations", GroupOrganization.From(tx, g.GroupID)))
	return all, err
}

// clearUserGroup clears away what a deleted group had.
func clearUserGroup(b *record.SweepBatch, id int) error {
	return cmp.Or(
		record.CutFrom(b, GroupMember, id), record.CutFrom(b, GroupPermission, id), record.CutFrom(b, GroupRegistration, id), record.CutFrom(b, GroupRule, id),
		record.CutFrom(b, GroupOrganization, id), record.Remove(b, RuleRoles, ruleRolesByPair.Each(b.Tx, K(id))),
		record.CutTo(b, SecretOwnerGroup, id), clearPrincipal(b, PrincipalGroup, id),
	)
}

// UserGroupByName returns the user group of that name, without regard to case, or ErrNotFound.
func UserGroupByName(tx *Tx, name string) (*UserGroup, error) {
	return userGroupByName.One(tx, K(record.Fold(name)), name)
}

// MemberExternalID is what a Duplicate calls the ExternalID of a user group.
const MemberExternalID = "external ID"

// UserGroupByUUID returns the user group of a UUID in lower case, or ErrNotFound.
func UserGroupByUUID(tx *Tx, id string) (*UserGroup, error) {
	return userGroupByUUID.One(tx, K(id), id)
}

// UserGroupByExternalID returns the user group that has the external id, without regard to case, or ErrNotFound.
func UserGroupByExternalID(tx *Tx, id string) (*UserGroup, error) {
	return userGroupByExternalID.One(tx, unlessEmpty(Text(id)), id)
}

// RegistrationIDs lists the API registrations that the members of a user group may use, as the API shows them: the ids
// between commas.
func RegistrationIDs(tx *Tx, groupID int) (string, error) {
	var ids []string
	for r, err := range GroupRegistration.From(tx, groupID) {
		if err != nil {
			return "", err
		}
		ids = append(ids, strconv.Itoa(r.ID))
	}
	return strings.Join(ids, ","), nil
}

// CreateUserGroup makes a user group with what it is given. The group has access to every Organization that the actor may
// see. Besides what its members break, it returns what GroupGrants.Check does.
func CreateUserGroup(tx *Tx, g *UserGroup, e GroupGrants) error {
	if err := e.Check(tx); err != nil {
		return err
	}
	var seen []string
	for o, err := range Visible(tx, Organizations, func(o *Organization) string { return o.OrganizationID }) {
		if err != nil {
			return err
		}
		seen = append(seen, o.OrganizationID)
	}
	if err := UserGroups.Insert(tx, g); err != nil {
		return err
	}
	for _, o := range seen {
		if err := GroupOrganization.Set(tx, g.GroupID, o, 0); err != nil {
			return err
		}
	}
	return e.apply(tx, g.GroupID)
}

// ChangeUserGroup stores a changed user group. Besides what its members break, it returns ErrDenied as DeleteUserGroup does,
// and ErrInvalid for another name of Administrators, by which people and scripts know it.
func ChangeUserGroup(tx *Tx, g *UserGroup) error {
	if err := cmp.Or(MayChangeGroup(tx, g.GroupID), mayChangeSecretsSafe(tx, g.GroupID)); err != nil {
		return err
	}
	if g.GroupID == Administrators {
		old, err := UserGroups.Get(tx, g.GroupID)
		if err == nil && old.Name != g.Name {
			err = Invalid("the User Group Administrators is built in: it keeps its name")
		}
		if err != nil {
			return err
		}
	}
	return UserGroups.Put(tx, g)
}

// DeleteUserGroup deletes a user group. It returns ErrDenied for one that has rights which the actor lacks and, unless they are
// an administrator, for one with Secrets Safe; and ErrInvalid for Administrators and for one that has secrets.
func DeleteUserGroup(tx *Tx, id int) error {
	if known, err := UserGroups.Has(tx, id); err != nil || !known {
		return cmp.Or(err, record.NotFound(UserGroups.Name(), id))
	}
	if err := cmp.Or(MayChangeGroup(tx, id), mayChangeSecretsSafe(tx, id)); err != nil {
		return err
	}
	return UserGroups.Delete(tx, id)
}

// GroupsOf returns the user groups of a user, ascending.
func GroupsOf(tx *Tx, userID int) ([]*UserGroup, error) {
	groups := []*UserGroup{}
	for m, err := range GroupMember.To(tx, userID) {
		if err != nil {
			return nil, err
		}
		g, err := UserGroups.Get(tx, m.ID)
		if err == nil {
			groups = append(groups, g)
		} else if record.Ignore(ErrNotFound, err) != nil {
			return nil, err
		}
	}
	return slices.Clip(groups), nil
}
