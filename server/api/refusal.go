package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
)

// Why a caller is not authenticated, besides what package authz says.
var (
	errNoCredential = fmt.Errorf("%w: there is no credential", store.ErrSignIn)
	errNoted        = fmt.Errorf("%w: the store has audited it", store.ErrSignIn)
)

// deniedAlone is how many refusals of one row to one user have an audit row each in a minute.
const deniedAlone = 10

// note leaves the audit row of a 401 or a 403. It names the route, never the path or the query, which may hold a secret. That it
// cannot be left does not turn a refusal into anything else.
func (c *call) note(status int, err error) {
	if errors.Is(err, errNoted) || status != http.StatusUnauthorized && status != http.StatusForbidden {
		return
	}
	by, route := c.from, c.row.Method+" "+c.row.Path
	r := store.Refusal{Section: store.SectionAuthentication, Reason: reasonOf(err)}
	r.Details = []store.UserAuditDetail{store.Detail("Reason", "", r.Reason), store.Detail("Route", "", route)}
	switch {
	case status == http.StatusForbidden:
		r = store.Refusal{Section: store.SectionAuthorization, Reason: route, Alone: deniedAlone}
		r.Details = []store.UserAuditDetail{store.Detail("Route", "", route), store.Detail("Refused", "", err)}
		if c.by != nil && c.by.claims != nil {
			by = c.by.actor(by)
		}
	case c.by != nil && c.by.token != nil:
		by.UserName = c.by.token.Name
	}
	if err := store.NoteRefusal(c.Request.Context(), c.door.DB, by, r); err != nil {
		c.door.Log.Log(c.Request.Context(), c.level(err), "audit a refusal", "route", route, "error", err)
	}
}

// reasonOf says why a caller is not authenticated, as the audit has it.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, errNoCredential):
		return "no credential"
	case errors.Is(err, authz.ErrCredential):
		return "unreadable credential"
	case errors.Is(err, authz.ErrToken):
		return "invalid token"
	}
	return "the session is over, or not for this address"
}
