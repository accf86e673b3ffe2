package lab

import (
	"errors"
	"slices"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
)

// ApiRegistration says how programs may sign in, and is known by its name. Each list of rules is in place of all that the
// registration has.
type ApiRegistration struct {
	Place
	Name                              string         `lab:"required"`                             // Name of the API registration.
	RegistrationType                  string         `lab:"required" choices:"registrationTypes"` // ApiKeyPolicy or ApiAccessPolicy. That of an existing registration stays.
	AccessTokenDuration               *int           // Minutes that a token of an ApiAccessPolicy lives; 60 unless it is given.
	Active                            *bool          `lab:"default=true"` // Whether the registration may be used.
	Visible                           *bool          `lab:"default=true"` // Whether the registration is shown.
	MultiFactorAuthenticationEnforced *bool          // Whether a second factor is enforced. Stored and returned.
	ClientCertificateRequired         *bool          // Whether a client certificate is required.
	UserPasswordRequired              *bool          // Whether the user's password is required beside the key.
	VerifyPsrunSignature              *bool          // Whether the PSRUN signature is verified. Stored and returned.
	IPAuthenticationRules             []*AddressRule // Addresses from which the registration may be used.
	PSRUNRules                        []*PSRUNRule   // Hosts that run PSRUN. Stored and returned.
	XForwardedForAuthenticationRules  []*AddressRule // Addresses that a trusted proxy may forward for.
	Key                               *string        // The key of an ApiKeyPolicy, 128 hex characters; made up unless it is given.
	KeyEnv                            *string        // Name of an environment variable that holds it, instead.
	KeyFile                           *string        // Name of a file that holds it, relative to the lab file, instead.
}

// AddressRule lets requests from some addresses use a registration.
type AddressRule struct {
	Place
	Type        string  `lab:"required" choices:"addressRuleTypes"` // Single IP Address, IP Address Range or CIDR Notation.
	Value       string  `lab:"required"`                            // The address, the range a-b or the CIDR.
	Description *string // Description of the rule.
}

// PSRUNRule describes a host that runs PSRUN.
type PSRUNRule struct {
	Place
	IPAddress    *string // IP address of the host.
	MacAddress   *string // MAC address of the host.
	SystemName   *string // Name of the host.
	FQDN         *string // Fully qualified domain name of the host.
	DomainName   *string // Domain of the host.
	UserId       *string // User that runs PSRUN.
	RootVolumeId *string // ID of the root volume.
	OSVersion    *string // Version of the operating system.
}

func (a *ApiRegistration) put(p *loader) error {
	found, err := store.ApiRegistrationByName(p.tx, a.Name)
	isNew := errors.Is(err, store.ErrNotFound)
	r, err := put(p, store.ApiRegistrations, a, quoted(a.Name), found, err, func(r *store.ApiRegistration, isNew bool) error {
		if !isNew && found.RegistrationType != a.RegistrationType {
			return store.Invalid("RegistrationType: that of %q is %s and stays", a.Name, found.RegistrationType)
		}
		r.IPAuthenticationRules = rules(a.IPAuthenticationRules, r.IPAuthenticationRules)
		r.PSRUNRules = rules(a.PSRUNRules, r.PSRUNRules)
		r.XForwardedForAuthenticationRules = rules(a.XForwardedForAuthenticationRules, r.XForwardedForAuthenticationRules)
		return nil
	})
	if err != nil {
		return err
	}
	return a.putKey(p, r.Id, isNew)
}

func (a *ApiRegistration) putKey(p *loader, id int, isNew bool) error {
	switch {
	case a.Key == nil && isNew && a.RegistrationType == store.ApiKeyPolicy:
		return store.SetApiKey(p.tx, id, authz.NewAPIKey())
	case a.Key == nil:
		return nil
	case a.RegistrationType != store.ApiKeyPolicy:
		return store.Invalid("Key: only an %s has a key", store.ApiKeyPolicy)
	case !authz.ValidAPIKey(*a.Key):
		return store.Invalid("Key: 128 hex characters are expected")
	}
	same, err := store.RegistrationHasKey(p.tx, id, *a.Key)
	if err != nil || same {
		return err
	}
	p.say(a, edit, store.ApiRegistrations.Name()+" "+quoted(a.Name), "Key")
	return store.SetApiKey(p.tx, id, *a.Key)
}

// rules are those that a list of the file stands for: old ones where nothing but their id and date differs, and otherwise new
// ones. No list stands for the old ones.
func rules[I any, P interface {
	*I
	placed
}, R any](items []P, old []R) []R {
	if items == nil {
		return old
	}
	all, left := []R{}, slices.Clone(old)
	for _, item := range items {
		var mine R
		fill(&mine, item, true)
		if i := indexOf(left, func(r R) bool { return slices.Equal(changes(&r, &mine), []string{"Id"}) }); i >= 0 {
			mine = left[i]
			left = slices.Delete(left, i, i+1)
		}
		all = append(all, mine)
	}
	return all
}

func (c *collector) apiRegistrations() (all []*ApiRegistration, err error) {
	for r, err := range store.ApiRegistrations.All(c.tx) {
		if err != nil {
			return nil, err
		}
		a := &ApiRegistration{
			IPAuthenticationRules:            shown[AddressRule](r.IPAuthenticationRules),
			PSRUNRules:                       shown[PSRUNRule](r.PSRUNRules),
			XForwardedForAuthenticationRules: shown[AddressRule](r.XForwardedForAuthenticationRules),
		}
		if show(a, r); c.secrets && r.RegistrationType == store.ApiKeyPolicy {
			key, err := store.RevealApiKey(c.tx, r.Id)
			if err != nil {
				return nil, err
			}
			a.Key = &key
		}
		all = append(all, a)
		c.registrationNames[r.Id] = r.Name
	}
	return sorted(all, func(a *ApiRegistration) string { return a.Name }), nil
}

// shown brings the records of a list into items.
func shown[I any, P interface {
	*I
	placed
}, R any](records []R) (items []P) {
	for _, r := range records {
		item := P(new(I))
		show(item, &r)
		items = append(items, item)
	}
	return items
}
