package store

import (
	"cmp"
	"errors"
	"net/mail"
	"slices"
	"strings"

	"github.com/musterhq/muster/store/record"
)

// The kinds of user and of user group (the document's UserType and GroupType). An Application is a user only.
const (
	BeyondInsightType   = "BeyondInsight"
	ApplicationType     = "Application"
	EntraIdType         = "EntraId"
	ActiveDirectoryType = "ActiveDirectory"
	LdapDirectoryType   = "LdapDirectory"
)

// IsDirectoryType reports whether users or user groups of a kind come from a directory, which alone changes them.
func IsDirectoryType(kind string) bool {
	return slices.Contains([]string{EntraIdType, ActiveDirectoryType, LdapDirectoryType}, kind)
}

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
	UUID              string // by which other doors know the user; in lower case

	// Of a user who comes from a directory.
	DirectoryID      int
	DirectoryEntry   Text // what stays of the entry there: see entryIn
	PrincipalName    Text // name@domain, as the directory knows the user
	AccountAttribute Text // of LDAP: the attribute that UserName is
}

// FullName is what people call the user.
func (u *User) FullName() string {
	if name := strings.TrimSpace(string(u.FirstName) + " " + string(u.LastName)); name != "" {
		return name
	}
	return u.UserName
}

// mayAct reports whether the user can sign in at all.
func (u *User) mayAct() bool { return u != nil && u.IsActive && !u.IsQuarantined }

func (u *User) Validate(tx *Tx) error {
	if err := ownUUID(&u.UUID); err != nil {
		return err
	}
	if u.UserType != BeyondInsightType && u.UserType != ApplicationType && !IsDirectoryType(u.UserType) {
		return Invalid("invalid UserType %q", u.UserType)
	}
	if err := cmp.Or(
		required("UserName", u.UserName, 64), short("DomainName", string(u.DomainName), 250), short("FirstName", string(u.FirstName), 64),
		short("LastName", string(u.LastName), 64), short("EmailAddress", string(u.EmailAddress), 255),
	); err != nil {
		return err
	}
	if u.DomainName == "" && strings.Contains(u.UserName, `\`) {
		return Invalid(`UserName: a \ stands between a domain and the name of a directory's user`)
	}
	if u.EmailAddress != "" && !isAddress(string(u.EmailAddress)) {
		return Invalid("EmailAddress: %q is not an e-mail address", u.EmailAddress)
	}
	return u.checkPolicy(tx)
}

// checkPolicy holds the access policy of an Application user to those that there are.
func (u *User) checkPolicy(tx *Tx) error {
	if u.AccessPolicyID == 0 {
		return nil
	}
	return accessPolicyExists(tx, u.AccessPolicyID)
}

// isAddress reports whether s is one e-mail address and nothing else.
func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

// AfterWrite keeps an administrator, and deletes what a deleted user had.
func (u *User) AfterWrite(tx *Tx, old *User) error {
	if old == nil {
		return nil
	}
	if u == nil {
		if err := dropUser(tx, old.UserID); err != nil {
			return err
		}
	}
	if old.mayAct() && !u.mayAct() {
		if err := keepAnAdministrator(tx, old.UserID); err != nil {
			return err
		}
		if err := u.endSessions(tx); err != nil {
			return err
		}
	}
	return bump(tx, old.UserID)
}

// endSessions makes the sessions of a user worthless, also if they may act again before they are over.
func (u *User) endSessions(tx *Tx) error {
	if u == nil {
		return nil // they end with them
	}
	return changeSecret(tx.Unaudited(), u.UserID, func(*UserSecret) {})
}

// dropUser deletes what a user had. Their memberships and their part in secrets are swept, since nothing leads there any more.
func dropUser(tx *Tx, id int) error {
	// All that they are given moves their epoch; so that nothing is given to them unseen, it is read, and before it is written.
	if _, err := epochs(tx, id); err != nil {
		return err
	}
	if err := ownsNoSecretAlone(tx, id); err != nil {
		return err
	}
	for _, err := range []error{UserSecrets.Delete(tx, id), LastLogins.Delete(tx, id), requestWindows.Delete(tx, id)} {
		if record.Ignore(ErrNotFound, err) != nil {
			return err
		}
	}
	return record.SweepLater(tx, sweepOfUser, id)
}

func (u *User) CascadeSummary(tx *Tx) ([]UserAuditDetail, error) {
	return record.CascadeDetail("Memberships", GroupMember.To(tx, u.UserID))
}

// clearUser clears away what a deleted user had.
func clearUser(b *record.SweepBatch, id int) error {
	return cmp.Or(record.CutTo(b, GroupMember, id), record.CutTo(b, SecretOwner, id), clearPrincipal(b, PrincipalUser, id))
}

// UserByName finds a user by what people type: a plain name finds those without a domain, domain\name and name@domain
// those of that domain; what a directory calls name@domain may be another one than that. A local name may have an @ too,
// and goes first.
func UserByName(tx *Tx, name string) (*User, error) {
	if domain, plain, qualified := strings.Cut(name, `\`); qualified {
		return userOfDomain(tx, domain, plain, name)
	}
	u, err := userByName.One(tx, K("", record.Fold(name)), name)
	if at := strings.LastIndexByte(name, '@'); at > 0 && errors.Is(err, ErrNotFound) {
		if u, err = userByName.One(tx, K(record.Fold(name[at+1:]), record.Fold(name[:at])), name); errors.Is(err, ErrNotFound) {
			return userByPrincipal(tx, name)
		}
	}
	return u, err
}

// userOfDomain finds a user by their domain or, if that has none of the name, by what is a domain's name in short. Of several domains
// the first that has them counts.
func userOfDomain(tx *Tx, domain, plain, name string) (*User, error) {
	u, err := userByName.One(tx, K(record.Fold(domain), record.Fold(plain)), name)
	if domain == "" || !errors.Is(err, ErrNotFound) {
		return u, err
	}
	for d, err := range directoriesByShortName.Each(tx, K(record.Fold(domain))) {
		if err != nil {
			return nil, err
		}
		if u, err := userByName.One(tx, K(record.Fold(d.Host), record.Fold(plain)), name); !errors.Is(err, ErrNotFound) {
			return u, err
		}
	}
	return nil, err
}

// userByPrincipal finds the only user whom directories call so.
func userByPrincipal(tx *Tx, name string) (found *User, err error) {
	for u, err := range usersByPrincipal.Each(tx, K(record.Fold(name))) {
		if err != nil || found != nil {
			return nil, cmp.Or(err, record.NotFound(Users.Name(), name))
		}
		found = u
	}
	if found == nil {
		err = record.NotFound(Users.Name(), name)
	}
	return found, err
}

// UserByUUID finds a user by their UUID in lower case.
func UserByUUID(tx *Tx, id string) (*User, error) {
	return userByUUID.One(tx, K(id), id)
}

// UserByClientID finds an Application user.
func UserByClientID(tx *Tx, clientID string) (*User, error) {
	return userByClientID.One(tx, K(record.Fold(clientID)), clientID)
}

// DeleteUser deletes a user. It returns ErrDenied for one who has rights that the actor lacks, and ErrInvalid for the last
// active administrator and for the only owner of a secret.
func DeleteUser(tx *Tx, id int) error {
	if known, err := Users.Has(tx, id); err != nil || !known {
		return cmp.Or(err, record.NotFound(Users.Name(), id))
	}
	if err := MayChangeUser(tx, id); err != nil {
		return err
	}
	return Users.Delete(tx, id)
}

// QuarantineUser keeps a user out, whoever they are but the last active administrator, and ends their sessions.
func QuarantineUser(tx *Tx, id int) (*User, error) {
	u, err := Users.Get(tx, id)
	if err != nil || u.IsQuarantined {
		return u, err
	}
	u.IsQuarantined = true
	if err := Users.Put(tx.Unaudited(), u); err != nil {
		return nil, err
	}
	return u, tx.Audit(record.ActionQuarantine, Users.Name(), record.Detail("UserID", id, id), record.Detail("IsQuarantined", false, true))
}

// UserNamed returns the user of a domain, empty for none, and a name.
func UserNamed(tx *Tx, domain, name string) (*User, error) {
	return userByName.One(tx, K(record.Fold(domain), record.Fold(name)), name)
}
