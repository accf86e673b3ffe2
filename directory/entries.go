package directory

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/uuid"
)

// idAttributes hold what stays of an entry, the most telling first.
var idAttributes = []string{"objectGUID", "entryUUID", "nsUniqueId", "ipaUniqueID"}

// stableID returns what stays of an entry, empty if it has nothing.
func stableID(e *ldap.Entry) string {
	if raw := e.GetEqualFoldRawAttributeValue("objectGUID"); len(raw) == 16 {
		return guidText(raw)
	}
	for _, name := range idAttributes[1:] {
		if id := e.GetEqualFoldAttributeValue(name); id != "" && len(id) <= 64 {
			return strings.ToLower(id)
		}
	}
	return ""
}

// guidText is a GUID as people write it. Active Directory keeps its first three groups in little-endian.
func guidText(raw []byte) string {
	id := uuid.UUID(raw)
	swapGUID(&id)
	return id.String()
}

func swapGUID(id *uuid.UUID) {
	slices.Reverse(id[0:4])
	slices.Reverse(id[4:6])
	slices.Reverse(id[6:8])
}

// byID is the filter for the entry that an id stays with.
func (s *session) byID(id string) string {
	if s.config.Kind == ActiveDirectory {
		guid, err := uuid.Parse(id)
		if err != nil {
			return "(!" + everything + ")"
		}
		swapGUID(&guid)
		return "(objectGUID=" + escapeBytes(guid[:]) + ")"
	}
	value := ldap.EscapeFilter(id)
	alternatives := "(entryUUID=" + value + ")(nsUniqueId=" + value + ")(ipaUniqueID=" + value + ")"
	return "(|" + alternatives + ")"
}

// escapeBytes writes bytes as a filter takes them.
func escapeBytes(raw []byte) string {
	var b strings.Builder
	for _, c := range raw {
		b.WriteString(`\` + hex.EncodeToString([]byte{c}))
	}
	return b.String()
}

// classes of entries that have members, and of those that sign in and are no people.
var (
	groupClasses = []string{"group", "groupofnames", "groupofuniquenames", "groupofmembers", "groupofentries", "posixgroup"}
	otherClasses = []string{"computer", "foreignsecurityprincipal", "contact", "organizationalunit", "organization", "domain", "container"}
)

// isOf reports whether an entry is of one of some classes.
func isOf(e *ldap.Entry, classes []string) bool {
	return slices.ContainsFunc(e.GetEqualFoldAttributeValues("objectClass"), func(class string) bool {
		return slices.Contains(classes, strings.ToLower(class))
	})
}

// userEntry reads a user. It returns ErrRefused for an entry that cannot be told apart when it is renamed, or has no name.
func (s *session) userEntry(e *ldap.Entry) (Entry, error) {
	u := Entry{
		ID: stableID(e), DN: e.DN, Domain: s.config.Host, Disabled: isDisabled(e),
		First: e.GetEqualFoldAttributeValue("givenName"), Last: e.GetEqualFoldAttributeValue("sn"), Email: e.GetEqualFoldAttributeValue("mail"),
	}
	naming := s.config.AccountAttribute
	if s.config.Kind == ActiveDirectory {
		naming = "sAMAccountName"
		u.PrincipalName = e.GetEqualFoldAttributeValue("userPrincipalName")
	}
	u.Name = e.GetEqualFoldAttributeValue(naming)
	switch {
	case u.ID == "":
		return u, fmt.Errorf("%w: the entry has none of %s", ErrRefused, strings.Join(idAttributes, ", "))
	case u.Name == "":
		return u, fmt.Errorf("%w: the entry has no %s", ErrRefused, naming)
	}
	return u, nil
}

// isDisabled reports whether the directory keeps a user out for good. A lock that ends by itself does not count: the bind
// says whether it holds.
func isDisabled(e *ldap.Entry) bool {
	const accountDisabled = 2
	flags, _ := strconv.ParseInt(e.GetEqualFoldAttributeValue("userAccountControl"), 10, 64)
	return flags&accountDisabled != 0 ||
		strings.HasPrefix(e.GetEqualFoldAttributeValue("pwdAccountLockedTime"), "000001010000") ||
		strings.EqualFold(e.GetEqualFoldAttributeValue("nsAccountLock"), "true") ||
		strings.EqualFold(e.GetEqualFoldAttributeValue("loginDisabled"), "true")
}

func (s *session) groupEntry(e *ldap.Entry) (Entry, error) {
	g := Entry{ID: stableID(e), DN: e.DN, Domain: s.config.Host, Name: e.GetEqualFoldAttributeValue("sAMAccountName")}
	if g.Name == "" {
		g.Name = e.GetEqualFoldAttributeValue("cn")
	}
	if g.ID == "" {
		return g, fmt.Errorf("%w: the entry has none of %s", ErrRefused, strings.Join(idAttributes, ", "))
	}
	return g, nil
}

func (s *session) user(ctx context.Context, name string) (Entry, error) {
	e, err := s.named(ctx, name, s.userAttributes(), func(value string) string {
		return "(&(objectCategory=person)(objectClass=user)(|(sAMAccountName=" + value + ")(userPrincipalName=" + value + ")))"
	})
	if err != nil {
		return Entry{}, err
	}
	if isOf(e, groupClasses) || isOf(e, otherClasses) {
		return Entry{}, fmt.Errorf("%w: the entry is no user", ErrRefused)
	}
	return s.userEntry(e)
}

func (s *session) group(ctx context.Context, name string) (Entry, error) {
	e, err := s.named(ctx, name, groupAttributes(), func(value string) string {
		return "(&(objectClass=group)(|(sAMAccountName=" + value + ")(cn=" + value + ")(distinguishedName=" + value + ")))"
	})
	if err != nil {
		return Entry{}, err
	}
	if !isOf(e, groupClasses) {
		return Entry{}, fmt.Errorf("%w: the entry is no group", ErrRefused)
	}
	return s.groupEntry(e)
}

// named finds an entry by its distinguished name in LDAP, and by a filter for its escaped name in Active Directory.
func (s *session) named(ctx context.Context, name string, attributes []string, filter func(value string) string) (*ldap.Entry, error) {
	if s.config.Kind == LDAP {
		if _, err := ldap.ParseDN(name); err != nil || strings.TrimSpace(name) == "" {
			return nil, fmt.Errorf("%w: it is no distinguished name", ErrNotFound)
		}
		return s.at(ctx, name, attributes)
	}
	found, err := s.everywhere(ctx, filter(ldap.EscapeFilter(name)), attributes)
	if err != nil {
		return nil, err
	}
	return one(found)
}

// again finds an entry that may have been renamed or moved: where it was, else everywhere.
func (s *session) again(ctx context.Context, id, dn string, attributes []string) (*ldap.Entry, error) {
	if dn != "" {
		e, err := s.at(ctx, dn, attributes)
		if err == nil && stableID(e) == id {
			return e, nil
		}
		if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrRefused) {
			return nil, err
		}
	}
	found, err := s.everywhere(ctx, s.byID(id), attributes)
	if err != nil {
		return nil, err
	}
	return one(found)
}

func (s *session) userByID(ctx context.Context, id, dn string) (Entry, error) {
	e, err := s.again(ctx, id, dn, s.userAttributes())
	if err != nil {
		return Entry{}, err
	}
	return s.userEntry(e)
}

func (s *session) groupByID(ctx context.Context, id, dn string) (Entry, error) {
	e, err := s.again(ctx, id, dn, groupAttributes())
	if err != nil {
		return Entry{}, err
	}
	return s.groupEntry(e)
}
