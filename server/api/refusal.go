package api

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// Why a caller is not authenticated, besides what packages authz and store say.
var (
	errNoCredential = authz.Refuse(store.ErrSignIn, authz.NoCredential)
	errNoted        = errors.New("the store has audited it")
)

// noted marks the error of a sign-in that the store has checked, and audited if it was refused.
func noted(err error) error {
	if errors.Is(err, store.ErrRefused) {
		return fmt.Errorf("%w: %w", err, errNoted)
	}
	return err
}

// deniedAlone is how many refusals of one row to one user have an audit row each in a minute.
const deniedAlone = 10

// note leaves the audit row of a 401 or a 403. It names the route, never the path or the query, which may hold a secret. That it
// cannot be left does not turn a refusal into anything else.
func (c *call) note(status int, err error) {
	if errors.Is(err, errNoted) || status != http.StatusUnauthorized && status != http.StatusForbidden {
		return
	}
	by, route, reason := c.from, c.row.Method+" "+c.row.Path, c.outcome.Reason
	r := store.Refusal{Section: record.SectionAuthentication, Reason: string(reason), Weak: store.IsWeak(reason)}
	r.Details = []store.UserAuditDetail{record.Detail("Reason", "", reason), record.Detail("Route", "", route)}
	switch {
	case status == http.StatusForbidden:
		r.Section, r.Reason, r.Alone = store.SectionAuthorization, route, deniedAlone
		r.Details = append(r.Details, record.Detail("Refused", "", err))
		if c.by != nil && c.by.claims != nil {
			by = c.by.actor(by)
		}
	case c.by != nil && c.by.token != nil:
		by.UserName = c.by.token.Name
	}
	if err := store.NoteRefusal(c.Request.Context(), c.api.DB, by, r); err != nil {
		c.api.Log.Log(c.Request.Context(), c.level(err), "audit a refusal", "route", route, "error", err)
	}
}

// ClientSession is store.ClientSession for a row that is open: with the caller's word of who they are, and why they are refused,
// in the access log.
func ClientSession(ctx context.Context, c Caller, clientID, secret string, atMost time.Duration) (token string, s *store.Session, err error) {
	c.outcome.says(clientID)
	token, s, err = store.ClientSession(ctx, c.DB, c.By, clientID, secret, atMost)
	if err != nil {
		c.outcome.refuse(err)
	}
	return token, s, noted(err)
}

// ClientToken is ClientSession for a token that lives as long as the API registration says.
func ClientToken(ctx context.Context, c Caller, clientID, secret string) (token string, lifetime time.Duration, err error) {
	token, s, err := ClientSession(ctx, c, clientID, secret, math.MaxInt64)
	if err != nil {
		return "", 0, err
	}
	return token, s.Expires.Sub(s.Created), nil
}
