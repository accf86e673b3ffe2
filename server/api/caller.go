package api

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
)

// identity is who a request says it comes from: a token that was parsed, or another credential that was checked.
// Whether it still counts, and for what, is read in the transaction of the request.
type identity struct {
	token    *authz.Claims
	signedIn *store.SignedIn
	forget   func() // of a credential that may not be remembered any longer

	claims  *authz.Claims
	session *store.Session // without an ID: not stored
}

func (i *identity) resume(tx *store.Tx) (err error) {
	if i.token != nil {
		i.claims, i.session, err = store.Resume(tx, i.token)
	} else {
		i.claims, i.session, err = i.signedIn.Resume(tx)
		if errors.Is(err, store.ErrSignIn) {
			i.forget()
		}
	}
	return err
}

func (i *identity) actor(by store.Actor) store.Actor {
	by.UserID, by.UserName = i.claims.UserID(), i.claims.Name
	by.Admin, by.Groups, by.Registration = i.claims.Admin, i.claims.Groups, i.session.Registration
	by.Session = i.session
	return by
}

// identify finds who calls. A token that is no good gives way to a PS-Auth header that came with it.
func (d *door) identify(ctx context.Context, r *http.Request, from store.Actor, open bool) (*identity, error) {
	if open {
		return nil, nil
	}
	credential, err := d.Credential(r)
	if err != nil {
		return nil, err
	}
	if credential.Token != "" {
		claims, err := d.DB.ParseToken(credential.Token, d.Name)
		if err == nil && credential.PSAuth != nil {
			err = d.lives(ctx, claims, from)
		}
		if err == nil || credential.PSAuth == nil {
			return &identity{token: claims}, err
		}
	}
	switch {
	case credential.PSAuth != nil:
		return d.checkPSAuth(ctx, *credential.PSAuth, from)
	case credential.Client != nil:
		return d.checkClient(ctx, *credential.Client, from)
	}
	return nil, errNoCredential
}

// lives returns an error unless the session behind a token still counts: a client that keeps its cookie and sends its
// PS-Auth header too goes on by the header when the session is over.
func (d *door) lives(ctx context.Context, claims *authz.Claims, from store.Actor) error {
	_, err := store.View(ctx, d.DB, from, func(tx *store.Tx) (*store.Session, error) {
		_, session, err := store.Resume(tx, claims)
		return session, err
	})
	return err
}

// passes remembers credentials that were checked a moment ago, so that clients that send one with every request
// neither pay for a password hash nor leave an audit row each time. What is kept is no secret: an HMAC under a key of this process.
type passes struct {
	secret []byte
	mu     sync.Mutex
	until  map[[sha256.Size]byte]pass
}

type pass struct {
	in  *store.SignedIn
	end time.Time
}

const (
	passLifetime = time.Minute
	maxPasses    = 10_000
)

func newPasses() *passes {
	secret := make([]byte, sha256.Size)
	rand.Read(secret)
	return &passes{secret: secret, until: map[[sha256.Size]byte]pass{}}
}

func (p *passes) sum(from store.Actor, parts ...string) (sum [sha256.Size]byte) {
	mac := hmac.New(sha256.New, p.secret)
	for _, part := range append(parts, from.IPAddress, from.Proxy) {
		mac.Write([]byte(part))
		mac.Write([]byte{0})
	}
	return [sha256.Size]byte(mac.Sum(nil))
}

func (p *passes) get(sum [sha256.Size]byte, now time.Time) *store.SignedIn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known, ok := p.until[sum]; ok && now.Before(known.end) {
		return known.in
	}
	return nil
}

func (p *passes) put(sum [sha256.Size]byte, in *store.SignedIn, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.until) >= maxPasses {
		clear(p.until)
	}
	p.until[sum] = pass{in, now.Add(passLifetime)}
}

// forget is for a credential that is worth nothing any more, or not what it was: the next request checks it afresh.
func (p *passes) forget(sum [sha256.Size]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.until, sum)
}

// checkPSAuth checks a PS-Auth credential, or remembers that it did.
func (d *door) checkPSAuth(ctx context.Context, c authz.PSAuth, by store.Actor) (*identity, error) {
	sum := d.known.sum(by, "PS-Auth", c.Key, c.RunAs, strconv.FormatBool(c.HasPassword), c.Password)
	return d.checked(ctx, by, sum, func() (*store.SignedIn, error) { return store.CheckPSAuth(ctx, d.DB, by, c, d.AskDirectory) })
}

// checkClient checks a ClientID and ClientSecret, or remembers that it did.
func (d *door) checkClient(ctx context.Context, c authz.Client, by store.Actor) (*identity, error) {
	return d.checked(ctx, by, d.known.sum(by, "client", c.ID, c.Secret), func() (*store.SignedIn, error) {
		in, _, err := store.CheckClient(ctx, d.DB, by, c.ID, c.Secret)
		return in, err
	})
}

// checked is a sign-in that is remembered or, if it is not, made and remembered from here on.
func (d *door) checked(ctx context.Context, by store.Actor, sum [sha256.Size]byte, check func() (*store.SignedIn, error)) (*identity, error) {
	now := d.DB.Now()
	forget := func() { d.known.forget(sum) }
	if in := d.known.get(sum, now); in != nil {
		return &identity{signedIn: in, forget: forget}, nil
	}
	in, err := check()
	if errors.Is(err, store.ErrSignIn) {
		err = errNoted
	}
	if err != nil {
		return nil, err
	}
	if err := store.NoteLogin(ctx, d.DB, by, in); err != nil {
		return nil, err
	}
	d.known.put(sum, in, now)
	return &identity{signedIn: in, forget: forget}, nil
}
