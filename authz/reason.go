package authz

import (
	"errors"

	"github.com/golang-jwt/jwt/v5"
)

// Reason is the word for why a call was refused. Logs and audits have it in common. The caller never gets it, since it
// would help somebody who guesses.
type Reason string

// Reasons of a 401 that comes without a check of a secret.
const (
	NoCredential         Reason = "no-credential"
	UnreadableCredential Reason = "unreadable-credential"
	InvalidToken         Reason = "invalid-token"
	ExpiredToken         Reason = "expired-token"
	ForeignToken         Reason = "foreign-token"
	EndedSession         Reason = "ended-session"
	ChangedSecret        Reason = "changed-secret"
)

// Reasons of a refused sign-in. Those from InactiveUser to AddressRule end sessions, too.
const (
	UnknownKey           Reason = "unknown-key"
	UnknownUser          Reason = "unknown-user"
	UnknownClient        Reason = "unknown-client"
	InactiveUser         Reason = "inactive-user"
	QuarantinedUser      Reason = "quarantined-user"
	InactiveRegistration Reason = "inactive-registration"
	UnlistedRegistration Reason = "unlisted-registration"
	NoAccessPolicy       Reason = "no-access-policy"
	AddressRule          Reason = "address-rule"
	MissingPassword      Reason = "missing-password"
	WrongPassword        Reason = "wrong-password"
	WrongClientSecret    Reason = "wrong-client-secret"
	LockedAccount        Reason = "locked-account"
	LockedAddress        Reason = "locked-address"
)

// Reasons to refuse somebody who is known.
const (
	MissingPermission Reason = "missing-permission"
	CrossSite         Reason = "cross-site"
	TooManyRequests   Reason = "too-many-requests"
)

// Sentences say what each Reason means. docs/refused.md adds what to do about it.
var Sentences = map[Reason]string{
	NoCredential:         "the request has neither an Authorization header nor a session cookie",
	UnreadableCredential: "the Authorization header cannot be read",
	InvalidToken:         "this server did not make the token, or somebody changed it",
	ExpiredToken:         "the token is past its end",
	ForeignToken:         "the token is for another API of this server",
	EndedSession:         "the session was signed out, or not used for too long",
	ChangedSecret:        "the password, ClientSecret or API key has changed since the sign-in",
	UnknownKey:           "no API registration has this key",
	UnknownUser:          "no user has this name",
	UnknownClient:        "no user has this ClientID",
	InactiveUser:         "the user is inactive",
	QuarantinedUser:      "the user is quarantined",
	InactiveRegistration: "the API registration is inactive or deleted",
	UnlistedRegistration: "no active user group of the user lists the API registration",
	NoAccessPolicy:       "no active user group of the user lists an active API access policy",
	AddressRule:          "the address rules of the API registration do not admit this address",
	MissingPassword:      "the API registration requires the user's password, and none was sent",
	WrongPassword:        "the password is wrong",
	WrongClientSecret:    "the ClientSecret is wrong",
	LockedAccount:        "the account is locked after failed sign-ins",
	LockedAddress:        "the address is locked after failed sign-ins",
	MissingPermission:    "the user lacks a permission, or an access level on the object",
	CrossSite:            "a page of another site sent the request with the session cookie",
	TooManyRequests:      "the user has sent too many requests",
}

// Refuse returns an error that reads as kind and is kind to errors.Is, and from which ReasonOf gets the reason.
func Refuse(kind error, r Reason) error { return &refused{kind, r} }

type refused struct {
	error
	reason Reason
}

func (r *refused) Unwrap() error { return r.error }

// ReasonOf returns the reason of an error that Refuse returned, or of one of this package about a token or a header. It is
// empty for every other error.
func ReasonOf(err error) Reason {
	if r, ok := errors.AsType[*refused](err); ok {
		return r.reason
	}
	switch {
	case errors.Is(err, ErrCredential):
		return UnreadableCredential
	case !errors.Is(err, ErrToken):
		return ""
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return ForeignToken
	case errors.Is(err, jwt.ErrTokenExpired):
		return ExpiredToken
	}
	return InvalidToken
}
