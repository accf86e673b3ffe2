// Package insight speaks the BeyondInsight public REST API: one file a resource of the document, each a table of rows and
// the functions behind them.
package insight

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// Name is the door as audits and tokens name it.
const Name = "insight"

// Base is the path below which the API lives, the vendor's own.
const Base = "/BeyondTrust/api/public/v3"

// Services are what handlers need that is no transaction.
type Services struct {
	// Importers says which ImportTypes there are, in the moment of a transaction.
	Importers func(*store.Tx) ([]string, error)
	// Spool keeps what fill writes, the content of an import, until the import ends, and returns its name and size in
	// bytes. It returns an api.ErrTooLarge above ImportLimit and keeps nothing on any error.
	Spool func(ctx context.Context, fill func(io.Writer) error) (file string, size int, err error)
	// Discard removes what Spool kept, when the import was refused or canceled.
	Discard func(file string)
	// Wake tells the import runner that there is work.
	Wake func()
	// Stop ends the process of an import that was canceled.
	Stop func(importID int)
	// FindUser looks a user up in a directory; accountAttribute is what they are called by, of LDAP. Its errors are for the caller.
	FindUser func(ctx context.Context, a store.DirectoryAccess, name, accountAttribute string) (store.DirectoryEntry, error)
	// FindGroup looks a group up in a directory; the attributes are those of LDAP. Its errors are for the caller.
	FindGroup func(ctx context.Context, a store.DirectoryAccess, name, accountAttribute, membershipAttribute string) (store.DirectoryEntry, error)
	// Synchronize brings a user group to what its directory says, if it comes from one that can be asked.
	Synchronize func(ctx context.Context, groupID int)
	// WakeDirectories has all user groups of directories synchronized soon.
	WakeDirectories func()
	// ImportLimit is the most bytes of a decoded file.
	ImportLimit int64

	uploads *uploads
}

// What the rows need, spelled once.
var (
	readsAssets           = authz.Reads(authz.AssetManagement)
	writesAssets          = authz.Writes(authz.AssetManagement)
	readsAttributes       = authz.Reads(authz.AttributeManagement)
	writesAttributes      = authz.Writes(authz.AttributeManagement)
	readsAssetAttributes  = readsAssets.And(readsAttributes)
	writesAssetAttributes = authz.WritesAssetAttributes
	writesDatabases       = authz.WritesDatabases
	writesScans           = authz.QueuesImports
	readsAccounts         = authz.Reads(authz.UserAccountsManagement)
	writesAccounts        = authz.Writes(authz.UserAccountsManagement)
	quarantines           = authz.Writes(authz.PasswordSafeAPIGlobalQuarantine)
	readsAudits           = authz.Reads(authz.UserAuditManagement)
	seesWorkgroup         = authz.Organization().And(readsAssets.Or(writesScans))
	readsInItsPlace       = authz.Organization().And(readsAssets)
)

// New returns the dialect with its whole table.
func New(s Services) *api.Dialect {
	s.uploads = &uploads{of: map[int]int{}}
	return &api.Dialect{
		Name: Name, Title: "BeyondInsight", Version: "v3", Base: Base,
		Aliases:    []string{"/eEye.RetinaCS.Server/api/public/v3"},
		Credential: credential,
		Schemes: []api.Scheme{{
			Name: "Bearer", In: "header", Parameter: "Authorization",
			Description: "A token, with or without the word Bearer before it: the one that the first start printed, or one that muster token makes.",
		}, {
			Name: "PS-Auth", In: "header", Parameter: "Authorization",
			Description: "The whole header, with an API key and the user that it acts for: PS-Auth key=…; runas=administrator;. Add pwd=[…]; where the registration asks for the user's password.",
		}},
		Examples: map[string]string{
			"AddressGroups": "1", "Addresses": "1", "ApiRegistrations": "1", "Assets": "1", "Attributes": "10006", "AttributeTypes": "10000",
			"Databases": "2", "Credentials": "4711", "DSSKeyRules": "0", "FunctionalAccounts": "1", "PasswordRules": "1", "Release": "4711", "Requests": "4711", "Imports": "1", "ManagedSystems": "1", "ManagedAccounts": "1", "Organizations": "3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a101",
			"Platforms": "2", "Safes": "3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a201", "Folders": "3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a202",
			"Secrets": "3f0d6a52-8c1e-4b7a-9a55-0c6b1de7a203", "SmartRules": "4", "UserAudits": "1", "UserGroups": "2", "Users": "3", "Workgroups": "2",
			"": examplePolicy, "epmpolicies": examplePolicy,
		},
		Error:    encodeError,
		Unserved: unserved,
		Refused:  "Failed to authenticate due to one or more authentication rules.",
		Routes: slices.Concat(
			authentication(),
			accessLevels, apiRegistrations, assets,
			assetAttributes, attributes, attributeTypes, entityTypes, databases, platforms,
			imports(s), operatingSystems, organizations, permissions, userAudits, workgroups,
			accessPolicies, addressGroups, addresses, configuration, epmPolicies, subscriptions,
			memberships, roles, userGroups(s), users(s),
			smartRules, managed, managedSystemWrites, managedAccountWrites, functionalAccounts, passwordRules, requestable, requests, credentials, entitlements,
			safes, secretsFolders, secrets(s), secretsUpload,
		),
	}
}

// encodeError is the text of an error as JSON, or the bare digits of a code.
func encodeError(_ int, err error) any {
	var code store.Code
	if errors.As(err, &code) {
		return int(code)
	}
	return err.Error()
}

// examplePolicy is a policy of the demo lab.
const examplePolicy = "7d1c3d0e-31a4-4f43-9a0b-5f2a6a1f0001"

// sessionCookie is the vendor's name for it, which clients look for.
const sessionCookie = "ASP.NET_SessionId"

// credential finds a session in the cookie or a Bearer header, and a PS-Auth header beside or without it.
func credential(r *http.Request) (c authz.Credential, err error) {
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		// A client that does not know cookies may echo the whole Set-Cookie text, or escape it.
		if c.Cookie, err = url.QueryUnescape(cookie.Value); err != nil {
			c.Cookie = cookie.Value
		}
	}
	scheme, value := authz.CutScheme(r.Header.Get("Authorization"))
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		c.Token = value
	case strings.EqualFold(scheme, "PS-Auth"):
		parsed, err := authz.ParsePSAuth(r.Header.Get("Authorization"))
		if err != nil {
			return authz.Credential{}, fmt.Errorf("%w: %w", store.ErrRefused, err)
		}
		c.PSAuth = &parsed
	case value == "" && strings.Count(scheme, ".") == 2: // a token alone, as people paste it into the Swagger page
		c.Token = scheme
	case scheme != "":
		return authz.Credential{}, authz.ErrCredential
	}
	return c, nil
}

// byID is a request for one record.
type byID struct {
	ID int `uri:"id"` // ID of the record.
}

// orName tries a name when digits in a path are no id; if it is none either, the id is what was not found.
func orName[T any](found T, err error, byName func() (T, error)) (T, error) {
	if !errors.Is(err, store.ErrNotFound) {
		return found, err
	}
	named, other := byName()
	if errors.Is(other, store.ErrNotFound) {
		return found, err
	}
	return named, other
}

// knownWorkgroup checks the id of a Workgroup in a body: one that is absent, or not for the caller to see, is a bad
// request.
func knownWorkgroup(tx *store.Tx, id int) error {
	_, err := store.WorkgroupByID(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return store.Invalid("WorkgroupID: there is no Workgroup %d", id)
	}
	return err
}
