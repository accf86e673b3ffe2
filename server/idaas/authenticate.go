package idaas

import (
	"context"
	"net/http"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

var authentication = []api.Route{
	api.Do(http.MethodPost, "v1/adminapi/authenticate", authz.Anyone, "Returns a token for an application's id and secret.", authenticate).Open().Named("authenticateUsingPOST").Refuses(http.StatusUnauthorized),
}

// tokenLifetime bounds the tokens of this door, as the vendor's do; an API registration may say less.
const tokenLifetime = 15 * time.Minute

type authenticateRequest struct{ Body authenticateFields }

type authenticateFields struct {
	ApplicationID string `json:"applicationId" binding:"required"` // ClientID of an Application user.
	SharedSecret  string `json:"sharedSecret" binding:"required"`  // ClientSecret of the Application user.
}

// authenticated is a token and how long it counts.
type authenticated struct {
	AuthToken      string     `json:"authToken"`      // For the Authorization header of the other operations.
	CreationTime   store.Time `json:"creationTime"`   // When it was made.
	ExpirationTime store.Time `json:"expirationTime"` // When it ends: after 15 minutes at the most.
}

func authenticate(ctx context.Context, c api.Caller, in authenticateRequest) (a authenticated, err error) {
	text, session, err := store.ClientSession(ctx, c.DB, c.By, in.Body.ApplicationID, in.Body.SharedSecret, tokenLifetime)
	if err != nil {
		return a, err
	}
	return authenticated{text, session.Created.InSeconds(), session.Expires.InSeconds()}, nil
}
