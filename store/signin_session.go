package store

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// Session is a sign-in that still counts. Its token names it; without it, the token is worth nothing.
type Session struct {
	ID             string // the token's jti
	UserID         int
	RegistrationID int    // 0: made on the host with muster token
	Registration   string // its name, for audits
	Door           string
	Idle           time.Duration // after which a session without requests ends; 0: never
	SecretVersion  int           // of the user's secret at sign-in
	KeyVersion     int           // of the registration's key at sign-in, 0: signed in without one
	Created        Time
	Expires        Time
	LastSeen       Time
}

// How long sessions last.
const (
	CookieIdle     = 20 * time.Minute // without a request
	CookieLifetime = 24 * time.Hour   // in any case; the cookie's token is made for it
	seenEvery      = time.Minute      // how exactly LastSeen is kept
)

// SignedIn is a checked sign-in: a session that is not stored yet, and what its user may do.
type SignedIn struct {
	Rights  *Rights
	Method  string // as LastLoginAuthenticationType shows it
	session Session
}

// NewSession begins a session and returns its signed token. lifetime bounds the token; idle, unless it is 0, ends a
// session without requests earlier.
func NewSession(tx *Tx, in *SignedIn, door string, lifetime, idle time.Duration) (token string, s *Session, err error) {
	stored := in.session
	s = &stored
	s.ID, s.Door, s.Idle = uuid.NewString(), door, idle
	s.Created, s.Expires, s.LastSeen = tx.Now, tx.Now.Add(lifetime), tx.Now
	if err = Sessions.Insert(tx, s); err != nil {
		return "", nil, err
	}
	claims := in.Rights.claims(s.RegistrationID)
	claims.RegisteredClaims = jwt.RegisteredClaims{
		Subject: strconv.Itoa(s.UserID), Audience: jwt.ClaimStrings{door}, ID: s.ID,
		IssuedAt: jwt.NewNumericDate(time.Time(tx.Now)), ExpiresAt: jwt.NewNumericDate(time.Time(s.Expires)),
	}
	token, err = dbOf(tx).Keys().Sign(claims)
	return token, s, err
}

// SignedInBy is the sign-in of the actor, from which another session may be made.
func SignedInBy(tx *Tx) (*SignedIn, error) {
	by := tx.By.Session.(*Session)
	rights, err := by.rights(tx)
	if err != nil {
		return nil, err
	}
	return &SignedIn{Rights: rights, session: *by}, nil
}

// RecordLogin notes a sign-in: its audit row and the user's last login.
func RecordLogin(tx *Tx, in *SignedIn) error {
	user := in.Rights.User
	as := *tx
	as.By.UserID, as.By.UserName, as.By.Registration = user.UserID, user.UserName, in.session.Registration
	if err := as.Audit(record.ActionLogin, record.SectionAuthentication, record.Detail("Method", "", in.Method)); err != nil {
		return err
	}
	login := &LastLogin{UserID: user.UserID, Date: tx.Now, AuthenticationType: in.Method}
	known, err := LastLogins.Has(tx, user.UserID)
	if err != nil {
		return err
	}
	if known {
		return LastLogins.Put(tx, login)
	}
	return LastLogins.Insert(tx, login)
}

// Began reports whether a session was begun by the same sign-in: by the user and the API registration.
func (in *SignedIn) Began(s *Session) bool {
	return s.UserID == in.session.UserID && s.RegistrationID == in.session.RegistrationID
}

// claims are what the rights are worth in a token.
func (r *Rights) claims(registrationID int) *authz.Claims {
	return &authz.Claims{
		RegisteredClaims: jwt.RegisteredClaims{Subject: strconv.Itoa(r.User.UserID)},
		Name:             r.User.UserName, Admin: r.Admin, Groups: r.Groups, Grants: r.Grants,
		Epochs: r.Epochs, Registration: registrationID,
	}
}

// Resume checks that the session behind a parsed token still counts and returns what its user may do now: the
// token's own claims if no epoch moved since, else fresh ones. Any reason to refuse is ErrSignIn. All it reads are
// point reads: a transaction that writes runs again if one of them changes before its commit.
func Resume(tx *Tx, token *authz.Claims) (*authz.Claims, *Session, error) {
	session, err := storedSession(tx, token.ID)
	if errors.Is(err, ErrNotFound) || err == nil && (!session.lives(tx.Now, dbOf(tx).lastSeen(session)) || dbOf(tx).isEnded(session.ID)) {
		return nil, nil, authz.Refuse(ErrSignIn, authz.EndedSession)
	}
	if err != nil {
		return nil, nil, err
	}
	now, err := epochs(tx, session.UserID)
	if err != nil {
		return nil, nil, err
	}
	if err := admitted(tx, session.RegistrationID, now); err != nil {
		return nil, nil, err
	}
	if now == token.Epochs {
		return token, session, nil
	}
	if known := dbOf(tx).remember.get(token.ID, now); known != nil {
		return known, session, nil
	}
	rights, err := session.rights(tx)
	if err != nil {
		return nil, nil, err
	}
	claims := rights.claims(session.RegistrationID)
	claims.RegisteredClaims = token.RegisteredClaims
	dbOf(tx).remember.put(token.ID, claims)
	return claims, session, nil
}

// storedSession reads a session, which is shared and must not be changed.
func storedSession(tx *Tx, id string) (*Session, error) {
	raw, err := Sessions.Raw(tx, id)
	if err != nil {
		return nil, err
	}
	return dbOf(tx).sessions.Of(raw, Sessions.Decode)
}

// Resume is the same for a sign-in that has no stored session.
func (in *SignedIn) Resume(tx *Tx) (*authz.Claims, *Session, error) {
	now, err := epochs(tx, in.session.UserID)
	if err != nil {
		return nil, nil, err
	}
	if err := admitted(tx, in.session.RegistrationID, now); err != nil {
		return nil, nil, err
	}
	rights := in.Rights
	if now != rights.Epochs {
		if rights, err = in.session.rights(tx); err != nil {
			return nil, nil, err
		}
	}
	return rights.claims(in.session.RegistrationID), &in.session, nil
}

func (s *Session) lives(now, lastSeen Time) bool {
	return now.Before(s.Expires) && (s.Idle == 0 || now.Sub(lastSeen) < s.Idle)
}

// rights reads again what the session's user may do, ErrSignIn if the session should not go on at all.
func (s *Session) rights(tx *Tx) (*Rights, error) {
	rights, err := RightsOf(tx, s.UserID)
	if err != nil {
		return nil, err
	}
	secret, err := secretOf(tx, s.UserID)
	if err != nil {
		return nil, err
	}
	if secret.Version != s.SecretVersion {
		return nil, authz.Refuse(ErrSignIn, authz.ChangedSecret)
	}
	if s.RegistrationID == 0 {
		return rights, nil
	}
	registration, err := ApiRegistrations.Get(tx, s.RegistrationID)
	if errors.Is(err, ErrNotFound) || err == nil && !registration.Active {
		return nil, authz.Refuse(ErrSignIn, authz.InactiveRegistration)
	}
	if err != nil {
		return nil, err
	}
	if may, err := rights.MayUse(tx, s.RegistrationID); err != nil || !may {
		return nil, cmp.Or(err, authz.Refuse(ErrSignIn, authz.UnlistedRegistration))
	}
	if s.KeyVersion == 0 {
		return rights, nil
	}
	key, err := ApiKeys.Get(tx, s.RegistrationID)
	if errors.Is(err, ErrNotFound) || err == nil && key.Version != s.KeyVersion {
		return nil, authz.Refuse(ErrSignIn, authz.ChangedSecret)
	}
	return rights, err
}

// Touch notes that a session was used, at most once a minute; it is no act and leaves no audit row.
func Touch(ctx context.Context, db *DB, s *Session) error {
	since := record.At(db.Now()).Sub(db.lastSeen(s)) // less than nothing after the clock was set back
	if s.Idle == 0 || 0 <= since && since < seenEvery {
		return nil
	}
	err := Change(ctx, db, System("store"), func(tx *Tx) error {
		current, err := Sessions.Get(tx, s.ID)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		current.LastSeen = tx.Now
		return Sessions.Put(tx, current)
	})
	if errors.Is(err, ErrNoSpace) {
		db.wasSeen(s.ID)
		return nil
	}
	return err
}

// SignOut ends the session that tx.By.SignsOut names and audits it. It does nothing if there is none.
func SignOut(tx *Tx) error {
	if tx.By.SignsOut == "" {
		return nil
	}
	session, err := Sessions.Get(tx, tx.By.SignsOut)
	if err != nil {
		return record.Ignore(ErrNotFound, err)
	}
	var details []UserAuditDetail
	if session.UserID != tx.By.UserID { // whoever has a cookie may end its session
		details = append(details, record.Detail("UserID", session.UserID, ""))
	}
	return cmp.Or(Sessions.Delete(tx, session.ID), tx.Audit(record.ActionLogout, record.SectionAuthentication, details...))
}

// SweepSessions removes sessions past their end, some hundred at a time, and reports how many.
func SweepSessions(ctx context.Context, db *DB) (int, error) {
	return Update(ctx, db, System("store"), func(tx *Tx) (int, error) {
		var ended []string
		for s, err := range sessionsByEnd.Between(tx, sessionsByEnd.KeyRange(K(record.MinTime), K(tx.Now))) {
			if err != nil {
				return 0, err
			}
			if ended = append(ended, s.ID); len(ended) == 200 {
				break
			}
		}
		for _, id := range ended {
			if err := Sessions.Delete(tx, id); err != nil {
				return 0, err
			}
		}
		return len(ended), nil
	})
}
