package lab

import (
	"context"
	"errors"
	"strings"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
)

// User is somebody, or some program, that signs in. They are known by their domain and their name.
type User struct {
	Place
	UserName          string  `lab:"required"`      // Name of the user.
	UserType          *string `choices:"userTypes"` // BeyondInsight (default), Application, EntraId, ActiveDirectory or LdapDirectory. That of an existing user stays.
	DomainName        *string // Domain of a directory user.
	DistinguishedName *string // Distinguished name of a directory user.
	PrincipalName     *string // name@domain of a directory user.
	Directory         *string // Host of the directory that a directory user comes from.
	DirectoryEntry    *string // His stable id in the directory: objectGUID, entryUUID or Graph id.
	AccountAttribute  *string // Attribute of an LDAP directory that names them.
	FirstName         *string // First name; required of a new BeyondInsight user.
	LastName          *string // Last name.
	EmailAddress      *string // Email address; required of a new BeyondInsight user.
	AccessPolicy      *string // Name of the access policy of an Application user, for whom it is required.
	IsActive          *bool   `lab:"default=true"` // Whether the user is active.
	IsQuarantined     *bool   // Whether the user is quarantined.
	UUID              *string // By which other doors know the user; made up unless it is given.
	Groups            Names   // User groups that the user is in at least.
	Credential
	ClientID         *string // The ClientID of an Application user, a GUID; made up unless it is given.
	ClientSecret     *string // The ClientSecret of an Application user, 36 to 64 characters.
	ClientSecretEnv  *string // Name of an environment variable that holds it, instead.
	ClientSecretFile *string // Name of a file that holds it, relative to the lab file, instead.

	hash string // of the Password, if it is not the one that the user has
}

func (u *User) steps() []step {
	all := []step{{u, u.put}}
	for _, name := range u.Groups {
		all = append(all, step{name, func(p *loader) error { return u.join(p, name) }})
	}
	return all
}

// prepare hashes the password unless it is the one that the user has. It takes long, so it is no part of a transaction.
func (u *User) prepare(ctx context.Context, db *store.DB, by store.Actor) error {
	if u.Password == nil {
		return nil
	}
	if n := len(*u.Password); n == 0 || n > authz.MaxPassword {
		return u.wrong(store.Invalid("Password: %v", authz.ErrPassword))
	}
	secret, err := store.View(ctx, db, by, func(tx *store.Tx) (*store.UserSecret, error) {
		found, err := store.UserNamed(tx, or(u.DomainName, ""), u.UserName)
		if err != nil {
			return nil, err
		}
		return store.UserSecrets.Get(tx, found.UserID)
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err == nil && secret.Password != "" {
		if same, err := db.Hasher().Check(ctx, secret.Password, *u.Password); same || err != nil {
			return err
		}
	}
	u.hash, err = db.Hasher().Hash(ctx, *u.Password)
	return err
}

func (u *User) put(p *loader) error {
	found, err := store.UserNamed(p.tx, or(u.DomainName, ""), u.UserName)
	r, err := put(p, store.Users, u, u.label(), found, err, func(r *store.User, isNew bool) error {
		if r.UserType == "" {
			r.UserType = store.BeyondInsightType
		}
		if !isNew && r.UserType != found.UserType {
			return store.Invalid("UserType: that of %s is %s and stays", u.label(), found.UserType)
		}
		if u.Directory != nil || u.DirectoryEntry != nil {
			if r.DirectoryID, r.DirectoryEntry, err = p.directory(r.UserType, u.Directory, u.DirectoryEntry); err != nil {
				return err
			}
		}
		return u.complete(p, r, isNew)
	})
	if err != nil {
		return err
	}
	return u.putSecrets(p, r)
}

// complete brings in what depends on the type of the user.
func (u *User) complete(p *loader, r *store.User, isNew bool) error {
	if u.AccessPolicy != nil {
		policy, err := store.AccessPolicyByName(p.tx, *u.AccessPolicy)
		if policy, err = refer("AccessPolicy", policy, err); err != nil {
			return err
		}
		r.AccessPolicyID = policy.AccessPolicyID
	}
	switch {
	case r.UserType == store.ApplicationType:
		if u.Password != nil {
			return store.Invalid("Password: an Application user has a ClientSecret instead")
		}
		if r.ClientID = store.Text(strings.ToLower(string(r.ClientID))); r.ClientID == "" {
			r.ClientID = store.Text(authz.NewClientID())
		}
		if len(r.ClientID) != len(authz.NewClientID()) {
			return store.Invalid("ClientID: a GUID is expected")
		}
		if r.AccessPolicyID == 0 {
			return store.Invalid("AccessPolicy is required of an Application user")
		}
	case u.ClientID != nil || u.ClientSecret != nil || u.AccessPolicy != nil:
		return store.Invalid("ClientID, ClientSecret and AccessPolicy are for Application users")
	case isNew && r.UserType == store.BeyondInsightType && r.FirstName == "":
		return store.Invalid("FirstName is required of a BeyondInsight user")
	case isNew && r.UserType == store.BeyondInsightType && r.EmailAddress == "":
		return store.Invalid("EmailAddress is required of a BeyondInsight user")
	case store.IsDirectoryType(r.UserType) && u.Password != nil:
		return store.Invalid("Password: that of a directory user is in the directory")
	}
	return nil
}

// putSecrets stores the password or the client secret, if they are not those that the user has.
func (u *User) putSecrets(p *loader, r *store.User) error {
	if u.hash != "" {
		p.say(u, edit, store.Users.Name()+" "+u.label(), "Password")
		return store.SetPassword(p.tx, r.UserID, u.hash)
	}
	if u.ClientSecret == nil {
		return nil
	}
	if n := len(*u.ClientSecret); n < 36 || n > 64 {
		return store.Invalid("ClientSecret: 36 to 64 characters are expected")
	}
	secret, err := store.UserSecrets.Get(p.tx, r.UserID)
	if err != nil && !errors.Is(err, store.ErrNotFound) || err == nil && authz.CheckClientSecret(secret.Client, *u.ClientSecret) {
		return err
	}
	p.say(u, edit, store.Users.Name()+" "+u.label(), "ClientSecret")
	return store.SetClientSecret(p.tx, r.UserID, authz.HashClientSecret(*u.ClientSecret))
}

func (u *User) label() string {
	if domain := or(u.DomainName, ""); domain != "" {
		return quoted(domain, u.UserName)
	}
	return quoted(u.UserName)
}

func (u *User) join(p *loader, name *Name) error {
	group, err := store.UserGroupByName(p.tx, name.Text)
	if group, err = refer("Groups", group, err); err != nil {
		return err
	}
	user, err := store.UserNamed(p.tx, or(u.DomainName, ""), u.UserName)
	if err != nil {
		return err
	}
	_, is, err := store.GroupMember.Get(p.tx, group.GroupID, user.UserID)
	if err != nil || is {
		return err
	}
	p.say(name, add, "User "+u.label()+" to User Group "+quoted(name.Text))
	_, err = store.Join(p.tx, user.UserID, group.GroupID)
	return err
}

func (c *collector) users() (all []*User, err error) {
	for r, err := range store.Users.All(c.tx) {
		if err != nil {
			return nil, err
		}
		u := &User{}
		show(u, r)
		u.Directory, u.DirectoryEntry = c.entry(r.DirectoryID, r.DirectoryEntry)
		if !c.secrets {
			u.ClientID = nil
		}
		if r.UserType == store.BeyondInsightType {
			u.UserType = nil
		}
		if name := c.accessPolicyNames[r.AccessPolicyID]; name != "" {
			u.AccessPolicy = &name
		}
		groups, err := store.GroupsOf(c.tx, r.UserID)
		if err != nil {
			return nil, err
		}
		for _, g := range groups {
			u.Groups = append(u.Groups, &Name{Text: g.Name})
		}
		sorted(u.Groups, func(n *Name) string { return n.Text })
		all = append(all, u)
		c.userNames[r.UserID] = userName(r)
	}
	return sorted(all, func(u *User) string { return or(u.DomainName, "") + "\x00" + u.UserName }), nil
}

// userName is how a user is referred to: with their domain, if they have one.
func userName(u *store.User) string {
	if u.DomainName != "" {
		return string(u.DomainName) + `\` + u.UserName
	}
	return u.UserName
}

// user is the user that a member names, with their domain if they have one.
func (p *loader) user(member, name string) (*store.User, error) {
	domain, plain, qualified := strings.Cut(name, `\`)
	if !qualified {
		domain, plain = "", name
	}
	u, err := store.UserNamed(p.tx, domain, plain)
	return refer(member, u, err)
}
