package insight

import (
	"net/http"
	"strings"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// What the rows of Secrets Safe need: the permission, and what the safe's own permissions say.
var (
	usesSecrets    = authz.Reads(authz.SecretsSafe)
	makesSafes     = authz.Writes(authz.SecretsSafe)
	readsSafe      = usesSecrets.And(authz.Safe("Read"))
	createsInSafe  = usesSecrets.And(authz.Safe("Create"))
	makesFolders   = usesSecrets.And(authz.Safe("Create").Or(makesSafes))
	editsFolders   = usesSecrets.And(authz.Safe("Edit"))
	deletesFolders = usesSecrets.And(authz.Safe("Delete"))
	managesSafe    = usesSecrets.And(authz.Safe("Manage"))
	readsSecret    = usesSecrets.And(authz.Safe("Read").Or(authz.SecretOwner()))
	editsSecret    = usesSecrets.And(authz.Safe("Edit").Or(authz.SecretOwner()))
	deletesSecret  = usesSecrets.And(authz.Safe("Delete").Or(authz.SecretOwner()))
)

var safes = []api.Route{
	api.GET("Secrets-Safe/Safes", usesSecrets, "Returns a list of the safes that the caller may read.", listSafes).Named("listSafes").Beyond(seenLive),
	api.GET("Secrets-Safe/Safes/Safe-Permissions", usesSecrets, "Returns the permissions that there are on safes.", listSafeFlags).Named("listSafeFlags").Beyond(vendorPage),
	api.GET("Secrets-Safe/Safes/{id}", readsSafe, "Returns a safe by its id.", safeByID).Named("getSafe").Beyond(vendorPage),
	api.POST("Secrets-Safe/Safes", makesSafes, "Creates a safe, on which the caller gets Manage.", createSafe).FillIn("a name that no safe has").Named("createSafe").Beyond(seenLive),
	api.PUT("Secrets-Safe/Safes/{id}", managesSafe, "Changes the name and the description of a safe.", changeSafe).Answers(http.StatusNoContent).Named("updateSafe").Beyond(vendorPage),
	api.DELETE("Secrets-Safe/Safes/{id}", makesSafes.And(authz.Safe("Manage")), "Deletes a safe in which there is nothing.", deleteSafe).
		Answers(http.StatusNoContent).Refuses(http.StatusConflict).Named("deleteSafe").Beyond(vendorPage),
	api.GET("Secrets-Safe/Safes/{id}/Safe-Permissions", usesSecrets.And(authz.Safe("Read")), "Returns the permissions on a safe, to administrators those of every safe.",
		listSafePermissions).Named("listSafePermissions").Beyond(vendorPage),
	api.PUT("Secrets-Safe/Safes/{id}/Safe-Permissions", managesSafe, "Gives a user or a user group these permissions on a safe, in place of theirs.",
		giveSafePermission).Answers(http.StatusNoContent).Named("updateSafePermissions").Beyond(vendorPage),
	api.DELETE("Secrets-Safe/Safes/{id}/Safe-Permissions", managesSafe, "Takes all permissions on a safe from a user or a user group.",
		takeSafePermission).Answers(http.StatusNoContent).Named("deleteSafePermissions").Beyond(vendorPage),
}

type safe struct {
	Id          string     `example:"3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a201"` // ID of the safe.
	Name        string     `example:"Operations"`                           // Name of the safe.
	Description store.Text `example:"What runs the data center"`            // Description of the safe.
}

// byGUID is a request for one safe, folder or secret.
type byGUID struct {
	ID string `uri:"id"` // ID of the record.
}

func asSafe(f *store.SecretsFolder) safe { return safe{f.ID, f.Name, f.Description} }

func listSafes(tx *store.Tx, _ api.None) ([]safe, error) {
	all := []safe{}
	for f, err := range store.LookInSafes(tx).Safes() {
		if err != nil {
			return nil, err
		}
		all = append(all, asSafe(f))
	}
	return all, nil
}

func listSafeFlags(*store.Tx, api.None) ([]string, error) { return store.SafeFlagNames(), nil }

func safeByID(tx *store.Tx, in byGUID) (safe, error) {
	f, err := store.LookInSafes(tx).SafeFor(in.ID, store.SafeRead)
	if err != nil {
		return safe{}, err
	}
	return asSafe(f), nil
}

type safeFields struct {
	Name        string     `binding:"required,max=256" example:"Operations"` // Name of the safe.
	Description store.Text `binding:"max=256" example:"Break glass"`         // Description of the safe.
}

type newSafe struct{ Body safeFields }

func createSafe(tx *store.Tx, in newSafe) (safe, error) {
	f := &store.SecretsFolder{Name: in.Body.Name, Description: in.Body.Description}
	err := store.CreateSafe(tx, f)
	return asSafe(f), err
}

type changedSafe struct {
	byGUID
	Body safeFields
}

func changeSafe(tx *store.Tx, in changedSafe) (api.None, error) {
	if _, err := store.LookInSafes(tx).SafeFor(in.ID, store.SafeManage); err != nil {
		return api.None{}, err
	}
	_, err := store.ChangeFolder(tx, in.ID, in.Body.Name, in.Body.Description)
	return api.None{}, err
}

func deleteSafe(tx *store.Tx, in byGUID) (api.None, error) {
	if _, err := store.LookInSafes(tx).SafeFor(in.ID, store.SafeManage); err != nil {
		return api.None{}, err
	}
	return api.None{}, store.DeleteFolder(tx, in.ID)
}

type safePermission struct {
	PrincipalType   int        `example:"1"`                        // 0: a user; 1: a user group.
	PrincipalID     int        `example:"2"`                        // ID of the user or the user group.
	PermissionFlags []string   `example:"Read,Create"`              // What they may do: Read, Create, Edit, Delete or Manage, which includes all others.
	ExpiresOn       store.Time `example:"2031-05-04T08:15:30.123Z"` // When it is over; null: never.
}

func listSafePermissions(tx *store.Tx, in byGUID) ([]safePermission, error) {
	id := strings.ToLower(in.ID)
	if err := store.SeesPermissions(tx, id); err != nil {
		return nil, err
	}
	all := []safePermission{}
	for p, err := range store.PermissionsOn(tx, id) {
		if err != nil {
			return nil, err
		}
		all = append(all, safePermission{p.PrincipalType, p.PrincipalID, p.Flags.Names(), p.ExpiresOn})
	}
	return all, nil
}

type safePrincipal struct {
	PrincipalType int `binding:"required" example:"1"` // 0: a user; 1: a user group.
	PrincipalID   int `binding:"required" example:"2"` // ID of the user or the user group.
}

type safeGrant struct {
	safePrincipal
	PermissionFlags []string `binding:"required" example:"Read,Create"`   // Read, Create, Edit, Delete or Manage, which includes all others.
	ExpiresOn       string   `example:"2031-05-04T08:15:30Z" prefill:"-"` // When it is over; never unless it is given.
}

type givenSafePermission struct {
	byGUID
	Body safeGrant
}

func giveSafePermission(tx *store.Tx, in givenSafePermission) (api.None, error) {
	flags, err := store.SafeFlagsOf(in.Body.PermissionFlags)
	if err != nil {
		return api.None{}, err
	}
	p := &store.SafePermission{SafeID: strings.ToLower(in.ID), PrincipalType: in.Body.PrincipalType, PrincipalID: in.Body.PrincipalID, Flags: flags}
	if in.Body.ExpiresOn != "" {
		at, _, err := parseDate(in.Body.ExpiresOn)
		if err != nil {
			return api.None{}, store.Invalid("ExpiresOn: %v", err)
		}
		p.ExpiresOn = record.At(at)
	}
	return api.None{}, store.GiveSafePermission(tx, p)
}

type takenSafePermission struct {
	byGUID
	Body safePrincipal
}

func takeSafePermission(tx *store.Tx, in takenSafePermission) (api.None, error) {
	return api.None{}, store.TakeSafePermission(tx, strings.ToLower(in.ID), in.Body.PrincipalType, in.Body.PrincipalID)
}
