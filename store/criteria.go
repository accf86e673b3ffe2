package store

import (
	"fmt"
	"slices"

	"github.com/musterhq/muster/authz"
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

// The Filters. A new one is a case in AssetsOfRule or accountsOfRule, which read members, and, if its members are
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
			return orElse(unless(ErrNotFound, err), Invalid("AttributeIDs: there is no Attribute %d", id))
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
		return nil, orElse(unless(ErrNotFound, err), Invalid("AccountID: there is no Managed Account %d", accountID))
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
		taken, err := tx.get(SmartRules.key(smartRuleByTitle.kind, K(fold(title))))
		if taken == nil || err != nil {
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

// ruleManagement is the permission to manage the Smart Rules of a type.
var ruleManagement = map[string]authz.Permission{
	AssetRule:          authz.SmartRuleManagementAsset,
	ManagedSystemRule:  authz.SmartRuleManagementManagedSystem,
	ManagedAccountRule: authz.SmartRuleManagementManagedAccount,
}

// makersLevel returns the access level that a group of its maker gets to a new rule.
func makersLevel(tx *Tx, groupID int, ruleType string) (authz.Level, error) {
	for _, p := range []authz.Permission{authz.AssetManagement, ruleManagement[ruleType]} {
		level, _, err := GroupPermission.Get(tx, groupID, int(p))
		if err != nil || !authz.Level(level).Includes(authz.ReadWrite) {
			return authz.Read, err
		}
	}
	return authz.ReadWrite, nil
}
