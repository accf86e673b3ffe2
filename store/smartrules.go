package store

import (
	"cmp"
	"iter"
	"slices"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// The types of Smart Rules, after what their members are.
const (
	AssetRule          = "Asset"
	ManagedSystemRule  = "ManagedSystem"
	ManagedAccountRule = "ManagedAccount"
)

// The Status of a Smart Rule.
const (
	RuleIdle       = 0
	RuleQueued     = 1
	RuleProcessing = 2
	RuleFailed     = 3
)

// The longest members of a Smart Rule, in code points. The document limits the first two (POST
// SmartRules/FilterAssetAttribute).
const (
	MaxRuleTitle       = 75
	MaxRuleCategory    = 50
	MaxRuleDescription = 1000
)

// SmartRule selects assets, managed systems or managed accounts (the document's "Smart Rules"). What it selects them
// by stands in its RuleCriteria.
type SmartRule struct {
	SmartRuleID       int    `example:"4"`                                                // ID of the Smart Rule.
	OrganizationID    Text   `example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a101"`             // ID of the organization that the Smart Rule belongs to; null: it is everybody's.
	Title             string `example:"Critical assets"`                                  // Title of the Smart Rule.
	Description       string `example:"What must not stop"`                               // Description of the Smart Rule.
	Category          string `example:"Operations"`                                       // Category that the Smart Rule is in.
	Status            int    `example:"0" enums:"0,1,2,3"`                                // How far the Smart Rule is: 0 when it is processed, 1 when it is queued, 2 while it is processed, 3 when that failed.
	LastProcessedDate Time   `example:"2026-05-04T08:15:30.123Z"`                         // When the Smart Rule was processed last.
	IsReadOnly        bool   `example:"false"`                                            // Whether the Smart Rule is built in and cannot be changed.
	RuleType          string `example:"Asset" enums:"Asset,ManagedSystem,ManagedAccount"` // Type of the Smart Rule: Asset, ManagedSystem or ManagedAccount.
}

func (r *SmartRule) Validate(tx *Tx) error {
	if err := cmp.Or(
		required("Title", r.Title, MaxRuleTitle), short("Category", r.Category, MaxRuleCategory),
		short("Description", r.Description, MaxRuleDescription),
	); err != nil || r.OrganizationID == "" {
		return err
	}
	known, err := Organizations.Has(tx, string(r.OrganizationID))
	if err == nil && !known {
		err = Invalid("OrganizationID: there is no Organization %q", string(r.OrganizationID))
	}
	return err
}

// AfterWrite sweeps away what a deleted rule leaves, and wakes who processes a rule that is queued, however it came to that.
func (r *SmartRule) AfterWrite(tx *Tx, old *SmartRule) error {
	if r != nil {
		if r.Status == RuleQueued {
			tx.OnCommit(dbOf(tx).rules.queued.Notify)
		}
		return nil
	}
	return record.SweepLater(tx, sweepOfRule, old.SmartRuleID)
}

func (r *SmartRule) CascadeSummary(tx *Tx) ([]UserAuditDetail, error) {
	return record.CascadeDetail("Members", RuleAsset.From(tx, r.SmartRuleID))
}

// clearRule clears away what a deleted rule had.
func clearRule(b *record.SweepBatch, id int) error {
	criteria := Criteria.In(b.Tx, K(id))
	return cmp.Or(
		record.CutFrom(b, RuleAsset, id), record.CutFrom(b, RuleAttribute, id), record.CutTo(b, GroupRule, id), record.Remove(b, Criteria, criteria),
		record.Remove(b, RuleRoles, ruleRolesByRule.Each(b.Tx, K(id))),
	)
}

// RuleLevel returns the actor's access level to a Smart Rule, which comes through their groups; members of
// Administrators have Read/Write on every rule.
func RuleLevel(tx *Tx, ruleID int) (authz.Level, error) {
	if tx.By.Admin {
		return authz.ReadWrite, nil
	}
	level := authz.None
	for _, group := range tx.By.Groups {
		value, _, err := GroupRule.Get(tx, group, ruleID)
		if err != nil {
			return authz.None, err
		}
		level |= authz.Level(value)
	}
	return level, nil
}

// readable reports whether the actor may see the rule's Organization and read the rule.
func (r *SmartRule) readable(tx *Tx) (bool, error) {
	sees, err := Sees(tx, string(r.OrganizationID))
	if err != nil || !sees {
		return false, err
	}
	level, err := RuleLevel(tx, r.SmartRuleID)
	return level.Includes(authz.Read), err
}

// found is r for an actor who may read it, else the ErrNotFound for what was asked for.
func (r *SmartRule) found(tx *Tx, asked any) (*SmartRule, error) {
	readable, err := r.readable(tx)
	if err == nil && !readable {
		err = record.NotFound(SmartRules.Name(), asked)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// SmartRuleByID returns a Smart Rule that the actor may read, or ErrNotFound.
func SmartRuleByID(tx *Tx, id int) (*SmartRule, error) {
	r, err := SmartRules.Get(tx, id)
	if err != nil {
		return nil, err
	}
	return r.found(tx, id)
}

// SmartRuleByTitle returns the Smart Rule of that title, without regard to case, if the actor may read it, or
// ErrNotFound. Titles are unique across all rules.
func SmartRuleByTitle(tx *Tx, title string) (*SmartRule, error) {
	r, err := smartRuleByTitle.One(tx, K(record.Fold(title)), title)
	if err != nil {
		return nil, err
	}
	return r.found(tx, title)
}

// GlobalRule is SmartRuleByTitle for a rule that belongs to no Organization.
func GlobalRule(tx *Tx, title string) (*SmartRule, error) { return ruleOf(tx, "", title) }

// SmartRuleIn is SmartRuleByTitle for the rules of one Organization; a global rule is not among them.
func SmartRuleIn(tx *Tx, organizationID, title string) (*SmartRule, error) {
	o, err := OrganizationByID(tx, organizationID)
	if err != nil {
		return nil, err
	}
	return ruleOf(tx, Text(o.OrganizationID), title)
}

func ruleOf(tx *Tx, organizationID Text, title string) (*SmartRule, error) {
	r, err := SmartRuleByTitle(tx, title)
	if err == nil && r.OrganizationID != organizationID {
		err = record.NotFound(SmartRules.Name(), title)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Writable returns ErrDenied unless the actor has Read/Write access to the rule, which they have found.
func (r *SmartRule) Writable(tx *Tx) error {
	level, err := RuleLevel(tx, r.SmartRuleID)
	if err == nil && !level.Includes(authz.ReadWrite) {
		err = Denied(authz.WritesSmartRule().Required())
	}
	return err
}

// ReadableRules yields the Smart Rules that the actor may read, of one RuleType unless that is empty.
func ReadableRules(tx *Tx, ruleType string) iter.Seq2[*SmartRule, error] {
	return func(yield func(*SmartRule, error) bool) {
		for r, err := range SmartRules.All(tx) {
			readable := err != nil
			if err == nil && (ruleType == "" || r.RuleType == ruleType) {
				readable, err = r.readable(tx)
			}
			if err == nil && !readable {
				continue
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// RuleOfGroup is a Smart Rule with the access level that a user group has to it.
type RuleOfGroup struct {
	SmartRule
	AccessLevelID authz.Level `example:"1"` // Access level: 0 for None, 1 for Read, 3 for Read/Write.
}

// GroupRuleLevel returns the access level of a user group to a Smart Rule.
func GroupRuleLevel(tx *Tx, groupID, ruleID int) (authz.Level, error) {
	if groupID == Administrators {
		return authz.ReadWrite, nil
	}
	level, _, err := GroupRule.Get(tx, groupID, ruleID)
	return authz.Level(level), err
}

// ruleToGive is SmartRuleByID for an act of who manages user groups. An actor without bounds may give a rule that they cannot
// read themselves, if they may see its Organization.
func ruleToGive(tx *Tx, id int) (*SmartRule, error) {
	r, err := SmartRules.Get(tx, id)
	if err != nil {
		return nil, err
	}
	if unrestricted(tx) {
		return r, See(tx, SmartRules.Name(), id, string(r.OrganizationID))
	}
	return r.found(tx, id)
}

// rulesToGive yields the rules that ruleToGive finds.
func rulesToGive(tx *Tx) iter.Seq2[*SmartRule, error] {
	if !unrestricted(tx) {
		return ReadableRules(tx, "")
	}
	return func(yield func(*SmartRule, error) bool) {
		for r, err := range SmartRules.All(tx) {
			sees := err != nil
			if err == nil {
				sees, err = Sees(tx, string(r.OrganizationID))
			}
			if err == nil && !sees {
				continue
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// RulesOfGroup yields the Smart Rules to which a user group has one of the given levels, as far as the actor may
// give them. It returns ErrNotFound for an unknown group.
func RulesOfGroup(tx *Tx, groupID int, levels []authz.Level) (iter.Seq2[*RuleOfGroup, error], error) {
	if _, err := UserGroups.Get(tx, groupID); err != nil {
		return nil, err
	}
	return func(yield func(*RuleOfGroup, error) bool) {
		for r, err := range rulesToGive(tx) {
			if err != nil {
				yield(nil, err)
				return
			}
			level, err := GroupRuleLevel(tx, groupID, r.SmartRuleID)
			if err == nil && !slices.Contains(levels, level) {
				continue
			}
			if !yield(&RuleOfGroup{*r, level}, err) || err != nil {
				return
			}
		}
	}, nil
}

// SetRuleLevel gives a user group an access level to a Smart Rule that the actor may read; None takes it away, and the group's
// roles on the rule with it. It
// returns ErrNotFound, ErrInvalid for Administrators, whose level is fixed, and ErrDenied for a group that has rights which the actor lacks and for a level that they lack
// themselves.
func SetRuleLevel(tx *Tx, groupID, ruleID int, level authz.Level) error {
	if _, err := UserGroups.Get(tx, groupID); err != nil {
		return err
	}
	if _, err := ruleToGive(tx, ruleID); err != nil {
		return err
	}
	if groupID == Administrators {
		return Invalid("Administrators have Read/Write access to every Smart Rule, which cannot be changed")
	}
	if err := cmp.Or(MayChangeGroup(tx, groupID), MayGiveRule(tx, ruleID, level)); err != nil {
		return err
	}
	if level == authz.None {
		_, err := GroupRule.Cut(tx, groupID, ruleID)
		return cmp.Or(err, loseRoles(tx, groupID, ruleID))
	}
	return GroupRule.Set(tx, groupID, ruleID, int(level))
}

// DeleteSmartRule deletes a rule that the actor has found and may write: from now on there is none by that id and its
// title is free; its members are swept away later. It returns ErrInvalid for a read-only rule.
func DeleteSmartRule(tx *Tx, r *SmartRule) error {
	if r.IsReadOnly {
		return Invalid("Smart Rule %d is read-only and cannot be deleted", r.SmartRuleID)
	}
	return SmartRules.Delete(tx, r.SmartRuleID)
}
