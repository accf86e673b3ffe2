package api

import (
	"cmp"
	"context"
	"errors"
	"strconv"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
)

// identity is who a request says it comes from: a token that was parsed, or another credential that was checked.
// Whether it still counts, and for what, is read in the transaction of the request.
type identity struct {
	token    *authz.Claims
	signedIn *store.SignedIn
	forget   func() // of a credential that may not be remembered any longer

	cookie *authz.Claims // of the session that the request's cookie carries; nil: none
	beside bool          // a cookie came, and another credential counts

	claims  *authz.Claims
	session *store.Session // without an ID: not stored
}

// resume finds out who calls and what they may do, in a transaction.
func (c *call) resume(tx *store.Tx) error {
	err := c.by.resume(tx)
	if err == nil {
		c.outcome.User = c.by.claims.Name
	}
	return err
}

func (i *identity) resume(tx *store.Tx) (err error) {
	if i.token != nil {
		i.claims, i.session, err = store.Resume(tx, i.token)
		return err
	}
	i.claims, i.session, err = i.signedIn.Resume(tx)
	if errors.Is(err, store.ErrSignIn) {
		i.forget()
		err = authz.Refuse(store.ErrRefused, authz.ReasonOf(err))
	}
	return err
}

func (i *identity) actor(by store.Actor) store.Actor {
	by.UserID, by.UserName = i.claims.UserID(), i.claims.Name
	by.Admin, by.Groups, by.Registration = i.claims.Admin, i.claims.Groups, i.session.Registration
	by.Session, by.SignsOut = i.session, i.session.ID
	switch {
	case i.cookie != nil:
		by.SignsOut = i.cookie.ID
	case i.beside:
		by.SignsOut = ""
	}
	return by
}

// identify finds who calls. A header decides wherever there is one; a cookie that agrees with a PS-Auth header saves its check.
func (c *call) identify(ctx context.Context) (*identity, error) {
	if c.row.open {
		return nil, nil
	}
	credential, err := c.api.Credential(c.Request)
	if err != nil {
		return nil, err
	}
	by := &identity{beside: credential.Cookie != "" && (credential.Token != "" || credential.PSAuth != nil)}
	if by.beside {
		by.cookie, _ = c.api.DB.ParseToken(credential.Cookie, c.api.Name) // one that is no good carries no session
	}
	switch {
	case credential.PSAuth != nil:
		c.outcome.says(credential.PSAuth.RunAs)
		return by, c.api.byPSAuth(ctx, by, *credential.PSAuth, c.from)
	case credential.Client != nil:
		c.outcome.says(credential.Client.ID)
		return by, c.api.byClient(ctx, by, *credential.Client, c.from)
	}
	token := cmp.Or(credential.Token, credential.Cookie)
	if token == "" {
		return nil, errNoCredential
	}
	if by.token, err = c.api.DB.ParseToken(token, c.api.Name); err != nil {
		return nil, err
	}
	c.outcome.says(by.token.Name)
	return by, nil
}

// byPSAuth checks a PS-Auth credential, or remembers that it did. If the cookie beside it carries a session of the same sign-in,
// that goes on.
func (d *mountedAPI) byPSAuth(ctx context.Context, by *identity, c authz.PSAuth, from store.Actor) error {
	sum := d.known.sum(from, "PS-Auth", c.Key, c.RunAs, strconv.FormatBool(c.HasPassword), c.Password)
	session, err := d.cookieSession(ctx, by.cookie, from)
	if err != nil {
		return err
	}
	if session != nil && d.known.agrees(session.ID, sum) {
		by.token = by.cookie
		return nil
	}
	check := func() (*store.SignedIn, error) { return store.CheckPSAuth(ctx, d.DB, from, c, d.AskDirectory) }
	if err := d.checked(ctx, by, from, sum, check); err != nil {
		return err
	}
	if session != nil && by.signedIn.Began(session) {
		d.known.agree(session.ID, sum)
		by.token = by.cookie
	}
	return nil
}

// cookieSession is the session that a cookie carries, nil if there is none that still counts.
func (d *mountedAPI) cookieSession(ctx context.Context, cookie *authz.Claims, from store.Actor) (*store.Session, error) {
	if cookie == nil {
		return nil, nil
	}
	session, err := store.View(ctx, d.DB, from, func(tx *store.Tx) (*store.Session, error) {
		_, session, err := store.Resume(tx, cookie)
		return session, err
	})
	if errors.Is(err, store.ErrSignIn) {
		return nil, nil
	}
	return session, err
}

// byClient checks a ClientID and ClientSecret, or remembers that it did.
func (d *mountedAPI) byClient(ctx context.Context, by *identity, c authz.Client, from store.Actor) error {
	return d.checked(ctx, by, from, d.known.sum(from, "client", c.ID, c.Secret), func() (*store.SignedIn, error) {
		in, _, err := store.CheckClient(ctx, d.DB, from, c.ID, c.Secret)
		return in, err
	})
}

// checked is a sign-in that is remembered or, if it is not, made and remembered from here on.
func (d *mountedAPI) checked(ctx context.Context, by *identity, from store.Actor, sum credentialSum, check func() (*store.SignedIn, error)) (err error) {
	now := d.DB.Now()
	by.forget = func() { d.known.forget(sum) }
	if by.signedIn = d.known.get(sum, now); by.signedIn != nil {
		return nil
	}
	if by.signedIn, err = check(); err != nil {
		return noted(err)
	}
	if err := store.NoteLogin(ctx, d.DB, from, by.signedIn); err != nil {
		return err
	}
	d.known.put(sum, by.signedIn, now)
	return nil
}
