package store

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/musterhq/muster/authz"
)

// The kinds of user and of user group (the documents' UserType and GroupType).
const (
	BeyondInsightType = "BeyondInsight"
	ApplicationType   = "Application"
)

// User is somebody, or some program, that signs in (the document's "Users"). It holds nothing secret; the
// answers of the API are made from it, since they differ by UserType.
type User struct {
	UserID            int
	UserType          string
	UserName          string
	DomainName        Text
	DistinguishedName Text
	FirstName         Text
	LastName          Text
	EmailAddress      Text
	ClientID          Text // of an Application user
	AccessPolicyID    int  // of an Application user
	IsQuarantined     bool
	IsActive          bool
	UUID              string // by which other doors know the user
}

// FullName is what people call the user.
func (u *User) FullName() string {
	if name := strings.TrimSpace(string(u.FirstName) + " " + string(u.LastName)); name != "" {
		return name
	}
	return u.UserName
}

func (u *User) check(*Tx) error {
	if u.UUID == "" {
		u.UUID = uuid.NewString()
	}
	return required("UserName", u.UserName, 64)
}

func (u *User) changed(tx *Tx, old *User) error {
	if old == nil {
		return nil
	}
	return tx.bump(old.UserID)
}

// UserByName finds a user by what people type: a plain name finds those without a domain, domain\name those of
// that domain.
func UserByName(tx *Tx, name string) (*User, error) {
	domain, plain, qualified := strings.Cut(name, `\`)
	if !qualified {
		domain, plain = "", name
	}
	return userByName.One(tx, K(fold(domain), fold(plain)), name)
}

// UserByClientID finds an Application user.
func UserByClientID(tx *Tx, clientID string) (*User, error) {
	return userByClientID.One(tx, K(fold(clientID)), clientID)
}

// UserSecret is what a user proves himself with, and how often it was replaced: a session knows the Version it
// began with and dies with it.
type UserSecret struct {
	UserID   int
	Password string // argon2id, empty: no sign-in by password
	Client   string // hash of the ClientSecret, empty: none
	Version  int
}

func (s *UserSecret) changed(tx *Tx, old *UserSecret) error {
	if old == nil {
		return nil
	}
	return tx.bump(old.UserID)
}

// secretOf returns a user's secret, an empty one if he has none.
func secretOf(tx *Tx, userID int) (*UserSecret, error) {
	s, err := UserSecrets.Get(tx, userID)
	if errors.Is(err, ErrNotFound) {
		return &UserSecret{UserID: userID}, nil
	}
	return s, err
}

// LastLogin is when and how a user signed in last.
type LastLogin struct {
	UserID             int
	Date               Time
	AuthenticationType string
}

// Administrators is the built-in user group whose members may do everything.
const Administrators = 1

// UserGroup is what rights are given to (the document's "User Groups").
type UserGroup struct {
	GroupID             int
	Name                string
	DistinguishedName   Text
	Description         Text
	GroupType           string
	AccountAttribute    Text
	MembershipAttribute Text
	IsActive            bool
	UUID                string // by which other doors know the group
	CreateDate          Time
	LastUpdateDate      Time
}

func (g *UserGroup) check(*Tx) error {
	if g.UUID == "" {
		g.UUID = uuid.NewString()
	}
	if err := required("groupName", g.Name, 200); err != nil {
		return err
	}
	return short("description", string(g.Description), 255)
}

func (g *UserGroup) date(now Time, old *UserGroup) {
	if old == nil {
		g.CreateDate, g.LastUpdateDate = now, now
		return
	}
	g.CreateDate, g.LastUpdateDate = old.CreateDate, old.LastUpdateDate
	if *g != *old {
		g.LastUpdateDate = now
	}
}

func (g *UserGroup) changed(tx *Tx, old *UserGroup) error {
	if old == nil {
		return nil
	}
	return tx.bump(everyone)
}

// The RegistrationTypes of an API registration.
const (
	ApiKeyPolicy    = "ApiKeyPolicy"
	ApiAccessPolicy = "ApiAccessPolicy"
)

// ApiRegistration says how programs may sign in (the document's "API registrations").
type ApiRegistration struct {
	Id                   int
	Name                 string
	RegistrationType     string
	AccessTokenDuration  int // minutes that a token of an ApiAccessPolicy lives
	Active               bool
	UserPasswordRequired bool
}

func (r *ApiRegistration) check(*Tx) error {
	if r.RegistrationType == ApiAccessPolicy && r.AccessTokenDuration == 0 {
		r.AccessTokenDuration = 60
	}
	return required("Name", r.Name, 256)
}

func (r *ApiRegistration) changed(tx *Tx, old *ApiRegistration) error {
	if old == nil {
		return nil
	}
	return tx.bump(everyone)
}

// ApiKey is the key of an ApiKeyPolicy registration: sealed, since GET ApiRegistrations/{id}/Key shows it, and
// found by its fingerprint.
type ApiKey struct {
	Id          int // of the registration
	Sealed      []byte
	Fingerprint string
	Version     int // raised by every rotation; a session dies with the version it began with
}

func (k *ApiKey) changed(tx *Tx, old *ApiKey) error {
	if old == nil {
		return nil
	}
	return tx.bump(everyone)
}

// keyPurpose separates fingerprints of API keys from all others.
const keyPurpose = "api key"

// SetApiKey gives a registration a key, replacing the one it has. The letter case of the key does not matter.
func SetApiKey(tx *Tx, registrationID int, key string) error {
	key = authz.FoldAPIKey(key)
	sealed, err := tx.Vault().Seal([]byte(key), sealContext(registrationID))
	if err != nil {
		return err
	}
	k := &ApiKey{Id: registrationID, Sealed: sealed, Fingerprint: tx.Vault().Fingerprint(keyPurpose, key), Version: 1}
	old, err := ApiKeys.Get(tx, registrationID)
	if errors.Is(err, ErrNotFound) {
		return ApiKeys.Insert(tx, k)
	}
	if err != nil {
		return err
	}
	k.Version = old.Version + 1
	return ApiKeys.Put(tx, k)
}

// sealContext binds a sealed key to its registration, so that one cannot stand in for another.
func sealContext(registrationID int) string {
	return fmt.Sprintf("%s of registration %s", keyPurpose, strconv.Itoa(registrationID))
}

// UserGroupByName returns the user group of that name, without regard to case, or ErrNotFound.
func UserGroupByName(tx *Tx, name string) (*UserGroup, error) {
	return userGroupByName.One(tx, K(fold(name)), name)
}
