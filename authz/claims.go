package authz

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Claims is what a token says of its bearer: who they are, what they may do, and the state of the store that this was
// true for. Of the registered claims, Subject is the user's id in decimal, Audience the one door that the token
// opens, ID the session, and ExpiresAt is required; Issuer is set by Sign.
type Claims struct {
	jwt.RegisteredClaims
	Name   string               `json:"name,omitempty"` // The user name, for logs and audits.
	Admin  bool                 `json:"adm,omitempty"`  // The user is an administrator: every grant, whatever Grants says.
	Groups []int                `json:"grp,omitempty"`  // The ids of their user groups.
	Grants map[Permission]Level `json:"gra,omitempty"`  // The union of what the groups grant.

	// Epochs are the two at which the other fields were read: the user's own and the one of all groups and
	// registrations. Once the store's have moved on, the token still names the user, and nothing else holds.
	Epochs       [2]int `json:"ep"`
	Registration int    `json:"reg,omitempty"` // The id of the API registration that was used to sign in.
}

// UserID returns the id in Subject, 0 if that is not a positive decimal number in its shortest form. Claims that
// Parse returned have one.
func (c *Claims) UserID() int {
	id, err := strconv.Atoi(c.Subject)
	if err != nil || id <= 0 || strconv.Itoa(id) != c.Subject {
		return 0
	}
	return id
}

// Level returns how far the bearer's permission p reaches: always ReadWrite for an administrator.
func (c *Claims) Level(p Permission) Level {
	if c.Admin {
		return ReadWrite
	}
	return c.Grants[p]
}

// Satisfies reports whether the grants allow what n asks for. Object terms (Self, Organization, SmartRule) pass here:
// only the handler, which sees the object, can decide them. So an OR of a grant and an object always passes.
func (c *Claims) Satisfies(n Need) bool {
	for _, group := range n {
		if !slices.ContainsFunc(group, c.passes) {
			return false
		}
	}
	return true
}

func (c *Claims) passes(t Term) bool {
	return t.Kind != KindGrant || c.Level(t.Permission).Includes(t.Level)
}

// Validate checks what package jwt has no option for; it is called by Sign, and through package jwt by Parse.
func (c *Claims) Validate() error {
	switch {
	case c.ExpiresAt == nil:
		return errors.New("no expiry")
	case c.ID == "":
		return errors.New("no token id")
	case len(c.Audience) != 1 || c.Audience[0] == "":
		return errors.New("not exactly one audience")
	case c.UserID() == 0:
		return errors.New("the subject is no user id")
	default:
		return nil
	}
}

// UnmarshalJSON takes the dates as whole seconds only, which is how they are written. Package jwt would also take a
// text: "exp":"99999999999".
func (c *Claims) UnmarshalJSON(text []byte) error {
	type fields Claims // has no UnmarshalJSON
	in := struct {
		*fields
		ExpiresAt *int64 `json:"exp"`
		NotBefore *int64 `json:"nbf"`
		IssuedAt  *int64 `json:"iat"`
	}{fields: (*fields)(c)}
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	c.ExpiresAt, c.NotBefore, c.IssuedAt = date(in.ExpiresAt), date(in.NotBefore), date(in.IssuedAt)
	return nil
}

func date(seconds *int64) *jwt.NumericDate {
	if seconds == nil {
		return nil
	}
	return jwt.NewNumericDate(time.Unix(*seconds, 0))
}
