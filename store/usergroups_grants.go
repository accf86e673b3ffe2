package store

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// GroupGrants is what a new user group is given.
type GroupGrants struct {
	Permissions   []authz.Grant
	Rules         []RuleAccess
	Registrations []int
}

// RuleAccess is an access level to a Smart Rule.
type RuleAccess struct {
	SmartRuleID int
	Level       authz.Level
}

// maxGiven bounds the Smart Rules, and the API registrations, that a new group is given: one transaction writes them all.
const maxGiven = 200

// Check returns ErrInvalid for what there is not, or not for the actor to see, and ErrDenied for what they may not give. The text
// names the member of the document's body.
func (e GroupGrants) Check(tx *Tx) error {
	if err := checkGrants(tx, "Permissions", e.Permissions); err != nil {
		return err
	}
	if len(e.Rules) > maxGiven || len(e.Registrations) > maxGiven {
		return Invalid("SmartRuleAccess and ApplicationRegistrationIDs have %d entries at the most", maxGiven)
	}
	return cmp.Or(e.checkRules(tx), e.checkRegistrations(tx))
}

func (e GroupGrants) checkRules(tx *Tx) error {
	seen := map[int]bool{}
	for i, r := range e.Rules {
		at := fmt.Sprintf("SmartRuleAccess[%d]", i)
		_, err := ruleToGive(tx, r.SmartRuleID)
		switch {
		case errors.Is(err, ErrNotFound):
			return Invalid("%s.SmartRuleID: there is no Smart Rule %d", at, r.SmartRuleID)
		case err != nil:
			return err
		case !authz.ValidLevel(r.Level):
			return Invalid("%s.AccessLevelID: 0, 1 or 3 is expected", at)
		case seen[r.SmartRuleID]:
			return Invalid("%s.SmartRuleID: %d is given twice", at, r.SmartRuleID)
		}
		seen[r.SmartRuleID] = true
		if err := MayGiveRule(tx, r.SmartRuleID, r.Level); err != nil {
			return err
		}
	}
	return nil
}

func (e GroupGrants) checkRegistrations(tx *Tx) error {
	seen := map[int]bool{}
	for i, id := range e.Registrations {
		at := fmt.Sprintf("ApplicationRegistrationIDs[%d]", i)
		known, err := ApiRegistrations.Has(tx, id)
		switch {
		case err != nil:
			return err
		case !known:
			return Invalid("%s: there is no API Registration %d", at, id)
		case seen[id]:
			return Invalid("%s: %d is given twice", at, id)
		}
		seen[id] = true
		if err := mayGiveRegistration(tx, id); err != nil {
			return err
		}
	}
	return nil
}

// give links a new group to all of it.
func (e GroupGrants) apply(tx *Tx, groupID int) error {
	if err := setGrants(tx, groupID, e.Permissions); err != nil {
		return err
	}
	for _, r := range e.Rules {
		if r.Level == authz.None {
			continue
		}
		if err := GroupRule.Set(tx, groupID, r.SmartRuleID, int(r.Level)); err != nil {
			return err
		}
	}
	for _, id := range e.Registrations {
		if err := GroupRegistration.Set(tx, groupID, id, 0); err != nil {
			return err
		}
	}
	return nil
}

// PermissionsOf lists what a user group grants. Administrators grants everything.
func PermissionsOf(tx *Tx, groupID int) ([]authz.Grant, error) {
	grants := []authz.Grant{}
	if known, err := UserGroups.Has(tx, groupID); err != nil || !known {
		return nil, cmp.Or(err, record.NotFound(UserGroups.Name(), groupID))
	}
	if groupID == Administrators {
		for _, p := range authz.Permissions() {
			grants = append(grants, authz.Grant{Permission: p, Level: authz.ReadWrite})
		}
		return grants, nil
	}
	for p, err := range GroupPermission.From(tx, groupID) {
		if err != nil {
			return nil, err
		}
		grants = append(grants, authz.Grant{Permission: authz.Permission(p.ID), Level: authz.Level(p.Value)})
	}
	return grants, nil
}

// SetPermissions sets the given permissions of a user group and leaves the others; the level None takes one away. It
// returns ErrInvalid for what there is not, for Administrators and for taking Secrets Safe from a group with secrets, and ErrDenied as
// MayChangeGroup and MayGive do.
func SetPermissions(tx *Tx, groupID int, grants []authz.Grant) error {
	if err := mayChangePermissions(tx, groupID); err != nil {
		return err
	}
	if err := checkGrants(tx, "", grants); err != nil {
		return err
	}
	return setGrants(tx, groupID, grants)
}

// ClearPermissions takes every permission from a user group. Its errors are those of SetPermissions.
func ClearPermissions(tx *Tx, groupID int) error {
	if err := mayChangePermissions(tx, groupID); err != nil {
		return err
	}
	grants, err := PermissionsOf(tx, groupID)
	if err != nil {
		return err
	}
	for i := range grants {
		grants[i].Level = authz.None
	}
	return setGrants(tx, groupID, grants)
}

func mayChangePermissions(tx *Tx, groupID int) error {
	if known, err := UserGroups.Has(tx, groupID); err != nil || !known {
		return cmp.Or(err, record.NotFound(UserGroups.Name(), groupID))
	}
	if err := cmp.Or(MayChangeGroup(tx, groupID), mayChangeSecretsSafe(tx, groupID)); err != nil {
		return err
	}
	if groupID == Administrators {
		return Invalid("the User Group Administrators is built in: its permissions cannot be changed")
	}
	return nil
}

// checkGrants checks a list that a body calls member, each permission once, and that the actor may give all of it.
func checkGrants(tx *Tx, member string, grants []authz.Grant) error {
	seen := map[authz.Permission]bool{}
	for i, g := range grants {
		at := fmt.Sprintf("%s[%d]", member, i)
		switch {
		case !g.Permission.Valid():
			return Invalid("%s.PermissionID: there is no permission %d", at, int(g.Permission))
		case !authz.ValidLevel(g.Level):
			return Invalid("%s.AccessLevelID: 0, 1 or 3 is expected", at)
		case seen[g.Permission]:
			return Invalid("%s.PermissionID: %d is given twice", at, int(g.Permission))
		}
		seen[g.Permission] = true
	}
	for _, g := range grants {
		if err := MayGive(tx, g); err != nil {
			return err
		}
	}
	return nil
}

func setGrants(tx *Tx, groupID int, grants []authz.Grant) error {
	for _, g := range grants {
		var err error
		switch {
		case g.Level != authz.None:
			err = GroupPermission.Set(tx, groupID, int(g.Permission), int(g.Level))
		case g.Permission == authz.SecretsSafe:
			err = loseSecretsSafe(tx, groupID)
		default:
			_, err = GroupPermission.Cut(tx, groupID, int(g.Permission))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
