package insight

import (
	"slices"
	"strings"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

var readsPasswordRule = readsManagedSystems.Or(authz.Reads(authz.SecretsSafe))

// The rules by which passwords and keys are made; they cannot be changed.
var passwordRules = []api.Route{
	api.GET("PasswordRules", readsPasswordRule, "Returns a list of password rules.", listPasswordRules).Beyond(seenLive),
	api.GET("PasswordRules/{id}", readsPasswordRule, "Returns a password rule by ID.", passwordRuleByID).Beyond(vendorPage),
	api.GET("DSSKeyRules", readsManagedSystems, "Returns a list of DSS key rules.", listKeyRules).Beyond(vendorPage),
	api.GET("DSSKeyRules/{id}", readsManagedSystems, "Returns a DSS key rule by ID.", keyRuleByID).Beyond(vendorPage),
}

type passwordRuleQuery struct {
	EnabledProducts string `form:"enabledProducts" example:"PasswordSafe" enums:"PasswordSafe,SecretsSafe"` // Product that the rules are for (default: PasswordSafe).
	EnabledProduct  string `form:"enabledProduct" example:"PasswordSafe" enums:"PasswordSafe,SecretsSafe"`  // The same by its older name.
}

// listPasswordRules lists the rules of a product that the caller may read: those of Secrets Safe need its permission, the others the other.
func listPasswordRules(tx *store.Tx, in passwordRuleQuery) ([]store.PasswordRule, error) {
	product := in.EnabledProducts + in.EnabledProduct
	if product == "" {
		product = store.PasswordSafeProduct
	}
	if !strings.EqualFold(product, store.PasswordSafeProduct) && !strings.EqualFold(product, store.SecretsSafeProduct) {
		return nil, store.Invalid("enabledProducts: %s or %s is expected", store.PasswordSafeProduct, store.SecretsSafeProduct)
	}
	rules := []store.PasswordRule{}
	for _, r := range store.PasswordRules() {
		may, err := store.MayReadPasswordRule(tx, &r)
		if err != nil {
			return nil, err
		}
		if may && slices.ContainsFunc(r.EnabledProducts, func(p string) bool { return strings.EqualFold(p, product) }) {
			rules = append(rules, r)
		}
	}
	return rules, nil
}

// passwordRuleByID answers with a rule of either product: who has one by its id saw it on a system, an account or a secret.
func passwordRuleByID(_ *store.Tx, in byID) (*store.PasswordRule, error) {
	return store.PasswordRuleByID(in.ID)
}

func listKeyRules(*store.Tx, api.None) ([]store.DSSKeyRule, error) { return store.DSSKeyRules(), nil }

func keyRuleByID(_ *store.Tx, in byID) (*store.DSSKeyRule, error) {
	for _, r := range store.DSSKeyRules() {
		if r.DSSKeyRuleID == in.ID {
			return &r, nil
		}
	}
	return nil, record.NotFound("DSS Key Rule", in.ID)
}
