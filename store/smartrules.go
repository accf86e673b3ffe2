package store

import "github.com/musterhq/muster/authz"

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

// SmartRule selects assets, managed systems or managed accounts (the document's "Smart Rules").
type SmartRule struct {
	SmartRuleID       int
	OrganizationID    Text // null: everybody's
	Title             string
	Description       string
	Category          string
	Status            int
	LastProcessedDate Time
	IsReadOnly        bool
	RuleType          string
}

// RuleLevel returns the actor's access level to a Smart Rule, which comes through his groups; members of
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

// attributeAssigned is what follows when an asset gets or loses an attribute.
func attributeAssigned(*Tx, int, int) error { return nil }
