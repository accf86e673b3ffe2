package insight

import (
	"context"
	"iter"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// user is a user as the document shows one, which differs by their type and by whether they are read or was written.
type user struct {
	*client
	UserID int `example:"3"` // ID of the user.
	*clientType
	UserName          string     `example:"olga"`                                 // Name that the user signs in with.
	DomainName        store.Text `example:"meridian"`                             // Domain of a user of a directory.
	DistinguishedName store.Text `example:"uid=olga,ou=people,dc=lab,dc=example"` // Distinguished name of a user of a directory.
	FirstName         store.Text `example:"Olga"`                                 // First name of the user.
	LastName          store.Text `example:"Osei"`                                 // Last name of the user.
	EmailAddress      store.Text `example:"olga@meridian.lab.example"`            // Email address of the user.
	*lastLogin
	IsQuarantined bool `example:"false"` // Whether the user is quarantined and may do nothing.
	IsActive      bool `example:"true"`  // Whether the user may sign in.
}

// client and clientType are what only Application users have.
type client struct {
	ClientID       store.Text `example:"6c1f4a0e-3d52-4b1b-9a3e-2f7d5c9b0e11"`        // ID for a token. Only Application users have it.
	ClientSecret   store.Text `example:"VwjPdDFOtFumXjPe9yWAZSLC-hpe3-2DJC8mbGVFIas"` // Secret for a token, shown in the answer to the user's creation and never again. Only Application users have it.
	AccessPolicyID int        `example:"5000"`                                        // ID of the access policy. Only Application users have it.
}

type clientType struct {
	UserType string `example:"Application" enums:"Application"` // Type of the user. Only Application users have it.
}

// lastLogin is shown of the others, when they are read.
type lastLogin struct {
	LastLoginDate               store.Time `example:"2026-05-04T08:15:30.123Z"` // When the user signed in last.
	LastLoginAuthenticationType store.Text `example:"API"`                      // How the user signed in last.
	LastLoginConfigurationName  store.Text `example:"Default"`                  // Name of the configuration by which the user signed in last. It is always null.
	LastLoginSAMLIDPURL         store.Text `example:"https://idp.lab.example"`  // Address of the identity provider by which the user signed in last. It is always null.
	LastLoginSSOURL             store.Text `example:"https://sso.lab.example"`  // Address of the single sign-on by which the user signed in last. It is always null.
}

// show is a user who was written.
func show(u *store.User) *user {
	shown := &user{
		UserID: u.UserID, UserName: u.UserName, DomainName: u.DomainName, DistinguishedName: u.DistinguishedName,
		FirstName: u.FirstName, LastName: u.LastName, EmailAddress: u.EmailAddress, IsQuarantined: u.IsQuarantined, IsActive: u.IsActive,
	}
	if u.UserType == store.ApplicationType {
		shown.client = &client{ClientID: u.ClientID, AccessPolicyID: u.AccessPolicyID}
		shown.clientType = &clientType{u.UserType}
	}
	return shown
}

// seen is a user who is read.
func seen(tx *store.Tx, u *store.User) (*user, error) {
	shown := show(u)
	if shown.client != nil {
		return shown, nil
	}
	l, err := store.LastLoginOf(tx, u.UserID)
	if err != nil {
		return nil, err
	}
	shown.lastLogin = &lastLogin{LastLoginDate: l.Date, LastLoginAuthenticationType: store.Text(l.AuthenticationType)}
	return shown, nil
}

// shownUsers is the list of some users, as they are read, the inactive ones among them or not.
func shownUsers(some func(*store.Tx) iter.Seq2[*store.User, error], inactive bool) (api.Page[user], error) {
	return api.Of[user](api.Paging{}, record.Filtered(func(tx *store.Tx) iter.Seq2[*user, error] {
		return func(yield func(*user, error) bool) {
			for u, err := range some(tx) {
				if err == nil && !u.IsActive && !inactive {
					continue
				}
				var shown *user
				if err == nil {
					shown, err = seen(tx, u)
				}
				if !yield(shown, err) || err != nil {
					return
				}
			}
		}
	}))
}

type userFields struct {
	// Type of the user: BeyondInsight (default), EntraId, ActiveDirectory, LdapDirectory or Application.
	UserType string `kinds:"BeyondInsight,EntraId,ActiveDirectory,LdapDirectory,Application" example:"BeyondInsight" default:"BeyondInsight"`
	// Username of the user account. Max string length is 64. For all but LdapDirectory: required.
	UserName string `BeyondInsight:"required,max=64" EntraId:"required,max=64" ActiveDirectory:"required,max=64" Application:"required,max=64" example:"example.newcomer"`
	// First name of the user. Max string length is 64. For BeyondInsight: required.
	FirstName store.Text `BeyondInsight:"required,max=64" example:"Example"`
	// Last name of the user. Max string length is 64. For BeyondInsight: optional.
	LastName store.Text `BeyondInsight:"max=64" example:"Newcomer"`
	// Email address for the user, properly formatted. Max string length is 255. For BeyondInsight: required.
	EmailAddress store.Text `BeyondInsight:"required,max=255" example:"example.newcomer@lab.example"`
	// The password to log in to BeyondInsight with. For BeyondInsight: required.
	Password string `BeyondInsight:"required" example:"Anchor-and-rope-42"`
	// The directory server host name or IP. For LdapDirectory: required.
	HostName string `LdapDirectory:"required" example:"ldap.lab.example"`
	// The DistinguishedName of the user to create. Max string length is 255. For LdapDirectory: required.
	DistinguishedName string `LdapDirectory:"required,max=255" example:"uid=example,ou=people,dc=lab,dc=example"`
	// The LDAP attribute to use for creating the username. For LdapDirectory: required.
	AccountNameAttribute string `LdapDirectory:"required" example:"uid"`
	directoryFields
	// ID of an access policy. For Application: required.
	AccessPolicyID int `Application:"required" example:"5000"`

	hash string
}

// Prepare checks what the tags cannot say, and hashes the password.
func (b *userFields) Prepare(ctx context.Context, c api.Caller) (err error) {
	if store.IsDirectoryType(b.UserType) {
		return b.check(b.UserType)
	}
	b.hash, err = hashed(ctx, c, b.Password)
	return err
}

// create makes a BeyondInsight user.
func (b *userFields) create(tx *store.Tx) (*user, error) {
	p := personFields{UserName: b.UserName, FirstName: b.FirstName, LastName: b.LastName, EmailAddress: b.EmailAddress, hash: b.hash}
	return p.create(tx)
}

type personFields struct {
	UserName     string     `binding:"required,max=64" example:"example.user"`              // Username of the user account. Max string length is 64.
	FirstName    store.Text `binding:"required,max=64" example:"Example"`                   // First name of the user. Max string length is 64.
	LastName     store.Text `binding:"max=64" example:"User"`                               // Last name of the user (optional). Max string length is 64.
	EmailAddress store.Text `binding:"required,max=255" example:"example.user@lab.example"` // Email address for the user, properly formatted. Max string length is 255.
	Password     string     `binding:"required" example:"Anchor-and-rope-42"`               // The password to log in to BeyondInsight with.

	hash string
}

// Prepare hashes the password.
func (b *personFields) Prepare(ctx context.Context, c api.Caller) (err error) {
	b.hash, err = hashed(ctx, c, b.Password)
	return err
}

// create makes a BeyondInsight user.
func (b *personFields) create(tx *store.Tx) (*user, error) {
	u := &store.User{
		UserType: store.BeyondInsightType, UserName: b.UserName, FirstName: b.FirstName, LastName: b.LastName,
		EmailAddress: b.EmailAddress, IsActive: true,
	}
	if err := store.Users.Insert(tx, u); err != nil {
		return nil, err
	}
	return show(u), store.SetPassword(tx, u.UserID, b.hash)
}

type changedUserFields struct {
	UserName       string     `binding:"required,max=64" example:"olga"` // Username of the user account.
	FirstName      store.Text `example:"Olga"`                           // First name of the user. It is required, but for an Application user, who has none.
	LastName       store.Text `example:"Osei"`                           // Last name of the user. An empty or missing value clears any existing value.
	EmailAddress   store.Text `example:"olga@meridian.lab.example"`      // Email address for the user, properly formatted. It is required, but for an Application user, who has none.
	Password       string     `example:"Anchor-and-rope-42" prefill:"-"` // The password to log in to BeyondInsight with. If it is given, it replaces the current password.
	AccessPolicyID int        `example:"5000" prefill:"-"`               // ID of an access policy. It is required for an Application user; others have none.

	hash string
}

// Prepare hashes the password, if there is a new one.
func (b *changedUserFields) Prepare(ctx context.Context, c api.Caller) (err error) {
	b.hash, err = hashed(ctx, c, b.Password)
	return err
}

// change brings the members that a user of their type has into a user.
func (b *changedUserFields) change(u *store.User) error {
	switch {
	case store.IsDirectoryType(u.UserType):
		return store.Invalid("User %d comes from a directory and is changed there", u.UserID)
	case u.UserType == store.ApplicationType && b.AccessPolicyID == 0:
		return store.Invalid("AccessPolicyID is required")
	case u.UserType == store.ApplicationType:
		u.UserName, u.AccessPolicyID = b.UserName, b.AccessPolicyID
		return nil
	case b.FirstName == "":
		return store.Invalid("FirstName is required")
	case b.EmailAddress == "":
		return store.Invalid("EmailAddress is required")
	}
	u.UserName, u.FirstName, u.LastName, u.EmailAddress = b.UserName, b.FirstName, b.LastName, b.EmailAddress
	return nil
}
