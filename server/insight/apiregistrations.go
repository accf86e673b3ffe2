package insight

import (
	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

var (
	readsRegistrations  = authz.Reads(authz.APIRegistrationManagement)
	writesRegistrations = authz.Writes(authz.APIRegistrationManagement)
)

var apiRegistrations = []api.Route{
	api.GET("ApiRegistrations", readsRegistrations, "Returns a list of all API registrations.", listRegistrations).
		Prints(registrationMembers),
	api.GET("ApiRegistrations/{id}", readsRegistrations, "Returns an API registration by ID.", registrationByID).
		Prints(registrationMembers),
	api.POST("ApiRegistrations", writesRegistrations, "Creates an API registration.", createRegistration).Manual(200),
	api.PUT("ApiRegistrations/{id}", writesRegistrations, "Updates an API registration by ID.", updateRegistration).Harmful(),
	api.DELETE("ApiRegistrations/{id}", writesRegistrations, "Deletes the API Registration for the ID provided.", deleteRegistration),
	api.POST("ApiRegistrations/{id}/Rotate", writesRegistrations, "Rotates the API key for an API Key policy API Registration.", rotateKey).Harmful().Named("rotateApiKey"),
	api.GET("ApiRegistrations/{id}/Key", writesRegistrations, "Retrieves the API key for an API Key policy API Registration.", readKey).Updates().Named("getApiKey"),
}

// registrationMembers are the members of an API registration that the headings of the two GETs print.
const registrationMembers = "Id Name RegistrationType Active Visible MultiFactorAuthenticationEnforced ClientCertificateRequired " +
	"UserPasswordRequired VerifyPsrunSignature IPAuthenticationRules PSRUNRules XForwardedForAuthenticationRules"

func listRegistrations(tx *store.Tx, _ api.None) ([]*store.ApiRegistration, error) {
	return record.Collect(store.ApiRegistrations.All(tx))
}

type registrationID struct {
	ID int `uri:"id"` // ID of the API registration.
}

func registrationByID(tx *store.Tx, in registrationID) (*store.ApiRegistration, error) {
	return store.ApiRegistrations.Get(tx, in.ID)
}

type newRegistration struct{ Body registrationFields }

type registrationFields struct {
	Name                              string              `binding:"required,max=256" example:"Example registration"`                      // Name of the API registration.
	RegistrationType                  string              `binding:"required" example:"ApiKeyPolicy" enums:"ApiKeyPolicy,ApiAccessPolicy"` // Kind of the registration: ApiKeyPolicy or ApiAccessPolicy. It cannot be changed later.
	AccessTokenDuration               int                 `example:"60" prefill:"-"`                                                       // Minutes that a token lives, for an ApiAccessPolicy (default: 60).
	Active                            *bool               `example:"true" default:"true"`                                                  // Whether the registration may be used (default: true).
	Visible                           *bool               `example:"true" default:"true"`                                                  // Whether the registration is shown (default: true).
	MultiFactorAuthenticationEnforced bool                `example:"false" default:"false"`                                                // Whether a second factor is enforced. It is stored and returned.
	ClientCertificateRequired         bool                `example:"false" default:"false"`                                                // Whether a client certificate is required.
	UserPasswordRequired              bool                `example:"false" default:"false"`                                                // Whether the user's password is required beside the key.
	VerifyPsrunSignature              bool                `example:"false" default:"false"`                                                // Whether the PSRUN signature is verified. It is stored and returned.
	IPAuthenticationRules             []addressRuleFields `prefill:"-"`                                                                    // Addresses from which the registration may be used.
	PSRUNRules                        []psrunRuleFields   `prefill:"-"`                                                                    // Hosts that run PSRUN. They are stored and returned.
	XForwardedForAuthenticationRules  []addressRuleFields `prefill:"-"`                                                                    // Addresses that a trusted proxy may forward for.
}

type addressRuleFields struct {
	Id          int    `example:"0"`                                                                      // ID of a rule that is kept, with its date; anything else makes a new one.
	Type        string `example:"CIDR Notation" enums:"Single IP Address,IP Address Range,CIDR Notation"` // Kind of the rule: Single IP Address, IP Address Range or CIDR Notation.
	Value       string `example:"0.0.0.0/0"`                                                              // The address, the range a-b or the CIDR.
	Description string `example:"Everybody"`                                                              // Description of the rule.
}

type psrunRuleFields struct {
	Id           int    `example:"0"`                          // ID of a rule that is kept, with its date; anything else makes a new one.
	IPAddress    string `example:"10.20.1.16"`                 // IP address of the host.
	MacAddress   string `example:"00:50:56:00:00:10"`          // MAC address of the host.
	SystemName   string `example:"web01"`                      // Name of the host.
	FQDN         string `example:"web01.meridian.lab.example"` // Fully qualified domain name of the host.
	DomainName   string `example:"meridian"`                   // Domain of the host.
	UserId       string `example:"root"`                       // User that runs PSRUN.
	RootVolumeId string `example:"5f2a6a1f"`                   // ID of the root volume.
	OSVersion    string `example:"24.04"`                      // Version of the operating system.
}

// fill brings the members of a body into a registration. A rule keeps its date if the registration has one with its id.
func (b registrationFields) fill(r *store.ApiRegistration) {
	r.Name, r.RegistrationType, r.AccessTokenDuration = b.Name, b.RegistrationType, b.AccessTokenDuration
	r.Active, r.Visible = b.Active == nil || *b.Active, b.Visible == nil || *b.Visible
	r.MultiFactorAuthenticationEnforced, r.ClientCertificateRequired = b.MultiFactorAuthenticationEnforced, b.ClientCertificateRequired
	r.UserPasswordRequired, r.VerifyPsrunSignature = b.UserPasswordRequired, b.VerifyPsrunSignature
	r.IPAuthenticationRules = addressRules(b.IPAuthenticationRules, r.IPAuthenticationRules)
	r.XForwardedForAuthenticationRules = addressRules(b.XForwardedForAuthenticationRules, r.XForwardedForAuthenticationRules)
	kept := map[int]store.Time{}
	for _, p := range r.PSRUNRules {
		kept[p.Id] = p.CreatedDate
	}
	r.PSRUNRules = nil
	for _, p := range b.PSRUNRules {
		rule := store.PSRUNRule{
			IPAddress: p.IPAddress, MacAddress: p.MacAddress, SystemName: p.SystemName, FQDN: p.FQDN, DomainName: p.DomainName,
			UserId: p.UserId, RootVolumeId: p.RootVolumeId, OSVersion: p.OSVersion,
		}
		rule.Id, rule.CreatedDate = keep(kept, p.Id)
		r.PSRUNRules = append(r.PSRUNRules, rule)
	}
}

func addressRules(fields []addressRuleFields, old []store.AddressRule) (rules []store.AddressRule) {
	kept := map[int]store.Time{}
	for _, r := range old {
		kept[r.Id] = r.CreatedDate
	}
	for _, f := range fields {
		rule := store.AddressRule{Type: f.Type, Value: f.Value, Description: f.Description}
		rule.Id, rule.CreatedDate = keep(kept, f.Id)
		rules = append(rules, rule)
	}
	return rules
}

// keep takes a rule's id and date from those that are kept, each once.
func keep(kept map[int]store.Time, id int) (int, store.Time) {
	created, known := kept[id]
	if !known {
		return 0, store.Time{}
	}
	delete(kept, id)
	return id, created
}

func createRegistration(tx *store.Tx, in newRegistration) (*store.ApiRegistration, error) {
	r := &store.ApiRegistration{}
	in.Body.fill(r)
	if err := store.ApiRegistrations.Insert(tx, r); err != nil || r.RegistrationType != store.ApiKeyPolicy {
		return r, err
	}
	return r, store.SetApiKey(tx, r.Id, authz.NewAPIKey())
}

type changedRegistration struct {
	registrationID
	Body registrationFields
}

func updateRegistration(tx *store.Tx, in changedRegistration) (*store.ApiRegistration, error) {
	r, err := store.ApiRegistrations.Get(tx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := store.MayChangeRegistration(tx, r.Id); err != nil {
		return nil, err
	}
	if in.Body.RegistrationType != r.RegistrationType {
		return nil, store.Invalid("RegistrationType: that of API Registration %d is %s and stays", r.Id, r.RegistrationType)
	}
	in.Body.fill(r)
	return r, store.ApiRegistrations.Put(tx, r)
}

func deleteRegistration(tx *store.Tx, in registrationID) (api.None, error) {
	if err := store.MayChangeRegistration(tx, in.ID); err != nil {
		return api.None{}, err
	}
	return api.None{}, store.ApiRegistrations.Delete(tx, in.ID)
}

func rotateKey(tx *store.Tx, in registrationID) (string, error) {
	if err := mayUseKey(tx, in.ID); err != nil {
		return "", err
	}
	key := authz.NewAPIKey()
	return key, store.SetApiKey(tx, in.ID, key)
}

func readKey(tx *store.Tx, in registrationID) (string, error) {
	if err := mayUseKey(tx, in.ID); err != nil {
		return "", err
	}
	return store.ReadApiKey(tx, in.ID)
}

// mayUseKey refuses a registration that has no key, or one that is not for the caller to have.
func mayUseKey(tx *store.Tx, id int) error {
	r, err := store.ApiRegistrations.Get(tx, id)
	if err == nil && r.RegistrationType != store.ApiKeyPolicy {
		err = store.Invalid("API Registration %d is an %s; only an %s has a key", id, r.RegistrationType, store.ApiKeyPolicy)
	}
	if err != nil {
		return err
	}
	return store.MayChangeRegistration(tx, id)
}
