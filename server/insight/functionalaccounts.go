package insight

import (
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// Functional accounts manage systems. Their secrets are never shown.
var functionalAccounts = []api.Route{
	api.GET("FunctionalAccounts", readsManagedAccounts, "Returns a list of functional accounts.", listFunctionalAccounts).Beyond(seenLive),
	api.GET("FunctionalAccounts/{id}", readsManagedAccounts, "Returns a functional account by ID.", functionalAccountByID).Beyond(vendorPage),
	api.POST("FunctionalAccounts", writesManagedAccounts, "Creates a functional account.", createFunctionalAccount).Refuses(409).Beyond(vendorPage),
	api.DELETE("FunctionalAccounts/{id}", writesManagedAccounts, "Deletes a functional account by ID.", deleteFunctionalAccount).Refuses(409).Beyond(vendorPage),
}

// functionalAccount is a functional account with the number of systems that it manages.
type functionalAccount struct {
	*store.FunctionalAccount
	SystemReferenceCount int `example:"1"` // Number of managed systems that it manages.
}

func showFunctional(tx *store.Tx, a *store.FunctionalAccount) (*functionalAccount, error) {
	counts, err := store.CountSystems(tx)
	return &functionalAccount{a, counts[a.FunctionalAccountID]}, err
}

func listFunctionalAccounts(tx *store.Tx, _ api.None) ([]*functionalAccount, error) {
	counts, err := store.CountSystems(tx)
	if err != nil {
		return nil, err
	}
	return record.Collect(mapped(store.FunctionalAccounts.All(tx), func(a *store.FunctionalAccount) (*functionalAccount, error) {
		return &functionalAccount{a, counts[a.FunctionalAccountID]}, nil
	}))
}

func functionalAccountByID(tx *store.Tx, in byID) (*functionalAccount, error) {
	a, err := store.FunctionalAccounts.Get(tx, in.ID)
	if err != nil {
		return nil, err
	}
	return showFunctional(tx, a)
}

type newFunctionalAccount struct{ Body functionalFields }

type functionalFields struct {
	PlatformID          int     `binding:"required" example:"2"`                                          // ID of the platform of the systems that it manages.
	AccountName         string  `binding:"required" example:"svc-backup"`                                 // Name of the account. It is unique with PlatformID and DomainName.
	DomainName          *string `example:"meridian" prefill:"-"`                                          // Domain of the account.
	DisplayName         *string `example:"Backup"`                                                        // Name that is shown (default: AccountName).
	Description         *string `example:"Manages backup servers" prefill:"-"`                            // Description of the account.
	ElevationCommand    *string `example:"sudo" prefill:"-"`                                              // Command that raises the rights of the account.
	TenantID            *string `example:"9f2b6c7e-5e0b-4a0e-8d0b-3f0c8e0a1b2c" prefill:"-"`              // ID of the tenant of Entra ID.
	ObjectID            *string `example:"8f8b1f6e-4d1a-4a57-9f62-0f3c1c4c7a10" prefill:"-"`              // ID of the account in Entra ID.
	AzureInstance       *string `example:"AzurePublic" enums:"AzurePublic,AzureUsGovernment" prefill:"-"` // Cloud of the tenant.
	Password            string  `example:"correct horse"`                                                 // Password of the account.
	PrivateKey          string  `example:"-----BEGIN OPENSSH PRIVATE KEY-----" prefill:"-"`               // Private key of the account. It is taken and not used.
	Passphrase          string  `example:"battery staple" prefill:"-"`                                    // Passphrase of the private key. It is taken and not used.
	Secret              string  `example:"a client secret" prefill:"-"`                                   // Client secret of the tenant. It is taken and not used.
	ServiceAccountEmail string  `example:"svc@cloud.example" prefill:"-"`                                 // Service account of a cloud. It is taken and not used.
}

func createFunctionalAccount(tx *store.Tx, in newFunctionalAccount) (*functionalAccount, error) {
	a := &store.FunctionalAccount{}
	if err := setGiven(a, in.Body); err != nil {
		return nil, err
	}
	if err := store.CreateFunctionalAccount(tx, a, in.Body.Password); err != nil {
		return nil, err
	}
	return showFunctional(tx, a)
}

func deleteFunctionalAccount(tx *store.Tx, in byID) (api.None, error) {
	return api.None{}, store.DeleteFunctionalAccount(tx, in.ID)
}
