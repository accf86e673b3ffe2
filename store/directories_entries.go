package store

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// DirectoryEntry is a user or a group as its directory describes it.
type DirectoryEntry struct {
	ID                  string // what stays of it
	Name                string
	DomainName          string
	ShortDomainName     string // of a domain of Active Directory; known of an entry that was looked up by name
	PrincipalName       string
	DistinguishedName   string
	FirstName, LastName string
	EmailAddress        string
	IsDisabled          bool
}

// maxEntryID and maxDistinguishedName bound what has a place in an index or comes from outside.
const (
	maxEntryID           = 64
	maxDistinguishedName = 2048
)

// Validate returns an ErrInvalid for an entry that cannot be a user or a user group here.
func (e *DirectoryEntry) Validate(nameLimit int) error {
	for _, text := range []string{e.ID, e.Name, e.DomainName, e.PrincipalName, e.DistinguishedName} {
		if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			return Invalid("a name in the directory is not readable text")
		}
	}
	return cmp.Or(
		required("the id in the directory", e.ID, maxEntryID), required("the name in the directory", e.Name, nameLimit),
		short("the domain in the directory", e.DomainName, maxDomain), short("the principal name in the directory", e.PrincipalName, 320),
		short("the distinguished name in the directory", e.DistinguishedName, maxDistinguishedName),
	)
}

// maxUserName and maxGroupName are those of the document.
const (
	maxUserName  = 64
	maxGroupName = 200
)

// onto brings the entry of a user into their record. What is no name is fitted rather than refused.
func (e *DirectoryEntry) applyTo(u *User) {
	u.UserName, u.DomainName, u.PrincipalName = e.Name, Text(e.DomainName), Text(e.PrincipalName)
	u.DistinguishedName = Text(e.DistinguishedName)
	u.FirstName, u.LastName = fitted(e.FirstName), fitted(e.LastName)
	u.EmailAddress = ""
	if len(e.EmailAddress) <= 255 && isAddress(e.EmailAddress) {
		u.EmailAddress = Text(e.EmailAddress)
	}
	u.IsActive = !e.IsDisabled
}

// fitted is a text without what cannot be printed, cut to the length of a person's name.
func fitted(text string) Text {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, text)
	runes := []rune(strings.TrimSpace(text))
	return Text(runes[:min(len(runes), 64)])
}

// CreateDirectoryUser makes a user of an entry that was just found, and stores a new credential with them. accountAttribute
// is what their name is, of LDAP. Besides ErrInvalid it returns ErrExists for an entry that is a user already, and for a name that another
// user has.
func CreateDirectoryUser(tx *Tx, a DirectoryAccess, e DirectoryEntry, accountAttribute string) (*User, error) {
	directory, err := a.settle(tx, e)
	if err != nil {
		return nil, err
	}
	u, err := userOf(directory, a.Kind, e, accountAttribute)
	if err != nil {
		return nil, err
	}
	return u, Users.Insert(tx, u)
}

func userOf(directory int, kind string, e DirectoryEntry, accountAttribute string) (*User, error) {
	if err := e.Validate(maxUserName); err != nil {
		return nil, err
	}
	u := &User{UserType: kind, DirectoryID: directory, DirectoryEntry: entryIn(directory, e.ID), AccountAttribute: Text(accountAttribute)}
	e.applyTo(u)
	return u, nil
}

// MayMakeDirectoryGroup returns what GroupGrants.Check does, and an ErrDenied for API registrations that somebody gives who is bound by their
// own rights: with the key of one they could be everybody whom the directory puts into the group, stronger ones too.
func MayMakeDirectoryGroup(tx *Tx, given GroupGrants) error {
	if len(given.Registrations) > 0 && !unrestricted(tx) {
		return Denied("a directory says who may use the API registrations of its group: membership of Administrators is required")
	}
	return given.Check(tx)
}

// CreateDirectoryGroup makes a user group of an entry that was just found, as CreateUserGroup does, and stores a new
// credential with it. Its members come with its synchronization.
func CreateDirectoryGroup(tx *Tx, a DirectoryAccess, e DirectoryEntry, g *UserGroup, given GroupGrants) error {
	directory, err := a.settle(tx, e)
	if err != nil {
		return err
	}
	if err := cmp.Or(e.Validate(maxDistinguishedName), MayMakeDirectoryGroup(tx, given)); err != nil {
		return err
	}
	g.GroupType, g.DistinguishedName = a.Kind, Text(e.DistinguishedName)
	g.DirectoryID, g.DirectoryEntry = directory, entryIn(directory, e.ID)
	return CreateUserGroup(tx, g, given)
}

// InDirectory returns what stays of a user's or a user group's entry, without its directory.
func InDirectory(entry Text) string {
	_, id, _ := strings.Cut(string(entry), "/")
	return id
}

// GroupsToSynchronize returns the ids of the user groups of a directory that are synchronized in the background.
func GroupsToSynchronize(tx *Tx, directoryID int) (ids []int, err error) {
	for g, err := range UserGroups.All(tx) {
		if err != nil {
			return nil, err
		}
		if g.DirectoryID == directoryID && !g.ExcludedFromGlobalSync {
			ids = append(ids, g.GroupID)
		}
	}
	return ids, nil
}

// UnmanagedUsers returns the users of a directory whom no synchronized user group of it looks after.
func UnmanagedUsers(tx *Tx, directoryID int) (lone []*User, err error) {
	groups, err := GroupsToSynchronize(tx, directoryID)
	if err != nil {
		return nil, err
	}
	for u, err := range Users.All(tx) {
		if err != nil {
			return nil, err
		}
		if u.DirectoryID != directoryID {
			continue
		}
		if is, err := isLone(tx, u.UserID, groups); err != nil {
			return nil, err
		} else if is {
			lone = append(lone, u)
		}
	}
	return lone, nil
}

func isLone(tx *Tx, userID int, groups []int) (bool, error) {
	for m, err := range GroupMember.To(tx, userID) {
		if err != nil || slices.Contains(groups, m.ID) {
			return false, err
		}
	}
	return true, nil
}
