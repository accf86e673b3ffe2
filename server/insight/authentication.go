package insight

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// authentication are the rows by which clients sign in. The documents have none of them.
func authentication() []api.Route {
	return []api.Route{
		api.POST("Auth/SignAppin", authz.Anyone, "Signs in with a PS-Auth or Bearer header and begins a session that a cookie carries.", signAppin).Answers(200).Named("signIn"),
		api.Do("POST", "Auth/Signout", authz.Anyone, "Ends the session.", signout).Named("signOut"),
		api.GET("Auth", authz.Anyone, "Returns who is signed in.", whoIsSignedIn).Named("getSignedInUser"),
		api.Do("POST", "Auth/connect/token", authz.Anyone, "Returns a Bearer token for an Application user's ClientID and ClientSecret.", token).Form().RefusesWith(tokenAnswer{}, http.StatusBadRequest, http.StatusUnauthorized).Open().Named("createToken").FillIn("the ClientID and the ClientSecret that the first start printed"),
	}
}

// signedInUser is the vendor's answer to a sign-in.
type signedInUser struct {
	UserId       int        `example:"1"`                                            // ID of the user.
	SID          store.Text `example:"S-1-5-21-1004336348-1177238915-682003330-512"` // Security identifier of a directory user.
	EmailAddress string     `example:"administrator@lab.example"`                    // Email address of the user.
	UserName     string     `example:"administrator"`                                // Name that the user signs in with.
	Name         string     `example:"Lab Administrator"`                            // First and last name.
}

func describe(u *store.User) signedInUser {
	return signedInUser{UserId: u.UserID, EmailAddress: string(u.EmailAddress), UserName: u.UserName, Name: u.FullName()}
}

func signAppin(tx *store.Tx, _ api.None) (r api.Reply[signedInUser], err error) {
	in, err := store.SignedInBy(tx)
	if err != nil {
		return r, err
	}
	token, _, err := store.NewSession(tx, in, Name, store.CookieLifetime, store.CookieIdle)
	if err != nil {
		return r, err
	}
	cookie := http.Cookie{Name: sessionCookie, Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode}
	r.Header = http.Header{"Set-Cookie": {cookie.String()}}
	r.Body = describe(in.Rights.User)
	return r, nil
}

// signout ends the session, on a full disk as well: then it is noted later.
func signout(ctx context.Context, c api.Caller, _ api.None) (r api.Reply[api.None], err error) {
	gone := http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode}
	r.Header = http.Header{"Set-Cookie": {gone.String()}}
	_, err = api.Update(ctx, c, func(tx *store.Tx) (api.None, error) { return api.None{}, store.SignOut(tx) })
	return r, store.SignOutLater(c.DB, c.By, err)
}

func whoIsSignedIn(tx *store.Tx, _ api.None) (signedInUser, error) {
	u, err := store.Users.Get(tx, tx.By.UserID)
	if err != nil {
		return signedInUser{}, err
	}
	return describe(u), nil
}

type tokenRequest struct{ Body tokenFields }

type tokenFields struct {
	Grant_type    string `json:"grant_type" example:"client_credentials" enums:"client_credentials"`     // How the token is asked for: client_credentials.
	Client_id     string `json:"client_id" example:"6c1f4a0e-3d52-4b1b-9a3e-2f7d5c9b0e11"`               // ClientID of an Application user. The first start prints one; put it here.
	Client_secret string `json:"client_secret" example:"the-client-secret-that-the-first-start-printed"` // ClientSecret of the Application user.
}

// tokenAnswer is the answer of OAuth 2.0, which spells its members its own way.
type tokenAnswer struct {
	AccessToken string `json:"access_token,omitempty" example:"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"`                     // The token, for the Authorization header of other operations.
	ExpiresIn   int    `json:"expires_in,omitempty" example:"3600"`                                                                    // Seconds that the token is valid.
	TokenType   string `json:"token_type,omitempty" example:"Bearer"`                                                                  // What stands before the token in an Authorization header.
	Scope       string `json:"scope,omitempty" example:"publicapi"`                                                                    // What the token is for.
	Error       string `json:"error,omitempty" example:"invalid_client" enums:"invalid_client,invalid_request,unsupported_grant_type"` // invalid_client, invalid_request or unsupported_grant_type.

	ErrorDescription string `json:"error_description,omitempty" example:"the client_id or the client_secret is wrong"` // A sentence for people.
}

func token(ctx context.Context, c api.Caller, in tokenRequest) (r api.Reply[tokenAnswer], err error) {
	r.Header = http.Header{"Cache-Control": {"no-store"}}
	b := in.Body
	client, err := c.Client(b.Client_id, b.Client_secret)
	switch {
	case err != nil || b.Grant_type == "" || client.ID == "" || client.Secret == "":
		r.Status, r.Body.Error, r.Body.ErrorDescription = http.StatusBadRequest, "invalid_request", "grant_type, client_id and client_secret are required"
		if err != nil {
			r.Body.ErrorDescription = err.Error()
		}
		return r, nil
	case b.Grant_type != "client_credentials":
		r.Status, r.Body.Error, r.Body.ErrorDescription = http.StatusBadRequest, "unsupported_grant_type", "grant_type: client_credentials is expected"
		return r, nil
	}
	text, lifetime, err := api.ClientToken(ctx, c, client.ID, client.Secret)
	if errors.Is(err, store.ErrSignIn) {
		if c.IsBasic() {
			r.Header.Set("WWW-Authenticate", api.Challenge)
		}
		r.Status, r.Body.Error, r.Body.ErrorDescription = http.StatusUnauthorized, "invalid_client", "the client_id or the client_secret is wrong"
		return r, nil
	}
	r.Body = tokenAnswer{AccessToken: text, ExpiresIn: int(lifetime / time.Second), TokenType: "Bearer", Scope: "publicapi"}
	return r, err
}
