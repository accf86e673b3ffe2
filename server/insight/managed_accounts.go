package insight

import (
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// What makes, changes and deletes managed accounts.
var managedAccountWrites = []api.Route{
	api.POST("ManagedSystems/{id}/ManagedAccounts", writesManagedAccounts, "Creates a managed account on a managed system.", createAccount).
		Refuses(409).FillIn("the ID of a managed system and a name that no account on it has").Beyond(seenLive),
	api.PUT("ManagedAccounts/{id}", writesManagedAccounts, "Updates a managed account by ID.", updateAccount).Refuses(409).Harmful().Beyond(vendorPage),
	api.DELETE("ManagedAccounts/{id}", writesManagedAccounts, "Deletes a managed account by ID.", deleteAccount).Beyond(vendorPage),
	api.DELETE("ManagedSystems/{id}/ManagedAccounts/{accountName}", writesManagedAccounts, "Deletes a managed account on a managed system by name.", deleteAccountByName).Beyond(vendorPage),
	api.DELETE("ManagedSystems/{id}/ManagedAccounts", writesManagedAccounts, "Deletes all managed accounts on a managed system.", deleteAccountsOn).Harmful().Beyond(vendorPage),
}

// accountFields are the members of an account that a caller may give. What is left out is the system's, or the default.
type accountFields struct {
	AccountName                       string  `binding:"required" example:"backup"`                        // Name of the account. It is unique with DomainName on its system.
	Password                          string  `example:"correct horse"`                                    // Password of the account; required unless AutoManagementFlag is true.
	PrivateKey                        string  `example:"-----BEGIN OPENSSH PRIVATE KEY-----" prefill:"-"`  // Private key of the account.
	Passphrase                        string  `example:"battery staple" prefill:"-"`                       // Passphrase of an encrypted private key.
	DomainName                        *string `example:"meridian" prefill:"-"`                             // Domain of the account.
	DistinguishedName                 *string `example:"uid=backup,dc=lab,dc=example" prefill:"-"`         // Distinguished name of an account of a directory.
	PasswordFallbackFlag              *bool   `example:"false" prefill:"-"`                                // Whether the password is used where a key fails.
	UserPrincipalName                 *string `example:"backup@meridian.lab.example" prefill:"-"`          // Principal name of an account of a directory.
	SAMAccountName                    *string `example:"backup" prefill:"-"`                               // SAM account name of an account of a directory.
	LoginAccountFlag                  *bool   `example:"false" prefill:"-"`                                // Whether the account signs in for sessions.
	Description                       *string `example:"nightly backup"`                                   // Description of the account.
	PasswordRuleID                    *int    `example:"1" prefill:"-"`                                    // ID of the rule by which its passwords are made.
	ApiEnabled                        *bool   `example:"true"`                                             // Whether the account can be requested by the API (default: false).
	ReleaseNotificationEmail          *string `example:"olga@meridian.lab.example" prefill:"-"`            // Who is told of a release.
	ChangeServicesFlag                *bool   `example:"false" prefill:"-"`                                // Whether services get a new password too.
	RestartServicesFlag               *bool   `example:"false" prefill:"-"`                                // Whether services start again then.
	ChangeTasksFlag                   *bool   `example:"false" prefill:"-"`                                // Whether scheduled tasks get a new password too.
	ReleaseDuration                   *int    `binding:"min=1" example:"120" prefill:"-"`                  // Minutes that a release lasts unless a request says otherwise (1-525600, default: the system's).
	MaxReleaseDuration                *int    `binding:"min=1" example:"525600" prefill:"-"`               // Minutes that a release lasts at most (1-525600, default: the system's).
	ISAReleaseDuration                *int    `binding:"min=1" example:"120" prefill:"-"`                  // Minutes that a release by an ISA lasts (1-525600, default: the system's).
	MaxConcurrentRequests             *int    `example:"1" prefill:"-"`                                    // Number of active requests at the same time (0-999, 0: any number, default: 1).
	AutoManagementFlag                *bool   `example:"false" prefill:"-"`                                // Whether the account's password is managed automatically (default: false).
	DSSAutoManagementFlag             *bool   `example:"false" prefill:"-"`                                // Whether the account's key is managed automatically.
	CheckPasswordFlag                 *bool   `example:"false" prefill:"-"`                                // Whether the password is tested.
	ResetPasswordOnMismatchFlag       *bool   `example:"false" prefill:"-"`                                // Whether a password that a test finds wrong is set again.
	ChangePasswordAfterAnyReleaseFlag *bool   `example:"false" prefill:"-"`                                // Whether the password changes after it was released.
	ChangeFrequencyType               *string `example:"first" enums:"first,last,xdays" prefill:"-"`       // When the password changes: first or last day of the month, or every so many days.
	ChangeFrequencyDays               *int    `example:"30" prefill:"-"`                                   // Days between changes of type xdays (1-999).
	ChangeTime                        *string `example:"23:30" prefill:"-"`                                // Time of day of the change, in UTC.
	NextChangeDate                    *string `example:"2027-01-31" prefill:"-"`                           // When the password changes next.
	UseOwnCredentials                 *bool   `example:"false" prefill:"-"`                                // Whether the account changes its own password.
	ChangeIISAppPoolFlag              *bool   `example:"false" prefill:"-"`                                // Whether application pools of IIS get a new password too.
	RestartIISAppPoolFlag             *bool   `example:"false" prefill:"-"`                                // Whether application pools of IIS start again then.
	WorkgroupID                       *int    `example:"2" prefill:"-"`                                    // ID of the Workgroup of the account.
	ChangeWindowsAutoLogonFlag        *bool   `example:"false" prefill:"-"`                                // Whether the automatic logon of Windows gets a new password too.
	ChangeComPlusFlag                 *bool   `example:"false" prefill:"-"`                                // Whether COM+ applications get a new password too.
	ChangeDComFlag                    *bool   `example:"false" prefill:"-"`                                // Whether DCOM applications get a new password too.
	ChangeSComFlag                    *bool   `example:"false" prefill:"-"`                                // Whether SCOM identities get a new password too.
	ObjectID                          *string `example:"8f8b1f6e-4d1a-4a57-9f62-0f3c1c4c7a10" prefill:"-"` // ID of an account of Entra ID.
}

func (b *accountFields) secrets() store.AccountSecrets {
	return store.AccountSecrets{Password: b.Password, PrivateKey: b.PrivateKey, Passphrase: b.Passphrase}
}

type newAccount struct {
	byID
	Body accountFields
}

func createAccount(tx *store.Tx, in newAccount) (*store.ManagedAccount, error) {
	a, err := store.NewManagedAccount(tx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := setGiven(a, in.Body); err != nil {
		return nil, err
	}
	return a, store.CreateManagedAccount(tx, a, in.Body.secrets())
}

func updateAccount(tx *store.Tx, in newAccount) (*store.ManagedAccount, error) {
	old, err := store.ManagedAccountByID(tx, in.ID)
	if err != nil {
		return nil, err
	}
	a := old.Reset()
	if err := setGiven(a, in.Body); err != nil {
		return nil, err
	}
	return a, store.UpdateManagedAccount(tx, a, in.Body.secrets())
}

func deleteAccount(tx *store.Tx, in byID) (api.None, error) {
	a, err := store.ManagedAccountByID(tx, in.ID)
	if err != nil {
		return api.None{}, err
	}
	return api.None{}, store.ManagedAccounts.Delete(tx, a.ManagedAccountID)
}

type accountInPath struct {
	byID
	Name string `uri:"accountName"` // Name of the managed account.
}

func deleteAccountByName(tx *store.Tx, in accountInPath) (api.None, error) {
	a, err := store.AccountOnSystemByName(tx, in.ID, in.Name)
	if err != nil {
		return api.None{}, err
	}
	return api.None{}, store.ManagedAccounts.Delete(tx, a.ManagedAccountID)
}

func deleteAccountsOn(tx *store.Tx, in byID) (api.None, error) {
	return api.None{}, store.DeleteAccountsOn(tx, in.ID)
}
