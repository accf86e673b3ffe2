package store

import (
	"slices"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// PasswordRule says how passwords are made. There is one for managed accounts and one for Secrets Safe; neither can be changed.
type PasswordRule struct {
	PasswordRuleID            int      `example:"1"`                                // ID of the password rule.
	Name                      string   `example:"Default Password Policy"`          // Name of the password rule.
	Description               Text     `example:"Letters, numbers and two symbols"` // Description of the password rule.
	MinimumLength             int      `example:"20"`                               // Number of characters at least.
	MaximumLength             int      `example:"20"`                               // Number of characters at most.
	FirstCharacterRequirement string   `example:"A"`                                // What the first character is: A, anything.
	LowercaseRequirement      string   `example:"P" enums:"R,P,N"`                  // Lowercase letters: R required, P permitted, N not.
	UppercaseRequirement      string   `example:"P" enums:"R,P,N"`                  // Uppercase letters: R required, P permitted, N not.
	NumericRequirement        string   `example:"P" enums:"R,P,N"`                  // Numbers: R required, P permitted, N not.
	SymbolRequirement         string   `example:"P" enums:"R,P,N"`                  // Symbols: R required, P permitted, N not.
	ValidLowercaseCharacters  []string `example:"a,b,c"`                            // The lowercase letters.
	ValidUppercaseCharacters  []string `example:"A,B,C"`                            // The uppercase letters.
	ValidSymbols              []string `example:"-,_"`                              // The symbols.
	EnabledProducts           []string `example:"PasswordSafe"`                     // What the rule is for: PasswordSafe, SecretsSafe.
}

// The products that a password rule is for.
const (
	PasswordSafeProduct = "PasswordSafe"
	SecretsSafeProduct  = "SecretsSafe"
)

// PasswordRules returns the password rules. The slice is the caller's.
func PasswordRules() []PasswordRule {
	rule := func(id int, name, product string) PasswordRule {
		return PasswordRule{
			PasswordRuleID: id, Name: name, Description: "Letters, numbers and two symbols", MinimumLength: 20, MaximumLength: 20,
			FirstCharacterRequirement: "A", LowercaseRequirement: "P", UppercaseRequirement: "P", NumericRequirement: "P", SymbolRequirement: "P",
			ValidLowercaseCharacters: letters('a'), ValidUppercaseCharacters: letters('A'), ValidSymbols: []string{"-", "_"},
			EnabledProducts: []string{product},
		}
	}
	return []PasswordRule{rule(0, "Default Password Policy", PasswordSafeProduct), rule(1, "Default Secrets Safe Policy", SecretsSafeProduct)}
}

// letters are the letters of the alphabet from first on.
func letters(first rune) (all []string) {
	for i := range rune(26) {
		all = append(all, string(first+i))
	}
	return all
}

// PasswordRuleByID returns a password rule, or ErrNotFound. 0 is the id of one.
func PasswordRuleByID(id int) (*PasswordRule, error) {
	for _, r := range PasswordRules() {
		if r.PasswordRuleID == id {
			return &r, nil
		}
	}
	return nil, record.NotFound("Password Rule", id)
}

// DSSKeyRule says how keys are made. There is one, which cannot be changed.
type DSSKeyRule struct {
	DSSKeyRuleID   int    `example:"1"`                         // ID of the key rule.
	Name           string `example:"Default DSS Key Policy"`    // Name of the key rule.
	Description    Text   `example:"RSA, without a passphrase"` // Description of the key rule.
	KeyType        string `example:"RSA" enums:"RSA,DSA"`       // Type of the keys.
	KeySize        int    `example:"2048"`                      // Bits of the keys.
	EncryptionType string `example:"N" enums:"A,N"`             // Whether keys have a passphrase: A, one made by a password rule; N, none.
	PasswordRuleID *int   `example:"1"`                         // ID of the rule by which passphrases are made.
}

// DSSKeyRules returns the key rules. The slice is the caller's.
func DSSKeyRules() []DSSKeyRule {
	return []DSSKeyRule{{Name: "Default DSS Key Policy", Description: "RSA, without a passphrase", KeyType: "RSA", KeySize: 2048, EncryptionType: "N"}}
}

// MayReadPasswordRule reports whether the actor may read a rule: one of Secrets Safe with its permission, another with that for managed
// systems.
func MayReadPasswordRule(tx *Tx, r *PasswordRule) (bool, error) {
	p := authz.PasswordSafeSystemManagement
	if slices.Contains(r.EnabledProducts, SecretsSafeProduct) {
		p = authz.SecretsSafe
	}
	level, err := PermissionLevel(tx, p)
	return level.Includes(authz.Read), err
}
