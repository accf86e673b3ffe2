// Package metaaccess speaks the groups API of OPSWAT MetaAccess: its groups of devices are the store's Workgroups, their
// devices the assets, their policies the EPM policies. The structs with json tags are what the vendor's callers see.
package metaaccess

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// Name is the door as audits and tokens name it.
const Name = "metaaccess"

// Base is the path below which the API lives, the vendor's own: the version is a part of the paths, since the sign-in has
// none.
const Base = "/o"

// New returns the dialect with its whole table. requests is how many a user has in any minute; 0 is as many as they like.
func New(requests int) *api.Dialect {
	d := &api.Dialect{
		Name: Name, Title: "OPSWAT MetaAccess: groups", Version: "v3", Base: Base,
		Credential: credential,
		Schemes: []api.Scheme{
			{Name: "AccessToken", In: "query", Parameter: "access_token", Description: "The access_token that oauth/token answers with."},
			{Name: "Bearer", In: "header", Parameter: "Authorization", Description: "The same, with the word Bearer before it."},
		},
		Error:  describe,
		Routes: slices.Concat(authentication, groups),
	}
	if requests > 0 {
		d.Meter = func(ctx context.Context, db *store.DB, userID int) (http.Header, error) {
			return meter(ctx, db, userID, requests)
		}
	}
	return d
}

// credential finds the token in the URL, whatever the letter case of its name, or else behind the word Bearer.
func credential(r *http.Request) (c authz.Credential, err error) {
	query, err := api.Query(r)
	if err != nil {
		return c, err
	}
	if c.Token = query["access_token"]; c.Token != "" {
		return c, nil
	}
	value := strings.TrimSpace(r.Header.Get("Authorization"))
	scheme, token, _ := strings.Cut(value, " ")
	if value != "" && !strings.EqualFold(scheme, "Bearer") {
		return c, authz.ErrCredential
	}
	c.Token = strings.TrimSpace(token)
	return c, nil
}

// failure is what is wrong with a request.
type failure struct {
	Error string `json:"error" example:"limit: 1 to 50 is expected"` // A sentence for people.
	Code  int    `json:"code" example:"406"`                         // The status of the answer.
}

// describe is how the door spells an error.
func describe(status int, err error) any { return failure{err.Error(), status} }

// window is how long a request counts against the limit.
const window = time.Minute

// meter counts a request of a user. What is left of their requests stands in every answer to them.
func meter(ctx context.Context, db *store.DB, userID, requests int) (http.Header, error) {
	a, err := store.CountRequest(ctx, db, userID, requests, window)
	if errors.Is(err, store.ErrNoSpace) {
		return nil, nil // requests cannot be counted on a full disk, and reads go on
	}
	if err != nil {
		return nil, err
	}
	seconds := strconv.Itoa(int((a.Reset + time.Second - 1) / time.Second)) // rounded up: then it is surely time
	header := http.Header{}
	header.Set("X-RateLimit-Limit", strconv.Itoa(a.Limit))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(a.Remaining))
	header.Set("X-RateLimit-Reset-Time", seconds)
	if a.Allowed {
		return header, nil
	}
	header.Set("Retry-After", seconds)
	return header, fmt.Errorf("%w: %d in any minute are allowed, the next one in %s s", api.ErrTooMany, requests, seconds)
}
