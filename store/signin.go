package store

import (
	"cmp"
	"context"
	"errors"
	"math"
	"time"

	"github.com/musterhq/muster/authz"
)

// The ways to sign in, as LastLoginAuthenticationType shows them.
const (
	methodKey    = "API Key"
	methodClient = "OAuth Client Credentials"
	methodHost   = "Host"
)

// attempt is what the store knows of a sign-in before its secret is checked. Nothing in it is an answer yet: a
// missing user, key or right is only remembered, so that every refusal takes the same steps.
type attempt struct {
	account      string  // what its failure counts against
	rights       *Rights // nil: nobody who may sign in
	registration *ApiRegistration
	keyVersion   int
	secret       UserSecret
	allowed      bool // all but the secret itself
}

// AskDirectory reports whether a password is that of a user who comes from a directory. Its error means that it cannot be
// said now.
type AskDirectory func(ctx context.Context, u *User, password string) (right bool, err error)

// CheckPSAuth checks a PS-Auth credential (an API key, a user, perhaps his password). Every refusal is ErrSignIn,
// after the same work and not before the time that it takes; authz.ErrTooMany means that it could not be checked now, and so
// does an error of ask, which checks the passwords of those whose password is not here; nil refuses them. A refusal is audited and
// counts towards a lockout.
func CheckPSAuth(ctx context.Context, db *DB, by Actor, c authz.PSAuth, ask AskDirectory) (*SignedIn, error) {
	t := db.try(by, c.RunAs, methodKey)
	a, err := View(ctx, db, by, func(tx *Tx) (*attempt, error) { return findByKey(tx, c) })
	if err != nil {
		return nil, err
	}
	err = t.pass(ctx, a.account, func() (bool, error) {
		if !c.HasPassword && (a.registration == nil || !a.registration.UserPasswordRequired) {
			return a.allowed, nil
		}
		right, err := t.checkPassword(ctx, a, c.Password, ask)
		return right && a.allowed, unless(authz.ErrPassword, err)
	})
	if err != nil {
		return nil, err
	}
	return a.signedIn(methodKey), nil
}

// checkPassword checks a password. A directory is asked only for who may sign in otherwise: without a right key, nobody tries
// passwords there, or locks an account.
func (t *try) checkPassword(ctx context.Context, a *attempt, password string, ask AskDirectory) (bool, error) {
	if a.allowed && IsDirectoryType(a.rights.User.UserType) {
		if ask == nil || password == "" || len(password) > authz.MaxPassword {
			return false, nil
		}
		return ask(ctx, a.rights.User, password)
	}
	right, err := t.db.hasher.Check(ctx, cmp.Or(a.secret.Password, t.db.hasher.Decoy()), password)
	t.hashed = err == nil
	return right, err
}

func (a *attempt) signedIn(method string) *SignedIn {
	return &SignedIn{Rights: a.rights, Method: method, session: Session{
		UserID: a.rights.User.UserID, RegistrationID: a.registration.Id, Registration: a.registration.Name,
		SecretVersion: a.secret.Version, KeyVersion: a.keyVersion,
	}}
}

// findByKey looks up the registration of a key and the user that it is to run as.
func findByKey(tx *Tx, c authz.PSAuth) (*attempt, error) {
	a := &attempt{}
	key, err := apiKeyByFingerprint.One(tx, K(tx.Vault().Fingerprint(keyPurpose, authz.FoldAPIKey(c.Key))), "key")
	if err == nil {
		a.keyVersion = key.Version
		a.registration, err = ApiRegistrations.Get(tx, key.Id)
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	user, err := UserByName(tx, c.RunAs)
	a.account = accountKey(user, c.RunAs)
	if err != nil {
		return a, unless(ErrNotFound, err)
	}
	if err := a.found(tx, user); err != nil {
		return nil, err
	}
	if a.rights == nil || a.registration == nil || !a.registration.Active || !a.registration.Admits(tx.By) {
		return a, nil
	}
	a.allowed, err = a.rights.MayUse(tx, a.registration.Id)
	return a, err
}

// found adds a user, his secrets and, if he may sign in at all, his rights.
func (a *attempt) found(tx *Tx, user *User) error {
	secret, err := secretOf(tx, user.UserID)
	if err != nil {
		return err
	}
	a.secret = *secret
	a.rights, err = RightsOf(tx, user.UserID)
	return unless(ErrSignIn, err)
}

// CheckClient checks an Application user's ClientID and ClientSecret. Every refusal is ErrSignIn, as that of CheckPSAuth. lifetime is how
// long a token may live: the shortest AccessTokenDuration of the ApiAccessPolicies that the user may use.
func CheckClient(ctx context.Context, db *DB, by Actor, clientID, secret string) (in *SignedIn, lifetime time.Duration, err error) {
	t := db.try(by, clientID, methodClient)
	a, err := View(ctx, db, by, func(tx *Tx) (*attempt, error) { return findByClient(tx, clientID) })
	if err != nil {
		return nil, 0, err
	}
	err = t.pass(ctx, a.account, func() (bool, error) {
		right := authz.CheckClientSecret(a.secret.Client, secret)
		return right && a.allowed, nil
	})
	if err != nil {
		return nil, 0, err
	}
	return a.signedIn(methodClient), time.Duration(a.registration.AccessTokenDuration) * time.Minute, nil
}

func findByClient(tx *Tx, clientID string) (*attempt, error) {
	a := &attempt{}
	user, err := UserByClientID(tx, clientID)
	a.account = accountKey(user, clientID)
	if err != nil {
		return a, unless(ErrNotFound, err)
	}
	if err := a.found(tx, user); err != nil || a.rights == nil {
		return a, err
	}
	for r, err := range ApiRegistrations.All(tx) {
		if err != nil {
			return nil, err
		}
		if r.RegistrationType != ApiAccessPolicy || !r.Active || !r.Admits(tx.By) {
			continue
		}
		if may, err := a.rights.MayUse(tx, r.Id); err != nil {
			return nil, err
		} else if may && (a.registration == nil || r.AccessTokenDuration < a.registration.AccessTokenDuration) {
			a.registration, a.allowed = r, true
		}
	}
	return a, nil
}

// ClientToken checks a ClientID and ClientSecret and begins a session for them, whose token it returns.
func ClientToken(ctx context.Context, db *DB, by Actor, clientID, secret string) (token string, lifetime time.Duration, err error) {
	token, s, err := ClientSession(ctx, db, by, clientID, secret, math.MaxInt64)
	if err != nil {
		return "", 0, err
	}
	return token, s.Expires.Sub(s.Created), nil
}

// ClientSession is ClientToken for a door whose sessions last that long at the most.
func ClientSession(ctx context.Context, db *DB, by Actor, clientID, secret string, atMost time.Duration) (token string, s *Session, err error) {
	in, lifetime, err := CheckClient(ctx, db, by, clientID, secret)
	if err != nil {
		return "", nil, err
	}
	err = Change(ctx, db, by, func(tx *Tx) error {
		if err := RecordLogin(tx, in); err != nil {
			return err
		}
		var err error
		token, s, err = NewSession(tx, in, by.Door, min(lifetime, atMost), 0)
		return err
	})
	return token, s, err
}

// OnHost signs a user in without a secret: for whoever may open the store's files anyway.
func OnHost(tx *Tx, name string) (*SignedIn, error) {
	user, err := UserByName(tx, name)
	if err != nil {
		return nil, err
	}
	rights, err := RightsOf(tx, user.UserID)
	if errors.Is(err, ErrSignIn) {
		return nil, because(ErrDenied, "User %q is inactive or quarantined", name)
	}
	if err != nil {
		return nil, err
	}
	secret, err := secretOf(tx, user.UserID)
	if err != nil {
		return nil, err
	}
	return &SignedIn{Rights: rights, Method: methodHost, session: Session{UserID: user.UserID, SecretVersion: secret.Version}}, nil
}

// unless returns err but for the given kind.
func unless(kind, err error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}
