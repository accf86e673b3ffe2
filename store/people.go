package store

import (
	"errors"
	"strings"

	"github.com/google/uuid"
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

// UserGroupByName returns the user group of that name, without regard to case, or ErrNotFound.
func UserGroupByName(tx *Tx, name string) (*UserGroup, error) {
	return userGroupByName.One(tx, K(fold(name)), name)
}
