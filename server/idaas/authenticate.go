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
	api.Do(http.MethodPost, "v1/adminapi/authenticate", authz.Anyone, "Returns a token for an application's id and secret.", authenticate).Open().Named("authenticateUsingPOST").Refuses(http.StatusUnauthorized).FillIn("the ClientID and the ClientSecret that the first start printed"),
}

// tokenLifetime bounds the tokens of this door, as the vendor's do; an API registration may say less.
const tokenLifetime = 15 * time.Minute

type authenticateRequest struct{ Body authenticateFields }

type authenticateFields struct {
	ApplicationID string `json:"applicationId" binding:"required" example:"6c1f4a0e-3d52-4b1b-9a3e-2f7d5c9b0e11"`          // ClientID of an Application user. The first start prints one; put it here.
	SharedSecret  string `json:"sharedSecret" binding:"required" example:"the-client-secret-that-the-first-start-printed"` // ClientSecret of the Application user.
}

// authenticated is a token and how long it counts.
type authenticated struct {
	AuthToken      string     `json:"authToken" example:"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"` // For the Authorization header of the other operations.
	CreationTime   store.Time `json:"creationTime" example:"2026-05-04T08:15:30Z"`                           // When it was made.
	ExpirationTime store.Time `json:"expirationTime" example:"2026-05-04T08:30:30Z"`                         // When it ends, after 15 minutes at most.
}

func authenticate(ctx context.Context, c api.Caller, in authenticateRequest) (a authenticated, err error) {
	text, session, err := api.ClientSession(ctx, c, in.Body.ApplicationID, in.Body.SharedSecret, tokenLifetime)
	if err != nil {
		return a, err
	}
	return authenticated{text, session.Created.InSeconds(), session.Expires.InSeconds()}, nil
}
