package insight

import (
	"net/http"
	"strings"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

func secrets(s Services) []api.Route {
	return []api.Route{
		api.Do(http.MethodGet, "Secrets-Safe/Secrets", readsSafe, "Returns a list of the secrets that the caller may read, by their paths and titles.", listSecrets).Named("listSecrets").Beyond(seenLive),
		api.Do(http.MethodGet, "Secrets-Safe/Secrets/{id}", readsSecret, "Returns a secret by its id.", secretByID).Refuses(http.StatusNotFound).Named("getSecret").Beyond(seenLive),
		api.Do(http.MethodGet, "Secrets-Safe/Secrets/{id}/text", readsSecret, "Returns a secret that is a text.", secretText).FillIn("the ID of a text").Refuses(http.StatusNotFound).Named("getSecretText").Beyond(seenLive),
		api.Do(http.MethodGet, "Secrets-Safe/Secrets/{id}/file", readsSecret, "Returns a secret that is a file, without what is in it.", secretFile).FillIn("the ID of a file").
			Refuses(http.StatusNotFound).Named("getSecretFile").Beyond(vendorPage),
		api.Do(http.MethodGet, "Secrets-Safe/Secrets/{id}/file/download", readsSecret, "Returns what is in the file of a secret.", downloadSecretFile).FillIn("the ID of a file").
			Refuses(http.StatusNotFound).Named("downloadSecretFile").Beyond(seenLive),
		api.PUT("Secrets-Safe/Secrets/Move", editsFolders.And(authz.Safe("Create")), "Moves secrets into a folder.", moveSecrets).
			FillIn("IDs of secrets").Refuses(http.StatusNotFound, http.StatusConflict).Named("moveSecrets").Beyond(vendorPage),
		api.PUT("Secrets-Safe/Secrets/{id}", editsSecret, "Changes a secret that is a credential.", changeSecretCredential).Manual(http.StatusNoContent).Refuses(http.StatusConflict).Named("updateSecret").Beyond(seenLive),
		api.PUT("Secrets-Safe/Secrets/{id}/text", editsSecret, "Changes a secret that is a text.", changeText).FillIn("the ID of a text").Manual(http.StatusNoContent).Refuses(http.StatusConflict).Named("updateSecretText").Beyond(seenLive),
		api.Do(http.MethodPut, "Secrets-Safe/Secrets/{id}/file", editsSecret, "Changes a secret that is a file: a part is its members as JSON, another the file.", s.changeFile).
			Takes(fileParts{}).File("The file, up to 5,000,000 bytes.").Limit(fileBodyLimit).FillIn(fillInFile).Answers(http.StatusNoContent).Refuses(http.StatusNotFound, http.StatusConflict).Named("updateSecretFile").Beyond(vendorPage),
		api.DELETE("Secrets-Safe/Secrets/{id}", deletesSecret, "Deletes a secret.", deleteSecret).Manual(http.StatusNoContent).Named("deleteSecret").Beyond(seenLive),
		api.Do(http.MethodGet, "Secrets-Safe/Folders/{id}/Secrets", readsSafe, "Returns a list of the secrets right in a folder.", secretsInFolder).
			Refuses(http.StatusNotFound).Named("listSecretsInFolder").Beyond(vendorPage),
		api.POST("Secrets-Safe/Folders/{id}/Secrets", createsInSafe, "Creates a credential in a folder.", createSecretCredential).FillIn("a title that no secret in the folder has").Refuses(http.StatusConflict).Named("createSecret").Beyond(seenLive),
		api.POST("Secrets-Safe/Folders/{id}/Secrets/Text", createsInSafe, "Creates a text in a folder.", createText).FillIn("a title that no secret in the folder has").Refuses(http.StatusConflict).Named("createSecretText").Beyond(seenLive),
		api.Do(http.MethodPost, "Secrets-Safe/Folders/{id}/Secrets/File", createsInSafe, "Creates a file in a folder: a part is its members as JSON, another the file.", s.createFile).
			Takes(fileParts{}).File("The file, up to 5,000,000 bytes.").Limit(fileBodyLimit).FillIn(fillInFile).Answers(http.StatusCreated).Refuses(http.StatusNotFound, http.StatusConflict).Named("createSecretFile").Beyond(seenLive),
	}
}

// secretFields are the members that all kinds of secret have in requests.
type secretFields struct {
	Title       string         `binding:"required,max=256" example:"root of web01"` // Title of the secret.
	Description store.Text     `binding:"max=256" example:"Break glass"`            // Description of the secret.
	Notes       store.Text     `binding:"max=4000" example:"changed by hand"`       // Notes.
	OwnerType   string         `example:"User" prefill:"-"`                         // User or Group.
	OwnerId     int            `prefill:"-" example:"2"`                            // ID of the user group that owns it, of version 3.0 with OwnerType Group.
	Owners      []secretOwner  `prefill:"-"`                                        // Who owns it; the caller unless it is given.
	Urls        []secretURLRef `prefill:"-"`                                        // Where it is used.
}

// secretOwner is an owner in a request, as any version spells one.
type secretOwner struct {
	OwnerId int        `example:"2"`                         // ID of the user, or of the user group with OwnerType Group, of version 3.0.
	UserId  int        `example:"3"`                         // ID of the user, from version 3.1 on.
	GroupId int        `example:"2"`                         // ID of the user group, from version 3.1 on; with a UserId too, the user owns it.
	Owner   store.Text `example:"olga"`                      // Not looked at.
	Name    store.Text `example:"Operations"`                // Not looked at.
	Email   store.Text `example:"olga@meridian.lab.example"` // Not looked at.
}

// secretURLRef is a URL in a request, which may be a bare text.
type secretURLRef struct {
	Id           string `prefill:"-" example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a205"` // ID of the URL; a new one unless it is given.
	CredentialId string `prefill:"-" example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a203"` // Not looked at.
	Url          string `example:"https://web01.lab.example"`                        // The URL.
}

// FromText takes a bare URL.
func (u *secretURLRef) FromText(s string) { u.Url = s }

type secretCredentialFields struct {
	secretFields
	Username       string  `binding:"required,max=1000" example:"root"` // User name.
	Password       *string `example:"a-new-password"`                   // The password, up to 256 characters: this or PasswordRuleID is required.
	PasswordRuleID *int    `prefill:"-" example:"1"`                    // ID of the password rule by which one is made.
}

type secretTextFields struct {
	secretFields
	Text string `binding:"required,max=4096" example:"a text"` // The text.
}

// owners are those that a request names, nil for none.
func (f secretFields) owners() ([]store.SecretPrincipal, error) {
	ofGroup := strings.EqualFold(f.OwnerType, "Group")
	if f.OwnerType != "" && !ofGroup && !strings.EqualFold(f.OwnerType, "User") {
		return nil, errOwnerType
	}
	if ofGroup && f.OwnerId != 0 {
		return []store.SecretPrincipal{{GroupID: f.OwnerId}}, nil
	}
	var all []store.SecretPrincipal
	for _, o := range f.Owners {
		switch {
		case o.UserId != 0:
			all = append(all, store.SecretPrincipal{UserID: o.UserId})
		case o.GroupId != 0:
			all = append(all, store.SecretPrincipal{GroupID: o.GroupId})
		case o.OwnerId != 0 && ofGroup:
			all = append(all, store.SecretPrincipal{GroupID: o.OwnerId})
		case o.OwnerId != 0:
			all = append(all, store.SecretPrincipal{UserID: o.OwnerId})
		default:
			return nil, errOwnerType
		}
	}
	return all, nil
}

var errOwnerType = store.Invalid("Invalid OwnerType")

// into brings the members into a secret, in place of what it has.
func (f secretFields) into(s store.Secret) (store.NewSecret, error) {
	s.Title, s.Description, s.Notes, s.Urls = f.Title, f.Description, f.Notes, nil
	for _, u := range f.Urls {
		s.Urls = append(s.Urls, store.SecretURL{ID: u.Id, URL: u.Url})
	}
	owners, err := f.owners()
	return store.NewSecret{Secret: s, Owners: owners}, err
}

func (f secretCredentialFields) into(s store.Secret) (store.NewSecret, error) {
	n, err := f.secretFields.into(s)
	if err != nil {
		return n, err
	}
	n.Secret.Username = store.Text(f.Username)
	switch {
	case f.Password != nil && *f.Password != "":
		n.Value = f.Password
		return n, nil
	case f.PasswordRuleID == nil:
		return n, store.Invalid("Password or PasswordRuleID is required")
	}
	if _, err := store.PasswordRuleByID(*f.PasswordRuleID); err != nil {
		return n, store.Invalid("PasswordRuleID: there is no Password Rule %d", *f.PasswordRuleID)
	}
	n.Value = new(authz.NewPassword()) // as all rules have it
	return n, nil
}

func (f secretTextFields) into(s store.Secret) (store.NewSecret, error) {
	n, err := f.secretFields.into(s)
	n.Value = &f.Text
	return n, err
}

type secretVersion struct {
	Version string `form:"version" default:"3.0" enums:"3.0,3.1,3.2"` // Version of the answer: 3.0, 3.1 or 3.2.
}

type newSecretCredential struct {
	byGUID
	secretVersion
	Body secretCredentialFields
}

type newText struct {
	byGUID
	secretVersion
	Body secretTextFields
}

func createSecretCredential(tx *store.Tx, in newSecretCredential) (secret, error) {
	n, err := in.Body.into(store.Secret{FolderID: in.ID, SecretType: store.CredentialSecret})
	return storedSecret(tx, in.secretVersion, n, err, store.CreateSecret)
}

func createText(tx *store.Tx, in newText) (secret, error) {
	n, err := in.Body.into(store.Secret{FolderID: in.ID, SecretType: store.TextSecret})
	return storedSecret(tx, in.secretVersion, n, err, store.CreateSecret)
}

func changeSecretCredential(tx *store.Tx, in newSecretCredential) (secret, error) {
	s, err := secretOfKind(tx, in.ID, store.CredentialSecret)
	if err != nil {
		return secret{}, err
	}
	n, err := in.Body.into(*s)
	return storedSecret(tx, in.secretVersion, n, err, store.ChangeSecret)
}

func changeText(tx *store.Tx, in newText) (secret, error) {
	s, err := secretOfKind(tx, in.ID, store.TextSecret)
	if err != nil {
		return secret{}, err
	}
	n, err := in.Body.into(*s)
	return storedSecret(tx, in.secretVersion, n, err, store.ChangeSecret)
}

// secretOfKind is ErrNotFound for a secret of another kind; an empty kind is any.
func secretOfKind(tx *store.Tx, id, kind string) (*store.Secret, error) {
	s, err := store.SecretByUUID(tx, id)
	if err == nil && kind != "" && s.SecretType != kind {
		err = store.NotOfKind(id, kind)
	}
	return s, err
}

// storedSecret stores a secret and shows it without its value, which its sender knows.
func storedSecret(tx *store.Tx, v secretVersion, n store.NewSecret, err error, put func(*store.Tx, store.NewSecret) (*store.Secret, error)) (secret, error) {
	if err != nil {
		return secret{}, err
	}
	version, err := v.number()
	if err != nil {
		return secret{}, err
	}
	s, err := put(tx, n)
	if err != nil {
		return secret{}, err
	}
	return shower{look: store.LookInSafes(tx), version: version}.show(tx, s)
}

func deleteSecret(tx *store.Tx, in byGUID) (api.None, error) {
	return api.None{}, store.DeleteSecret(tx, in.ID)
}

type movedSecrets struct{ Body moveSecretFields }

type moveSecretFields struct {
	SecretIds []string `prefill:"-" example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a203"` // IDs of secrets, at most 200.
	ShareIds  []string `prefill:"-" example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a204"` // Not looked at: there are no shares.
	moveFields
}

// maxMoved is how many secrets are moved at a time.
const maxMoved = 200

type secretsMoved struct {
	Moved   []string `example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a203"` // IDs of the secrets that are in the folder now.
	Skipped []string `example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a204"` // IDs of those that stay where they are.
}

func moveSecrets(tx *store.Tx, in movedSecrets) (secretsMoved, error) {
	action, err := store.MoveAction(in.Body.DuplicateNameAction)
	if err == nil && (len(in.Body.SecretIds) == 0 || len(in.Body.SecretIds) > maxMoved) {
		err = store.Invalid("SecretIds: 1 to %d are expected", maxMoved)
	}
	if err != nil {
		return secretsMoved{}, err
	}
	moved, skipped, err := store.MoveSecrets(tx, in.Body.SecretIds, in.Body.DestinationFolderId, action)
	return secretsMoved{moved, skipped}, err
}
