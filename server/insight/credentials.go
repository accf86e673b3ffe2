package insight

import (
	"net/http"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

var (
	writesManagedAccounts = authz.Writes(authz.PasswordSafeAccountManagement)
	changesCredentials    = writesManagedAccounts.Or(isISA).Or(authz.OnObject("the role Credentials Manager on it"))
)

// Secrets are given out by the first two rows, and by no other.
var credentials = []api.Route{
	api.GET("Credentials/{requestId}", ownsRequest, "Returns the secret of the managed account of an active request.", credentialOfRequest).FillIn(aRequest).Updates().RefusesWith(code(0), 403).Beyond(seenLive),
	api.POST("ISARequests", isISA.Or(isAdmin), "Creates a request that needs no approval and returns the secret of the managed account.", postISARequest).Refuses(http.StatusNotFound).RefusesWith(code(0), 403).Beyond(vendorPage).
		FillIn("SystemID and AccountID of a managed account that can be requested"),
	api.PUT("ManagedAccounts/{id}/Credentials", changesCredentials, "Sets the secrets of a managed account.", setCredential).Answers(204).Harmful().Beyond(seenLive),
	api.PUT("Credentials?workgroupName&assetName&accountName", changesCredentials, "Sets the secrets of a managed account by the names of its Workgroup, asset and account.", setCredentialByName).
		Answers(204).Harmful().Beyond(vendorPage),
	api.POST("ManagedAccounts/{id}/Credentials/Change", writesManagedAccounts, "Changes the password of a managed account.", changeCredential).
		Answers(204).Harmful().Named("changeManagedAccountCredentials").Beyond(vendorPage),
	api.POST("ManagedAccounts/{id}/Credentials/Test", writesManagedAccounts, "Tests the password of a managed account.", testCredential).
		Answers(200).ReadOnly().Named("testManagedAccountCredentials").Beyond(vendorPage),
	api.POST("ManagedSystems/{id}/ManagedAccounts/Credentials/Change", quarantines, "Changes the passwords of all accounts of a managed system.", changeCredentialsOn).
		Answers(204).Harmful().Named("changeManagedSystemCredentials").Beyond(vendorPage),
}

// secretReply is an answer with a secret, which nobody on its way may keep.
func secretReply(secret string, err error) (api.Reply[string], error) {
	return api.Reply[string]{Body: secret, Header: http.Header{"Cache-Control": {"no-store"}}}, err
}

type credentialQuery struct {
	RequestID int    `uri:"requestId"`                                                   // ID of the request.
	Type      string `form:"type" example:"password" enums:"password,dsskey,passphrase"` // Kind of secret (default: password).
}

func credentialOfRequest(tx *store.Tx, in credentialQuery) (api.Reply[string], error) {
	return secretReply(store.CredentialOf(tx, in.RequestID, in.Type))
}

type newISARequest struct {
	Type string `form:"type" example:"password" enums:"password,dsskey,passphrase"` // Kind of secret (default: password).
	Body isaRequestFields
}

type isaRequestFields struct {
	SystemID        int    `binding:"required" example:"1"` // ID of the managed system to request.
	AccountID       int    `binding:"required" example:"1"` // ID of the managed account to request.
	DurationMinutes int    `example:"5"`                    // Minutes that the request lasts (default: the account's).
	Reason          string `example:"audit"`                // Why the account is requested.
}

func postISARequest(tx *store.Tx, in newISARequest) (api.Reply[string], error) {
	b := in.Body
	return secretReply(store.RequestAsISA(tx, b.SystemID, b.AccountID, b.DurationMinutes, b.Reason, in.Type))
}

type credentialFields struct {
	Password     string `binding:"max=1000" example:"correct horse"`                // The new password; one is made if neither it nor a key is given.
	PublicKey    string `example:"ssh-ed25519 AAAAC3Nza" prefill:"-"`               // The new public key of the host; required beside PrivateKey while UpdateSystem is true.
	PrivateKey   string `example:"-----BEGIN OPENSSH PRIVATE KEY-----" prefill:"-"` // The new private key.
	Passphrase   string `example:"battery staple" prefill:"-"`                      // Passphrase of an encrypted private key.
	UpdateSystem *bool  `example:"true" prefill:"-"`                                // Whether the managed system gets the secrets too (default: true).
	Queue        bool   `example:"false" prefill:"-"`                               // Whether a change waits for a system that cannot be reached (default: false).
}

func (b credentialFields) secrets() store.NewCredential {
	return store.NewCredential{
		AccountSecrets: store.AccountSecrets{Password: b.Password, PrivateKey: b.PrivateKey, Passphrase: b.Passphrase},
		PublicKey:      b.PublicKey, UpdateSystem: b.UpdateSystem == nil || *b.UpdateSystem,
	}
}

type newCredential struct {
	byID
	Body credentialFields
}

func setCredential(tx *store.Tx, in newCredential) (api.None, error) {
	find := func(tx *store.Tx) (*store.AccountOnSystem, error) { return store.ManagedAccountByID(tx, in.ID) }
	return api.None{}, store.SetCredential(tx, find, in.Body.secrets())
}

type newCredentialByName struct {
	WorkgroupName string `form:"workgroupName" example:"Meridian"` // Name of the Workgroup.
	AssetName     string `form:"assetName" example:"web01"`        // Name of the asset.
	AccountName   string `form:"accountName" example:"root"`       // Name of the managed account.
	Body          credentialFields
}

func setCredentialByName(tx *store.Tx, in newCredentialByName) (api.None, error) {
	find := func(tx *store.Tx) (*store.AccountOnSystem, error) {
		return store.AccountByNames(tx, in.WorkgroupName, in.AssetName, in.AccountName)
	}
	return api.None{}, store.SetCredential(tx, find, in.Body.secrets())
}

func changeCredential(tx *store.Tx, in newCredential) (api.None, error) {
	a, err := store.ManagedAccountByID(tx, in.ID)
	if err != nil {
		return api.None{}, err
	}
	return api.None{}, store.ChangeCredential(tx, a, in.Body.secrets(), in.Body.Queue)
}

// credentialTest is whether the system has the stored password.
type credentialTest struct {
	Success bool `example:"true"` // Whether the system takes the password.
}

func testCredential(tx *store.Tx, in byID) (credentialTest, error) {
	a, err := store.ManagedAccountByID(tx, in.ID)
	if err != nil {
		return credentialTest{}, err
	}
	right, err := store.TestCredential(tx, a)
	return credentialTest{right}, err
}

func changeCredentialsOn(tx *store.Tx, in byID) (api.None, error) {
	return api.None{}, store.ChangeCredentialsOn(tx, in.ID)
}
