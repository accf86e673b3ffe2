package store

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// A caller could raise themselves by giving a user group what they lack, and by whatever lets them act as one who has more: a
// membership, a password, a client secret. So, unless the server allows it, they give only rights of their own, and
// neither changes nor deletes a user or user group that has others, nor puts anyone into it.

// privileges are all that membership of some user groups gives, whether the groups are active or not.
type privileges struct {
	admin         bool
	grants        map[authz.Permission]authz.Level
	rules         map[int]authz.Level
	roles         map[roleOnRule]bool
	registrations map[int]bool
	organizations map[string]bool
	safes         map[string]SafeFlags
}

type roleOnRule struct{ rule, role int }

// privilegesOf adds up what groups bring.
func privilegesOf(tx *Tx, groups ...int) (*privileges, error) {
	h := &privileges{
		grants: map[authz.Permission]authz.Level{}, rules: map[int]authz.Level{}, roles: map[roleOnRule]bool{},
		registrations: map[int]bool{}, organizations: map[string]bool{},
		safes: map[string]SafeFlags{},
	}
	for _, group := range groups {
		if err := h.add(tx, group); err != nil {
			return nil, err
		}
	}
	return h, nil
}

func (h *privileges) add(tx *Tx, group int) error {
	h.admin = h.admin || group == Administrators
	for r, err := range ruleRolesByPair.Each(tx, K(group)) {
		if err != nil {
			return err
		}
		for _, role := range r.Roles {
			h.roles[roleOnRule{r.SmartRuleID, role}] = true
		}
	}
	return cmp.Or(
		everyLink(GroupPermission.From(tx, group), func(id, level int) { h.grants[authz.Permission(id)] |= authz.Level(level) }),
		everyLink(GroupRule.From(tx, group), func(id, level int) { h.rules[id] |= authz.Level(level) }),
		everyLink(GroupRegistration.From(tx, group), func(id, _ int) { h.registrations[id] = true }),
		everyLink(GroupOrganization.From(tx, group), func(id string, _ int) { h.organizations[id] = true }),
		h.addSafes(tx, PrincipalGroup, group),
	)
}

// addSafes adds what a principal may do in safes, even if it is over.
func (h *privileges) addSafes(tx *Tx, kind, id int) error {
	for p, err := range safePermissionsByPrincipal.Each(tx, K(kind, id)) {
		if err != nil {
			return err
		}
		h.safes[p.SafeID] |= p.Flags.reach()
	}
	return nil
}

func everyLink[ID int | string](links iter.Seq2[record.Linked[ID], error], fn func(id ID, value int)) error {
	for l, err := range links {
		if err != nil {
			return err
		}
		fn(l.ID, l.Value)
	}
	return nil
}

// missing names something that others hold and h does not; it is empty if there is nothing. What the one who asks may not
// even see is not named.
func (h *privileges) missing(others *privileges) string {
	if h.admin {
		return ""
	}
	if others.admin {
		return "membership of Administrators"
	}
	for _, p := range slices.Sorted(maps.Keys(others.grants)) {
		if g := (authz.Grant{Permission: p, Level: others.grants[p]}); !h.grants[p].Includes(g.Level) {
			return g.String()
		}
	}
	for rule, level := range others.rules {
		if !h.rules[rule].Includes(level) {
			return "the same access to its Smart Rules"
		}
	}
	for safe, flags := range others.safes {
		if h.safes[safe]&flags != flags {
			return "the same permissions on its safes"
		}
	}
	switch {
	case lacksAny(h.roles, others.roles):
		return "the same roles on its Smart Rules"
	case lacksAny(h.registrations, others.registrations):
		return "use of its API registrations"
	case lacksAny(h.organizations, others.organizations):
		return "access to its Organizations"
	}
	return ""
}

// lacksAny reports whether a set lacks something of another.
func lacksAny[K comparable](set, other map[K]bool) bool {
	for k := range other {
		if !set[k] {
			return true
		}
	}
	return false
}

// unrestricted reports whether the actor is held by no such bounds.
func unrestricted(tx *Tx) bool { return tx.By.Admin || tx.By.AllowEscalation }

// MayChangeGroup returns an ErrDenied for a user group that has rights which the actor lacks.
func MayChangeGroup(tx *Tx, groupID int) error {
	return mayChange(tx, UserGroups.Name(), groupID, []int{groupID})
}

// MayChangeUser returns an ErrDenied for a user who has rights which the actor lacks, by whatever group. Oneself has
// not.
func MayChangeUser(tx *Tx, userID int) error {
	if unrestricted(tx) || userID == tx.By.UserID {
		return nil
	}
	// Whatever group they get into meanwhile moves their epoch, and makes this run again.
	if _, err := epochs(tx, userID); err != nil {
		return err
	}
	groups, err := GroupsOf(tx, userID)
	if err != nil {
		return err
	}
	ids := make([]int, len(groups))
	for i, g := range groups {
		ids[i] = g.GroupID
	}
	return mayChange(tx, Users.Name(), userID, ids, userID)
}

// MayChangeRegistration returns an ErrDenied for an API registration that a user group with rights which the actor
// lacks may use: with its key, or without its rules, they could sign in as a member.
func MayChangeRegistration(tx *Tx, registrationID int) error {
	var groups []int
	for g, err := range GroupRegistration.To(tx, registrationID) {
		if err != nil {
			return err
		}
		groups = append(groups, g.ID)
	}
	return mayChange(tx, ApiRegistrations.Name(), registrationID, groups)
}

func mayChange(tx *Tx, what string, id int, groups []int, users ...int) error {
	if unrestricted(tx) {
		return nil
	}
	own, err := privilegesOf(tx, tx.By.Groups...)
	if err == nil {
		err = own.addSafes(tx, PrincipalUser, tx.By.UserID)
	}
	if err != nil {
		return err
	}
	others, err := privilegesOf(tx, groups...)
	for _, user := range users {
		err = cmp.Or(err, others.addSafes(tx, PrincipalUser, user))
	}
	if err != nil {
		return err
	}
	if lacking := own.missing(others); lacking != "" {
		return record.Error(ErrDenied, "%s %d has rights that you lack: %s is required", what, id, lacking)
	}
	return nil
}

// PermissionLevel returns how far a permission of the actor reaches, which they have through their groups.
func PermissionLevel(tx *Tx, p authz.Permission) (authz.Level, error) {
	if tx.By.Admin {
		return authz.ReadWrite, nil
	}
	level := authz.None
	for _, group := range tx.By.Groups {
		value, _, err := GroupPermission.Get(tx, group, int(p))
		if err != nil {
			return authz.None, err
		}
		level |= authz.Level(value)
	}
	return level, nil
}

// MayGive returns an ErrDenied if the actor may not give a user group that permission at that level. Secrets Safe is given by
// administrators only.
func MayGive(tx *Tx, g authz.Grant) error {
	if g.Level == authz.None || tx.By.Admin {
		return nil
	}
	if g.Permission == authz.SecretsSafe {
		return errSecretsSafe()
	}
	if tx.By.AllowEscalation {
		return nil
	}
	own, err := PermissionLevel(tx, g.Permission)
	if err == nil && !own.Includes(g.Level) {
		err = Denied(g.String() + " is required")
	}
	return err
}

// MayGiveRule returns an ErrDenied if the actor may not give a user group that access to a Smart Rule.
func MayGiveRule(tx *Tx, ruleID int, level authz.Level) error {
	if unrestricted(tx) {
		return nil
	}
	own, err := RuleLevel(tx, ruleID)
	if err == nil && !own.Includes(level) {
		err = Denied(authz.Term{Kind: authz.KindSmartRule, Grant: authz.Grant{Level: level}}.String() + " is required")
	}
	return err
}

// mayGiveRegistration returns an ErrDenied if the actor may not let a user group use an API registration.
func mayGiveRegistration(tx *Tx, id int) error {
	if unrestricted(tx) {
		return nil
	}
	own := Rights{Groups: tx.By.Groups}
	may, err := own.MayUse(tx, id)
	if err == nil && !may {
		err = record.Error(ErrDenied, "use of API Registration %d is required", id)
	}
	return err
}
