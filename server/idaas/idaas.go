// Package idaas speaks the groups API of Entrust Identity as a Service: its groups are the store's user groups. The
// structs with json tags are what the vendor's callers see; rights, names and memberships obey the same functions of the
// store as at any other door.
package idaas

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// Name is the door as audits and tokens name it.
const Name = "idaas"

// Base is the path below which the API lives, the vendor's own. The version is a part of the paths, since there are two.
const Base = "/api/web"

// What the rows need, by the vendor's names.
var (
	viewsGroups   = authz.Reads(authz.UserAccountsManagement).Called("GROUPS:VIEW")
	addsGroups    = authz.Writes(authz.UserAccountsManagement).Called("GROUPS:ADD")
	editsGroups   = authz.Writes(authz.UserAccountsManagement).Called("GROUPS:EDIT")
	removesGroups = authz.Writes(authz.UserAccountsManagement).Called("GROUPS:REMOVE")
	viewsUsers    = authz.Reads(authz.UserAccountsManagement).Called("USERS:VIEW")
	editsUsers    = authz.Writes(authz.UserAccountsManagement).Called("USERS:EDIT")
)

// New returns the dialect with its whole table.
func New() *api.Dialect {
	return &api.Dialect{
		Name: Name, Title: "Entrust Identity as a Service: groups", Version: "v1", Base: Base,
		Credential: credential,
		Schemes: []api.Scheme{{
			Name: "AdminAPIAuthentication", In: "header", Parameter: "Authorization",
			Description: "The authToken that adminapi/authenticate answers with, or an applicationId and its sharedSecret with a comma between them.",
		}},
		Models:   map[string]string{"groupFields": "GroupParms", "changedFields": "ChangedGroupParms", "groupIDFields": "GroupId", "userNameFields": "UserId"},
		Examples: map[string]string{"groups": "3f6c2f0e-8a51-4d0b-9a7e-5d1f60b2c7a4", "userauthorizationgroup": "9a7e5d1f-60b2-4c7a-8a51-3f6c2f0e4d0b", "users": "9a7e5d1f-60b2-4c7a-8a51-3f6c2f0e4d0b"},
		Error:    describe,
		Probed:   true,
		Routes:   slices.Concat(authentication, groups, users),
	}
}

// credential finds in the Authorization header a token, with or without the word Bearer before it, or an application's id
// and secret with a comma between them.
func credential(r *http.Request) (c authz.Credential, err error) {
	value := strings.TrimSpace(r.Header.Get("Authorization"))
	if scheme, rest, ok := strings.Cut(value, " "); ok && strings.EqualFold(scheme, "Bearer") {
		value = strings.TrimSpace(rest)
	}
	if id, secret, ok := strings.Cut(value, ","); ok {
		c.Client = &authz.Client{ID: strings.TrimSpace(id), Secret: strings.TrimSpace(secret)}
		return c, nil
	}
	if strings.Contains(value, " ") {
		return c, authz.ErrCredential
	}
	c.Token = value
	return c, nil
}

// errorInfo is what is wrong with a request.
type errorInfo struct {
	ErrorCode    string   `json:"errorCode" example:"group_not_found"`         // A word for programs: group_not_found.
	ErrorMessage string   `json:"errorMessage" example:"User Group not found"` // A sentence for people.
	Parameters   []string `json:"parameters" example:"name"`                   // Empty.
}

// fault is an error that has a code of its own.
type fault struct {
	error
	code string
}

func (f fault) Unwrap() error { return f.error }

// coded gives an error of that kind a code; others stay as they are.
func coded(err, kind error, code string) error {
	if errors.Is(err, kind) {
		return fault{err, code}
	}
	return err
}

// codes are the words for the statuses; see also coded.
var codes = map[int]string{
	http.StatusBadRequest:            "invalid_request",
	http.StatusUnauthorized:          "access_denied",
	http.StatusForbidden:             "forbidden",
	http.StatusNotFound:              "not_found",
	http.StatusMethodNotAllowed:      "method_not_allowed",
	http.StatusRequestTimeout:        "request_timeout",
	http.StatusConflict:              "conflict",
	http.StatusRequestEntityTooLarge: "request_too_large",
	http.StatusUnsupportedMediaType:  "unsupported_media_type",
	http.StatusTooManyRequests:       "too_many_requests",
	http.StatusInternalServerError:   "internal_error",
	http.StatusServiceUnavailable:    "service_unavailable",
}

// describe is how the door spells an error.
func describe(status int, err error) any {
	info := errorInfo{ErrorCode: codes[status], ErrorMessage: err.Error(), Parameters: []string{}}
	if f, ok := errors.AsType[fault](err); ok {
		info.ErrorCode = f.code
	}
	return info
}

// inDirectory is the refusal of what only a group's directory may do.
func inDirectory(g *store.UserGroup, what string) error {
	return fault{record.Busy("User group %q is synchronized with a directory: %s", g.Name, what), "group_in_directory"}
}

// identifier is a UUID in whatever spelling, as the store has it.
type identifier string

// UnmarshalText refuses what is no UUID.
func (id *identifier) UnmarshalText(text []byte) error {
	parsed, err := uuid.ParseBytes(text)
	if err != nil {
		return store.Invalid("a UUID is expected")
	}
	*id = identifier(parsed.String())
	return nil
}
