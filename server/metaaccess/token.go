package metaaccess

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

var authentication = []api.Route{
	api.Do(http.MethodPost, "oauth/token", authz.Anyone, "Returns an access token for an application's id and secret.", postToken).Form().RefusesWith(tokenAnswer{}, http.StatusBadRequest, http.StatusUnauthorized).Open().Named("createToken").FillIn("the ClientID and the ClientSecret that the first start printed"),
	api.Do(http.MethodGet, "oauth/token", authz.Anyone, "Returns an access token for an application's id and secret.", getToken).RefusesWith(tokenAnswer{}, http.StatusBadRequest, http.StatusUnauthorized).Open().Named("getToken").FillIn("the ClientID and the ClientSecret that the first start printed"),
}

// tokenQuery is a request for a token by its query.
type tokenQuery struct {
	GrantType    string `form:"grant_type" example:"client_credentials" enums:"client_credentials"`     // How the token is asked for: client_credentials.
	ClientID     string `form:"client_id" example:"6c1f4a0e-3d52-4b1b-9a3e-2f7d5c9b0e11"`               // ClientID of an Application user. The first start prints one; put it here.
	ClientSecret string `form:"client_secret" example:"the-client-secret-that-the-first-start-printed"` // ClientSecret of the Application user.
}

// tokenRequest is one by its form. Clients that send a form with nothing in it mean their query.
type tokenRequest struct {
	tokenQuery
	Body tokenFields
}

type tokenFields struct {
	GrantType    string `json:"grant_type" example:"client_credentials" enums:"client_credentials"`     // How the token is asked for: client_credentials.
	ClientID     string `json:"client_id" example:"6c1f4a0e-3d52-4b1b-9a3e-2f7d5c9b0e11"`               // ClientID of an Application user. The first start prints one; put it here.
	ClientSecret string `json:"client_secret" example:"the-client-secret-that-the-first-start-printed"` // ClientSecret of the Application user.
}

// tokenAnswer is the answer of OAuth 2.0, for success and for failure.
type tokenAnswer struct {
	AccessToken      string `json:"access_token,omitempty" example:"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"`                     // The token, for the Authorization header of other operations.
	TokenType        string `json:"token_type,omitempty" example:"Bearer"`                                                                  // What stands before the token in an Authorization header.
	ExpiresIn        int    `json:"expires_in,omitempty" example:"3600"`                                                                    // Seconds that the token is valid.
	Error            string `json:"error,omitempty" example:"invalid_client" enums:"invalid_client,invalid_request,unsupported_grant_type"` // invalid_client, invalid_request or unsupported_grant_type.
	ErrorDescription string `json:"error_description,omitempty" example:"the client_id or the client_secret is wrong"`                      // A sentence for people.
}

func postToken(ctx context.Context, c api.Caller, in tokenRequest) (api.Reply[tokenAnswer], error) {
	return token(ctx, c, tokenQuery{
		cmp.Or(in.Body.GrantType, in.GrantType), cmp.Or(in.Body.ClientID, in.ClientID), cmp.Or(in.Body.ClientSecret, in.ClientSecret),
	})
}

func getToken(ctx context.Context, c api.Caller, in tokenQuery) (api.Reply[tokenAnswer], error) {
	return token(ctx, c, in)
}

func token(ctx context.Context, c api.Caller, in tokenQuery) (api.Reply[tokenAnswer], error) {
	client, err := c.Client(in.ClientID, in.ClientSecret)
	switch {
	case err != nil:
		return refused(http.StatusBadRequest, "invalid_request", err.Error()), nil
	case in.GrantType == "" || client.ID == "" || client.Secret == "":
		return refused(http.StatusBadRequest, "invalid_request", "grant_type, client_id and client_secret are required"), nil
	case in.GrantType != "client_credentials":
		return refused(http.StatusBadRequest, "unsupported_grant_type", "grant_type: client_credentials is expected"), nil
	}
	text, lifetime, err := api.ClientToken(ctx, c, client.ID, client.Secret)
	if errors.Is(err, store.ErrSignIn) {
		r := refused(http.StatusUnauthorized, "invalid_client", "the client_id or the client_secret is wrong")
		if c.IsBasic() {
			r.Header = http.Header{"Www-Authenticate": {api.Challenge}}
		}
		return r, nil
	}
	return api.Reply[tokenAnswer]{Body: tokenAnswer{AccessToken: text, TokenType: "bearer", ExpiresIn: int(lifetime / time.Second)}}, err
}

func refused(status int, code, description string) api.Reply[tokenAnswer] {
	return api.Reply[tokenAnswer]{Status: status, Body: tokenAnswer{Error: code, ErrorDescription: description}}
}
