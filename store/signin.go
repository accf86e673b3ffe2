package store

import (
	"cmp"
	"context"
	"errors"
	"math"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// The ways to sign in, as LastLoginAuthenticationType shows them.
const (
	methodKey    = "API Key"
	methodClient = "OAuth Client Credentials"
	methodHost   = "Host"
)

// attempt is what the store knows of a sign-in before its secret is checked. Nothing in it is an answer yet: a
// missing user, key or right is only remembered, so that every refusal takes the same steps.
type candidate struct {
	account      string       // what its failure counts against
	rights       *Rights      // nil: nobody who may sign in
	nobody       authz.Reason // why rights is nil
	registration *ApiRegistration
	keyVersion   int
	secret       UserSecret
	allowed      bool         // all but the secret itself
	reason       authz.Reason // why not
}

// decide is what an attempt comes to once its secret was compared; wrong is the reason if that was all.
func (a *candidate) decide(right bool, wrong authz.Reason) error {
	switch {
	case !a.allowed:
		return authz.Refuse(ErrRefused, a.reason)
	case !right:
		return authz.Refuse(ErrRefused, wrong)
	}
	return nil
}

// AskDirectory reports whether a password is that of a user who comes from a directory. Its error means that it cannot be
// said now.
type AskDirectory func(ctx context.Context, u *User, password string) (right bool, err error)

// CheckPSAuth checks a PS-Auth credential: an API key, a user and, if the registration of the key requires it, the user's
// password; otherwise a password is ignored. Every refusal is ErrRefused, not before the time that the check of a password
// takes; authz.ErrTooMany means that it could not be checked now, and so does an error of ask, which checks the passwords of
// those whose password is not here; nil refuses them. A refusal is audited with its reason and counts towards a lockout.
func CheckPSAuth(ctx context.Context, db *DB, by Actor, c authz.PSAuth, ask AskDirectory) (*SignedIn, error) {
	t := db.newAttempt(by, c.RunAs, methodKey)
	a, err := View(ctx, db, by, func(tx *Tx) (*candidate, error) { return findByKey(tx, c) })
	if err != nil {
		return nil, err
	}
	err = t.run(ctx, a.account, func() error {
		if a.registration != nil && !a.registration.UserPasswordRequired || a.registration == nil && !c.HasPassword {
			return a.decide(true, "")
		}
		right, err := t.checkPassword(ctx, a, c.Password, ask)
		if record.Ignore(authz.ErrPassword, err) != nil {
			return err
		}
		if !c.HasPassword {
			return a.decide(false, authz.MissingPassword)
		}
		return a.decide(right, authz.WrongPassword)
	})
	if err != nil {
		return nil, err
	}
	return a.signedIn(methodKey), nil
}

// checkPassword checks a password. A directory is asked only for who may sign in otherwise: without a right key, nobody tries
// passwords there, or locks an account.
func (t *attempt) checkPassword(ctx context.Context, a *candidate, password string, ask AskDirectory) (bool, error) {
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

func (a *candidate) signedIn(method string) *SignedIn {
	return &SignedIn{Rights: a.rights, Method: method, session: Session{
		UserID: a.rights.User.UserID, RegistrationID: a.registration.Id, Registration: a.registration.Name,
		SecretVersion: a.secret.Version, KeyVersion: a.keyVersion,
	}}
}

// findByKey looks up the registration of a key and the user that it is to run as.
func findByKey(tx *Tx, c authz.PSAuth) (*candidate, error) {
	a := &candidate{}
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
	if errors.Is(err, ErrNotFound) {
		a.nobody, err = authz.UnknownUser, nil
	} else if err == nil {
		err = a.found(tx, user)
	}
	if err != nil {
		return nil, err
	}
	a.reason, err = a.byKey(tx)
	a.allowed = err == nil && a.reason == ""
	return a, err
}

// byKey returns why an attempt with a key is refused whatever its password is, nothing if the password decides.
func (a *candidate) byKey(tx *Tx) (authz.Reason, error) {
	switch {
	case a.registration == nil:
		return authz.UnknownKey, nil
	case a.rights == nil:
		return a.nobody, nil
	case !a.registration.Active:
		return authz.InactiveRegistration, nil
	case !a.registration.Admits(tx.By):
		return authz.AddressRule, nil
	}
	may, err := a.rights.MayUse(tx, a.registration.Id)
	if err != nil || may {
		return "", err
	}
	return authz.UnlistedRegistration, nil
}

// found adds a user, the user's secrets and, for one who may sign in at all, the rights.
func (a *candidate) found(tx *Tx, user *User) error {
	secret, err := secretOf(tx, user.UserID)
	if err != nil {
		return err
	}
	a.secret = *secret
	a.rights, err = RightsOf(tx, user.UserID)
	a.nobody = authz.ReasonOf(err)
	return record.Ignore(ErrSignIn, err)
}

// CheckClient checks an Application user's ClientID and ClientSecret. Every refusal is ErrRefused, as that of CheckPSAuth. lifetime is how
// long a token may live: the shortest AccessTokenDuration of the ApiAccessPolicies that the user may use.
func CheckClient(ctx context.Context, db *DB, by Actor, clientID, secret string) (in *SignedIn, lifetime time.Duration, err error) {
	t := db.newAttempt(by, clientID, methodClient)
	a, err := View(ctx, db, by, func(tx *Tx) (*candidate, error) { return findByClient(tx, clientID) })
	if err != nil {
		return nil, 0, err
	}
	err = t.run(ctx, a.account, func() error {
		return a.decide(authz.CheckClientSecret(a.secret.Client, secret), authz.WrongClientSecret)
	})
	if err != nil {
		return nil, 0, err
	}
	return a.signedIn(methodClient), time.Duration(a.registration.AccessTokenDuration) * time.Minute, nil
}

func findByClient(tx *Tx, clientID string) (*candidate, error) {
	a := &candidate{reason: authz.UnknownClient}
	user, err := UserByClientID(tx, clientID)
	a.account = accountKey(user, clientID)
	if err != nil {
		return a, record.Ignore(ErrNotFound, err)
	}
	if err := a.found(tx, user); err != nil || a.rights == nil {
		a.reason = a.nobody
		return a, err
	}
	return a, a.byPolicy(tx)
}

// byPolicy finds the shortest of the API access policies that let an attempt in, or the reason why none does.
func (a *candidate) byPolicy(tx *Tx) error {
	a.reason = authz.NoAccessPolicy
	for r, err := range ApiRegistrations.All(tx) {
		if err != nil {
			return err
		}
		if r.RegistrationType != ApiAccessPolicy || !r.Active {
			continue
		}
		may, err := a.rights.MayUse(tx, r.Id)
		switch {
		case err != nil:
			return err
		case !may:
		case !r.Admits(tx.By):
			a.reason = authz.AddressRule
		case a.registration == nil || r.AccessTokenDuration < a.registration.AccessTokenDuration:
			a.registration, a.allowed = r, true
		}
	}
	return nil
}

// ClientToken checks a ClientID and ClientSecret and begins a session for them, whose token it returns.
func ClientToken(ctx context.Context, db *DB, by Actor, clientID, secret string) (token string, lifetime time.Duration, err error) {
	token, s, err := ClientSession(ctx, db, by, clientID, secret, math.MaxInt64)
	if err != nil {
		return "", 0, err
	}
	return token, s.Expires.Sub(s.Created), nil
}

// ClientSession is ClientToken for a door whose sessions last that long at most.
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
		return nil, record.Error(ErrDenied, "User %q is inactive or quarantined", name)
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
