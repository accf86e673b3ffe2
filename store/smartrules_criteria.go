package store

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/musterhq/muster/store/record"
)

// RuleCriteria say what a Smart Rule selects its members by. The attributes of filterAttributes are the link
// RuleAttribute, so that the rules that read an attribute can be found.
type RuleCriteria struct {
	SmartRuleID int
	Filter      string
	SystemName  string // of filterAccount and filterSystem, which compare names without regard to case; empty: any
	AccountName string // of filterAccount; empty: any
	WorkgroupID int    // of filterAccount and filterSystem: where the asset lies; 0: anywhere
	PlatformID  int    // of filterAccount and filterSystem; 0: any
}

// The Filters. A new one is a case in AssetsOfRule or AccountsOfRule, which read members, and, if its members are
// written down, in difference and verdicts, which say who they should be.
const (
	filterAll        = "all"        // all there is of the RuleType; never materialised
	filterAttributes = "attributes" // the assets that carry any of the attributes
	filterAccount    = "account"    // the managed accounts of a name on certain systems; never materialised
	filterSystem     = "system"     // the managed systems of a name, a Workgroup, a platform; never materialised
)

// MaxRuleAttributes bounds the attributes of a Smart Rule: they are written in the transaction that makes it.
const MaxRuleAttributes = 200

// The Categories of the rules that nobody chose one for.
const (
	builtInRules = "Smart Rules"
	quickRules   = "Quick Rules"
)

// InsertAttributeRule stores a new Smart Rule whose members are the assets that carry any of the attributes, and gives
// the groups of its maker access to it, as makersLevel says. Its members come with its processing, for which it waits, or which has
// begun, as its Status says. It returns ErrInvalid for attributes that do not exist or are of several types and
// ErrExists for a title that is taken.
func InsertAttributeRule(tx *Tx, r *SmartRule, attributeIDs []int) error {
	r.RuleType = AssetRule
	attributeIDs = slices.Compact(slices.Sorted(slices.Values(attributeIDs)))
	if err := ofOneType(tx, attributeIDs); err != nil {
		return err
	}
	if err := insertRule(tx, r, &RuleCriteria{Filter: filterAttributes}); err != nil {
		return err
	}
	for _, id := range attributeIDs {
		if err := RuleAttribute.Set(tx.Unaudited(), r.SmartRuleID, id, 0); err != nil {
			return err
		}
	}
	return nil
}

// ofOneType checks the attributes of a rule.
func ofOneType(tx *Tx, attributeIDs []int) error {
	switch n := len(attributeIDs); {
	case n == 0:
		return Invalid("AttributeIDs is required")
	case n > MaxRuleAttributes:
		return Invalid("AttributeIDs: %d attributes are more than %d", n, MaxRuleAttributes)
	}
	var firstType int
	for i, id := range attributeIDs {
		a, err := AttributeByID(tx, id)
		if err != nil {
			return cmp.Or(record.Ignore(ErrNotFound, err), Invalid("AttributeIDs: there is no Attribute %d", id))
		}
		if i > 0 && a.AttributeTypeID != firstType {
			return Invalid("AttributeIDs: the attributes %d and %d are not of the same attribute type", attributeIDs[0], id)
		}
		firstType = a.AttributeTypeID
	}
	return nil
}

// InsertAccountRule stores a new Smart Rule for the managed accounts with the same system name and account name as a
// given one, and gives the groups of its maker access to it, as makersLevel says. An empty title is made up. It returns ErrInvalid for an
// account that does not exist and ErrExists for a title that is taken.
func InsertAccountRule(tx *Tx, accountID int, title string) (*SmartRule, error) {
	account, err := ManagedAccountByID(tx, accountID)
	if err != nil {
		return nil, cmp.Or(record.Ignore(ErrNotFound, err), Invalid("AccountID: there is no Managed Account %d", accountID))
	}
	system := account.System.SystemName
	if title == "" {
		if title, err = freeTitle(tx, system+" - "+account.AccountName); err != nil {
			return nil, err
		}
	}
	r := &SmartRule{Title: title, Category: quickRules, RuleType: ManagedAccountRule, LastProcessedDate: tx.Now}
	return r, insertRule(tx, r, &RuleCriteria{Filter: filterAccount, SystemName: system, AccountName: account.AccountName})
}

// freeTitle returns a title that no rule has: the given one, or that with a number behind it.
func freeTitle(tx *Tx, wanted string) (string, error) {
	title := cutRunes(wanted, MaxRuleTitle)
	for n := 2; ; n++ {
		taken, err := smartRuleByTitle.Has(tx, K(record.Fold(title)))
		if !taken || err != nil {
			return title, err
		}
		suffix := fmt.Sprintf(" (%d)", n)
		title = cutRunes(wanted, MaxRuleTitle-len(suffix)) + suffix
	}
}

func cutRunes(s string, n int) string {
	runes := []rune(s)
	return string(runes[:min(n, len(runes))])
}

// insertRule stores a new rule with its criteria and shares it with the groups of its maker: Read/Write for those that may manage
// such rules, Read for the others.
func insertRule(tx *Tx, r *SmartRule, c *RuleCriteria) error {
	if err := SmartRules.Insert(tx, r); err != nil {
		return err
	}
	c.SmartRuleID = r.SmartRuleID
	if err := Criteria.Insert(tx, c); err != nil {
		return err
	}
	for _, group := range tx.By.Groups {
		if group == Administrators {
			continue // has it on every rule
		}
		level, err := makersLevel(tx, group, r.RuleType)
		if err != nil {
			return err
		}
		if err := GroupRule.Set(tx, group, r.SmartRuleID, int(level)); err != nil {
			return err
		}
	}
	return nil
}

// Selection is what a Smart Rule selects its members by, for whoever may choose freely. An Asset rule has Attributes, the
// others what follows, of which all that is given must hold.
type Selection struct {
	Attributes  []int  // ascending; an asset carries any of them
	SystemName  string // compared without regard to case, as is AccountName
	AccountName string // of a ManagedAccount rule
	WorkgroupID int    // in which the asset of the system lies
	PlatformID  int    // of the system
}

// SelectionOf returns what a rule selects its members by; that of a built-in rule is empty.
func SelectionOf(tx *Tx, r *SmartRule) (Selection, error) {
	c, err := Criteria.Get(tx, r.SmartRuleID)
	if err != nil {
		return Selection{}, err
	}
	attributes, err := linkedIDs(nil, RuleAttribute.From(tx, r.SmartRuleID))
	return Selection{attributes, c.SystemName, c.AccountName, c.WorkgroupID, c.PlatformID}, err
}

// Validate returns an ErrInvalid for a selection that a rule of the type cannot have.
func (s *Selection) Validate(tx *Tx, ruleType string) error {
	systems := s.SystemName != "" || s.WorkgroupID != 0 || s.PlatformID != 0
	switch ruleType {
	case AssetRule:
		if systems || s.AccountName != "" {
			return Invalid("an Asset rule selects by Attributes")
		}
		return ofOneType(tx, s.Attributes)
	case ManagedSystemRule:
		if !systems || s.AccountName != "" || len(s.Attributes) > 0 {
			return Invalid("a ManagedSystem rule selects by SystemName, Workgroup and Platform, by one of them at least")
		}
	case ManagedAccountRule:
		if !systems && s.AccountName == "" || len(s.Attributes) > 0 {
			return Invalid("a ManagedAccount rule selects by AccountName, SystemName, Workgroup and Platform, by one of them at least")
		}
	default:
		return Invalid("RuleType: %s, %s or %s is expected", AssetRule, ManagedSystemRule, ManagedAccountRule)
	}
	return cmp.Or(short("SystemName", s.SystemName, maxSystemName), short("AccountName", s.AccountName, maxAccountName))
}

// criteria are s as it is stored, but for the attributes.
func (s *Selection) criteria(ruleType string) *RuleCriteria {
	filter := map[string]string{AssetRule: filterAttributes, ManagedSystemRule: filterSystem, ManagedAccountRule: filterAccount}[ruleType]
	return &RuleCriteria{Filter: filter, SystemName: s.SystemName, AccountName: s.AccountName, WorkgroupID: s.WorkgroupID, PlatformID: s.PlatformID}
}

// InsertRule stores a new Smart Rule of any type. An Asset rule is queued, since somebody has to find its members. It returns
// ErrInvalid for a selection that the type does not have, and ErrExists for a title that is taken.
func InsertRule(tx *Tx, r *SmartRule, s Selection) error {
	s.Attributes = slices.Compact(slices.Sorted(slices.Values(s.Attributes)))
	if err := s.Validate(tx, r.RuleType); err != nil {
		return err
	}
	if r.RuleType == AssetRule {
		r.Status = RuleQueued
		return InsertAttributeRule(tx, r, s.Attributes)
	}
	r.LastProcessedDate = tx.Now
	return insertRule(tx, r, s.criteria(r.RuleType))
}

// PutRule stores a changed Smart Rule, whose type stays, and what it selects by. If that has changed, the members are found
// again. It returns ErrInvalid as InsertRule does and for a read-only rule, and ErrBusy for one that is being processed.
func PutRule(tx *Tx, r *SmartRule, s Selection) error {
	if r.IsReadOnly {
		return Invalid("Smart Rule %q is read-only", r.Title)
	}
	s.Attributes = slices.Compact(slices.Sorted(slices.Values(s.Attributes)))
	old, err := SelectionOf(tx, r)
	if err != nil {
		return err
	}
	if err := cmp.Or(s.Validate(tx, r.RuleType), SmartRules.Put(tx, r)); err != nil || s.Equal(old) {
		return err
	}
	criteria := s.criteria(r.RuleType)
	criteria.SmartRuleID = r.SmartRuleID
	if err := cmp.Or(Criteria.Put(tx, criteria), s.link(tx, r.SmartRuleID, old.Attributes)); err != nil {
		return err
	}
	if err := tx.Audit(record.ActionEdit, SmartRules.Name(), record.Detail("SmartRuleID", r.SmartRuleID, r.SmartRuleID), record.Detail("Criteria", old.text(), s.text())); err != nil {
		return err
	}
	if r.RuleType != AssetRule {
		return nil
	}
	return QueueRule(tx, r)
}

func (s *Selection) Equal(other Selection) bool {
	mine, others := *s, other
	mine.Attributes, others.Attributes = nil, nil
	return slices.Equal(s.Attributes, other.Attributes) && mine.text() == others.text()
}

// text is how an audit says it.
func (s *Selection) text() string { return strings.Trim(record.AuditText(*s), "{}") }

// link brings the attributes of a rule from those that it had to those of s.
func (s *Selection) link(tx *Tx, ruleID int, old []int) error {
	for _, id := range inOne(old, s.Attributes) {
		var err error
		if slices.Contains(old, id) {
			_, err = RuleAttribute.Cut(tx.Unaudited(), ruleID, id)
		} else {
			err = RuleAttribute.Set(tx.Unaudited(), ruleID, id, 0)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// systems yields the managed systems that the criteria select, on assets that the actor may see.
func (c *RuleCriteria) systems(tx *Tx) iter.Seq2[*ManagedSystem, error] {
	all := ManagedSystems.All(tx)
	if c.SystemName != "" {
		all = managedSystemsByName.Each(tx, K(record.Fold(c.SystemName)))
	}
	return record.Where(visibleSystems(tx, all), func(s *ManagedSystem) (bool, error) { return c.covers(tx, s) })
}

// accounts yields the managed accounts that the criteria select, on assets that the actor may see.
func (c *RuleCriteria) accounts(tx *Tx) iter.Seq2[*AccountOnSystem, error] {
	if c.WorkgroupID == 0 && c.PlatformID == 0 {
		return FindManagedAccounts(tx, c.SystemName, c.AccountName)
	}
	return accountsOnSystems(tx, c.systems(tx), c.AccountName)
}

// covers reports whether a system lies in the Workgroup and is of the platform.
func (c *RuleCriteria) covers(tx *Tx, s *ManagedSystem) (bool, error) {
	if c.PlatformID != 0 && s.PlatformID != c.PlatformID {
		return false, nil
	}
	if c.WorkgroupID == 0 {
		return true, nil
	}
	in, exists, err := s.workgroup(tx)
	return exists && in == c.WorkgroupID, err
}
