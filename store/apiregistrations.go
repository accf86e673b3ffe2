package store

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/store/record"
)

// The RegistrationTypes of an API registration.
const (
	ApiKeyPolicy    = "ApiKeyPolicy"    // owns a key
	ApiAccessPolicy = "ApiAccessPolicy" // owns how long tokens live
)

// ApiRegistration says how programs may sign in (the document's "API registrations").
type ApiRegistration struct {
	Id                                int           `example:"1"`                                                 // ID of the API registration.
	Name                              string        `example:"muster key"`                                        // Name of the API registration.
	RegistrationType                  string        `example:"ApiKeyPolicy" enums:"ApiKeyPolicy,ApiAccessPolicy"` // Kind of the registration: ApiKeyPolicy or ApiAccessPolicy.
	AccessTokenDuration               int           `example:"60"`                                                // Minutes that a token of an ApiAccessPolicy lives; 0 for an ApiKeyPolicy.
	Active                            bool          `example:"true"`                                              // Whether the registration may be used.
	Visible                           bool          `example:"true"`                                              // Whether the registration is shown.
	MultiFactorAuthenticationEnforced bool          `example:"false"`                                             // Whether a second factor is enforced. It is stored and returned.
	ClientCertificateRequired         bool          `example:"false"`                                             // Whether a client certificate is required.
	UserPasswordRequired              bool          `example:"false"`                                             // Whether the user's password is required beside the key.
	VerifyPsrunSignature              bool          `example:"false"`                                             // Whether the PSRUN signature is verified. It is stored and returned.
	IPAuthenticationRules             []AddressRule // Addresses from which the registration may be used; none: from anywhere.
	PSRUNRules                        []PSRUNRule   // Hosts that run PSRUN. They are stored and returned.
	XForwardedForAuthenticationRules  []AddressRule // Addresses that a trusted proxy may forward for.
}

// The Types of an AddressRule.
const (
	RuleSingleAddress = "Single IP Address"
	RuleAddressRange  = "IP Address Range"
	RuleAddressCIDR   = "CIDR Notation"
)

// AddressRule lets requests from some addresses use a registration.
type AddressRule struct {
	Id          int    `example:"1"`                                                                      // ID of the rule.
	Type        string `example:"CIDR Notation" enums:"Single IP Address,IP Address Range,CIDR Notation"` // Kind of the rule: Single IP Address, IP Address Range or CIDR Notation.
	Value       string `example:"10.20.0.0/16"`                                                           // The address, the range a-b or the CIDR.
	Description string `example:"Data center"`                                                            // Description of the rule.
	CreatedDate Time   `example:"2026-05-04T08:15:30.123Z"`                                               // When the rule was made.
}

// PSRUNRule describes a host that runs PSRUN. It is stored and returned.
type PSRUNRule struct {
	Id           int    `example:"1"`                          // ID of the rule.
	IPAddress    string `example:"10.20.1.16"`                 // IP address of the host.
	MacAddress   string `example:"00:50:56:00:00:10"`          // MAC address of the host.
	SystemName   string `example:"web01"`                      // Name of the host.
	FQDN         string `example:"web01.meridian.lab.example"` // Fully qualified domain name of the host.
	DomainName   string `example:"meridian"`                   // Domain of the host.
	UserId       string `example:"root"`                       // User that runs PSRUN.
	RootVolumeId string `example:"5f2a6a1f"`                   // ID of the root volume.
	OSVersion    string `example:"24.04"`                      // Version of the operating system.
	CreatedDate  Time   `example:"2026-05-04T08:15:30.123Z"`   // When the rule was made.
}

// The limits of a registration. The document prints none; these are ours.
const (
	defaultTokenDuration = 60
	maxTokenDuration     = 24 * 60
	maxRules             = 1000
	maxRuleText          = 255
)

func (r *ApiRegistration) Validate(tx *Tx) error {
	if err := required("Name", r.Name, 256); err != nil {
		return err
	}
	switch r.RegistrationType {
	case ApiKeyPolicy:
		r.AccessTokenDuration = 0
	case ApiAccessPolicy:
		if r.AccessTokenDuration == 0 {
			r.AccessTokenDuration = defaultTokenDuration
		}
		if r.AccessTokenDuration < 1 || r.AccessTokenDuration > maxTokenDuration {
			return Invalid("AccessTokenDuration: 1 to %d minutes are expected", maxTokenDuration)
		}
	default:
		return Invalid("RegistrationType: %s or %s is expected", ApiKeyPolicy, ApiAccessPolicy)
	}
	return cmp.Or(
		numberRules(tx, "IPAuthenticationRules", &r.IPAuthenticationRules, (*AddressRule).parts),
		numberRules(tx, "PSRUNRules", &r.PSRUNRules, (*PSRUNRule).parts),
		numberRules(tx, "XForwardedForAuthenticationRules", &r.XForwardedForAuthenticationRules, (*AddressRule).parts),
	)
}

// ruleIDs is the tag of the sequence from which the rules of all registrations have their ids.
const ruleIDs = "ri"

// numberRules checks the rules of one kind and gives new ones an id and a date. An empty list is one, not null.
func numberRules[R any](tx *Tx, member string, rules *[]R, parts func(*R) (id *int, created *Time, check func() error)) error {
	if len(*rules) > maxRules {
		return Invalid("%s: %d rules are more than %d", member, len(*rules), maxRules)
	}
	if *rules == nil {
		*rules = []R{}
	}
	for i := range *rules {
		id, created, check := parts(&(*rules)[i])
		if err := check(); err != nil {
			return record.Error(ErrInvalid, "%s[%d].%s", member, i, err)
		}
		if *id != 0 {
			continue
		}
		next, err := tx.NextID(ruleIDs, 1)
		if err != nil {
			return err
		}
		*id, *created = next, tx.Now
	}
	return nil
}

func (a *AddressRule) parts() (*int, *Time, func() error) { return &a.Id, &a.CreatedDate, a.valid }

func (a *AddressRule) valid() error {
	if err := short("Description", a.Description, maxRuleText); err != nil {
		return err
	}
	ranges, err := ParseRanges(a.Value)
	if err != nil {
		return record.Error(ErrInvalid, "Value: %s", err)
	}
	form := RuleSingleAddress
	switch {
	case strings.Contains(a.Value, ","):
		form = "a list"
	case strings.Contains(a.Value, "/"):
		form = RuleAddressCIDR
	case strings.Contains(a.Value, "-"):
		form = RuleAddressRange
	}
	switch {
	case !slices.Contains([]string{RuleSingleAddress, RuleAddressRange, RuleAddressCIDR}, a.Type):
		return Invalid("Type: %q, %q or %q is expected", RuleSingleAddress, RuleAddressRange, RuleAddressCIDR)
	case form != a.Type || len(ranges) != 1:
		return Invalid("Value: %q is not what Type %q expects", record.AuditText(a.Value), a.Type)
	}
	return nil
}

func (p *PSRUNRule) parts() (*int, *Time, func() error) { return &p.Id, &p.CreatedDate, p.valid }

func (p *PSRUNRule) valid() error {
	return cmp.Or(
		short("IPAddress", p.IPAddress, MaxIPAddress), short("MacAddress", p.MacAddress, MaxMacAddress),
		short("SystemName", p.SystemName, maxRuleText), short("FQDN", p.FQDN, maxRuleText), short("DomainName", p.DomainName, maxRuleText),
		short("UserId", p.UserId, maxRuleText), short("RootVolumeId", p.RootVolumeId, maxRuleText), short("OSVersion", p.OSVersion, maxRuleText),
	)
}

// AfterWrite ends what was built on the registration as it was; a deleted one takes its key and its groups' use of it along.
func (r *ApiRegistration) AfterWrite(tx *Tx, old *ApiRegistration) error {
	if old == nil {
		return nil
	}
	if r == nil {
		if err := dropRegistration(tx.Unaudited(), old.Id); err != nil {
			return err
		}
	}
	return bump(tx, everyone)
}

func dropRegistration(tx *Tx, id int) error {
	var groups []int
	for g, err := range GroupRegistration.To(tx, id) {
		if err != nil {
			return err
		}
		groups = append(groups, g.ID)
	}
	for _, g := range groups {
		if _, err := GroupRegistration.Cut(tx, g, id); err != nil {
			return err
		}
	}
	return record.Ignore(ErrNotFound, ApiKeys.Delete(tx, id))
}

// Admits reports whether the registration lets a request of the actor in: one without rules lets all in, one with
// rules those that match one of them. A rule for X-Forwarded-For sees the address that a trusted proxy names, the others the
// address that the connection came from.
func (r *ApiRegistration) Admits(by Actor) bool {
	if len(r.IPAuthenticationRules) == 0 && len(r.XForwardedForAuthenticationRules) == 0 {
		return true
	}
	peer := by.IPAddress
	if by.Proxy != "" {
		peer = by.Proxy
		if anyMatches(r.XForwardedForAuthenticationRules, by.IPAddress) {
			return true
		}
	}
	return anyMatches(r.IPAuthenticationRules, peer)
}

func anyMatches(rules []AddressRule, address string) bool {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return false // the unix socket has none
	}
	return slices.ContainsFunc(rules, func(rule AddressRule) bool {
		ranges, err := ParseRanges(rule.Value)
		return err == nil && ranges.Contains(addr.WithZone(""))
	})
}

// ApiRegistrationByName returns the API registration of a name.
func ApiRegistrationByName(tx *Tx, name string) (*ApiRegistration, error) {
	return apiRegistrationByName.One(tx, K(record.Fold(name)), name)
}

// RegistrationNamed returns the API registration of that name, without regard to case, or of that id in digits, or ErrNotFound. Of
// several the oldest is meant.
func RegistrationNamed(tx *Tx, nameOrID string) (*ApiRegistration, error) {
	var found *ApiRegistration
	for r, err := range ApiRegistrations.All(tx) {
		if err != nil {
			return nil, err
		}
		if record.Fold(r.Name) == record.Fold(nameOrID) {
			return r, nil
		}
		if strconv.Itoa(r.Id) == nameOrID {
			found = r
		}
	}
	if found == nil {
		return nil, record.NotFound(ApiRegistrations.Name(), nameOrID)
	}
	return found, nil
}
