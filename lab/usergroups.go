package lab

import (
	"errors"
	"fmt"
	"slices"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
)

// UserGroup is what rights are given to, known by its name. All that it is given it has at least.
type UserGroup struct {
	Place
	Name                       string       `lab:"required"` // Name of the user group.
	Description                *string      // Description of the group.
	GroupType                  *string      `choices:"groupTypes"` // BeyondInsight (default), EntraId, ActiveDirectory or LdapDirectory. That of an existing group stays.
	DistinguishedName          *string      // Distinguished name of a directory group.
	AccountAttribute           *string      // Attribute of a directory that names accounts.
	MembershipAttribute        *string      // Attribute of a directory that names members.
	Directory                  *string      // Host of the directory that a directory group comes from.
	DirectoryEntry             *string      // Its stable id in the directory: objectGUID, entryUUID or Graph id.
	ExcludedFromGlobalSync     *bool        // Whether a directory group is left out of the synchronization in the background.
	OverrideGlobalSyncSettings *bool        // Stored.
	IsActive                   *bool        `lab:"default=true"` // Whether the group is active.
	UUID                       *string      // By which other doors know the group; made up unless it is given.
	ExternalID                 *string      // By which another system knows the group.
	Attribute                  *string      // A text that callers of the Entrust door keep with the group.
	Organizations              Names        // Organizations that the members may see. Left out of a new group: all that there are.
	Permissions                Entries      `choices:"permissions:levels"` // Access levels (None, Read, Read/Write) by permission; None takes it away.
	ApiRegistrations           Names        // API registrations that the members may use.
	SmartRules                 []*GroupRule // Smart Rules that the members may use.
}

// GroupRule is the access of a user group to a Smart Rule.
type GroupRule struct {
	Place
	SmartRule    string  `lab:"required"`                  // Title of the Smart Rule.
	AccessLevel  string  `lab:"required" choices:"levels"` // None, Read or Read/Write.
	Roles        Names   // Names of the roles that the members have, in place of all that they have.
	AccessPolicy *string // Name of the access policy: required for a Requestor.
}

func (g *UserGroup) steps() []step {
	all := []step{{g, g.put}}
	for _, name := range g.Organizations {
		all = append(all, step{name, func(p *loader) error { return g.see(p, name) }})
	}
	for _, e := range g.Permissions {
		all = append(all, step{e, func(p *loader) error { return g.grant(p, e) }})
	}
	for _, name := range g.ApiRegistrations {
		all = append(all, step{name, func(p *loader) error { return g.use(p, name) }})
	}
	for _, r := range g.SmartRules {
		all = append(all, step{r, func(p *loader) error { return r.put(p, g) }})
	}
	return all
}

func (g *UserGroup) put(p *loader) error {
	found, err := store.UserGroupByName(p.tx, g.Name)
	isNew := errors.Is(err, store.ErrNotFound)
	r, err := put(p, store.UserGroups, g, quoted(g.Name), found, err, func(r *store.UserGroup, isNew bool) error {
		if !isNew && r.GroupType != found.GroupType {
			return store.Invalid("GroupType: that of %q is %s and stays", g.Name, found.GroupType)
		}
		if r.GroupType == "" {
			r.GroupType = store.BeyondInsightType
		}
		if g.Directory != nil || g.DirectoryEntry != nil {
			r.DirectoryID, r.DirectoryEntry, err = p.directory(r.GroupType, g.Directory, g.DirectoryEntry)
			return err
		}
		return nil
	})
	if err != nil || !isNew || g.Organizations != nil {
		return err
	}
	for o, err := range store.Organizations.All(p.tx) {
		if err != nil {
			return err
		}
		if err := store.GroupOrganization.Set(p.tx, r.GroupID, o.OrganizationID, 0); err != nil {
			return err
		}
	}
	return nil
}

func (g *UserGroup) see(p *loader, name *Name) error {
	organization, err := p.organization("Organizations", &name.Text)
	if err != nil {
		return err
	}
	group, err := store.UserGroupByName(p.tx, g.Name)
	if err != nil {
		return err
	}
	return link(p, store.GroupOrganization, group.GroupID, organization, name, "Organization "+quoted(name.Text)+" to User Group "+quoted(g.Name))
}

func (g *UserGroup) grant(p *loader, e *Entry) error {
	group, err := store.UserGroupByName(p.tx, g.Name)
	if err != nil {
		return err
	}
	if len(e.Names) != 1 {
		return store.Invalid("one access level is expected")
	}
	wanted := authz.Grant{Permission: permission(e.Key), Level: level(e.Names[0].Text)}
	has, err := store.PermissionsOf(p.tx, group.GroupID)
	if err != nil || slices.Contains(has, wanted) || wanted.Level == authz.None && !slices.ContainsFunc(has, func(g authz.Grant) bool { return g.Permission == wanted.Permission }) {
		return err
	}
	p.say(e, edit, store.UserGroups.Name()+" "+quoted(g.Name), fmt.Sprintf("%s (%s)", e.Key, wanted.Level))
	return store.SetPermissions(p.tx, group.GroupID, []authz.Grant{wanted})
}

func (g *UserGroup) use(p *loader, name *Name) error {
	registration, err := store.ApiRegistrationByName(p.tx, name.Text)
	if registration, err = refer("ApiRegistrations", registration, err); err != nil {
		return err
	}
	group, err := store.UserGroupByName(p.tx, g.Name)
	if err != nil {
		return err
	}
	return link(p, store.GroupRegistration, group.GroupID, registration.Id, name, "API Registration "+quoted(name.Text)+" to User Group "+quoted(g.Name))
}

func (r *GroupRule) put(p *loader, g *UserGroup) error {
	group, err := store.UserGroupByName(p.tx, g.Name)
	if err != nil {
		return err
	}
	rule, err := store.SmartRuleByTitle(p.tx, r.SmartRule)
	if rule, err = refer("SmartRule", rule, err); err != nil {
		return err
	}
	if err := p.once(r, "access of "+g.Name, rule.SmartRuleID); err != nil {
		return err
	}
	what := "Smart Rule " + quoted(r.SmartRule)
	has, err := store.GroupRuleLevel(p.tx, group.GroupID, rule.SmartRuleID)
	if err != nil {
		return err
	}
	if wanted := level(r.AccessLevel); has != wanted {
		p.say(r, edit, store.UserGroups.Name()+" "+quoted(g.Name), fmt.Sprintf("%s (%s)", what, wanted))
		if err := store.SetRuleLevel(p.tx, group.GroupID, rule.SmartRuleID, wanted); err != nil {
			return err
		}
	}
	return r.putRoles(p, g, group.GroupID, rule.SmartRuleID)
}

func (r *GroupRule) putRoles(p *loader, g *UserGroup, groupID, ruleID int) error {
	has, policyID, err := store.AccessOn(p.tx, groupID, ruleID)
	if err != nil {
		return err
	}
	ids := []int{}
	for _, role := range has {
		ids = append(ids, role.RoleID)
	}
	before, policyBefore := slices.Clone(ids), policyID
	if r.Roles != nil {
		ids = ids[:0]
		for _, name := range r.Roles {
			role, err := store.RoleByName(p.tx, name.Text)
			if role, err = refer("Roles", role, err); err != nil {
				return name.wrongly(err)
			}
			ids = append(ids, role.RoleID)
		}
		slices.Sort(ids)
	}
	if r.AccessPolicy != nil {
		policy, err := store.AccessPolicyByName(p.tx, *r.AccessPolicy)
		if policy, err = refer("AccessPolicy", policy, err); err != nil {
			return err
		}
		policyID = policy.AccessPolicyID
	}
	if slices.Equal(ids, before) && policyID == policyBefore || len(ids) == 0 && len(before) == 0 {
		return nil
	}
	p.say(r, edit, store.UserGroups.Name()+" "+quoted(g.Name), "Roles on Smart Rule "+quoted(r.SmartRule))
	return store.SetRoles(p.tx, groupID, ruleID, ids, policyID)
}

func (c *collector) userGroups() (all []*UserGroup, err error) {
	for r, err := range store.UserGroups.All(c.tx) {
		if err != nil {
			return nil, err
		}
		g := &UserGroup{Organizations: Names{}}
		if show(g, r); r.GroupType == store.BeyondInsightType {
			g.GroupType = nil
		}
		g.Directory, g.DirectoryEntry = c.entry(r.DirectoryID, r.DirectoryEntry)
		if err := c.rights(g, r); err != nil {
			return nil, err
		}
		all = append(all, g)
		c.groupNames[r.GroupID] = r.Name
	}
	return sorted(all, func(g *UserGroup) string { return g.Name }), nil
}

// rights collects what a group is given. What Administrators have anyway is left out.
func (c *collector) rights(g *UserGroup, r *store.UserGroup) error {
	organizations, err := linked(store.GroupOrganization.From(c.tx, r.GroupID))
	if err != nil {
		return err
	}
	g.Organizations = called(organizations, c.organizationNames)
	registrations, err := linked(store.GroupRegistration.From(c.tx, r.GroupID))
	if err != nil {
		return err
	}
	g.ApiRegistrations = called(registrations, c.registrationNames)
	if r.GroupID == store.Administrators {
		return nil
	}
	grants, err := store.PermissionsOf(c.tx, r.GroupID)
	if err != nil {
		return err
	}
	for _, grant := range grants {
		g.Permissions = append(g.Permissions, &Entry{Key: grant.Permission.String(), Names: names(grant.Level.String())})
	}
	return c.access(g, r)
}

// access collects the Smart Rules of a group. One may have roles on a rule without access to it.
func (c *collector) access(g *UserGroup, r *store.UserGroup) error {
	for _, id := range sortedIDs(c.ruleTitles) {
		level, err := store.GroupRuleLevel(c.tx, r.GroupID, id)
		if err != nil {
			return err
		}
		roles, policy, err := store.AccessOn(c.tx, r.GroupID, id)
		if err != nil {
			return err
		}
		if level == authz.None && len(roles) == 0 {
			continue
		}
		rule := &GroupRule{SmartRule: c.ruleTitles[id], AccessLevel: level.String()}
		for _, role := range roles {
			rule.Roles = append(rule.Roles, &Name{Text: role.Name})
		}
		if name := c.accessPolicyNames[policy]; name != "" {
			rule.AccessPolicy = &name
		}
		g.SmartRules = append(g.SmartRules, rule)
	}
	sorted(g.SmartRules, func(r *GroupRule) string { return r.SmartRule })
	return nil
}
