package directory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// session is a signed-in connection to an LDAP server.
type session struct {
	client *Client
	config Config
	wire   *wire
	conn   *ldap.Conn
	bases  []string // below which entries are looked for
}

func (c *Client) openLDAP(ctx context.Context, config Config) (source, error) {
	for _, name := range []string{config.AccountAttribute, config.MembershipAttribute} {
		if !isAttribute(name) {
			return nil, fmt.Errorf("%w: the name of an attribute is expected", ErrRefused)
		}
	}
	s := &session{client: c, config: config}
	if err := s.bind(ctx, s.account(), config.Secret); err != nil {
		return nil, err
	}
	return s, nil
}

// isAttribute reports whether a name can be that of an attribute, or is empty. It stands unescaped in filters.
func isAttribute(name string) bool {
	return strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && !strings.HasPrefix(name, "-")
}

// account is whom to bind as. A plain name of Active Directory is one of its domain.
func (s *session) account() string {
	name := s.config.Account
	if s.config.Kind == ActiveDirectory && !strings.ContainsAny(name, `@\=`) {
		return name + "@" + s.config.Host
	}
	return name
}

// bind connects and signs in. The password is never empty.
func (s *session) bind(ctx context.Context, name, password string) (err error) {
	if s.wire, err = s.client.connect(ctx, s.config); err != nil {
		return err
	}
	s.conn = ldap.NewConn(s.wire, true)
	s.conn.SetTimeout(s.client.Ask)
	s.conn.Start()
	err = s.ask(ctx, "bind", func() error { return s.conn.Bind(name, password) })
	if errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("bind: %w", ErrCredential) // the name is none of the directory's
	}
	if err != nil {
		s.close()
	}
	return err
}

// close closes the connection first: the goroutines behind it may wait for a server that says nothing.
func (s *session) close() {
	s.wire.Close()
	s.conn.Close()
}

// ask does one thing that has an answer. The end of ctx ends the connection.
func (s *session) ask(ctx context.Context, step string, do func() error) error {
	stop := context.AfterFunc(ctx, func() { s.wire.Close() })
	defer stop()
	err := do()
	switch {
	case err == nil:
		return nil
	case s.wire.exceeded.Load():
		return fmt.Errorf("%s: %w", step, ErrTooMany)
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w: %w", step, ErrUnreachable, context.Cause(ctx))
	}
	return failed(step, err)
}

// codes are what result codes mean, of those that mean more than a refusal.
var codes = map[uint16]error{
	ldap.LDAPResultNoSuchObject:                ErrNotFound,
	ldap.LDAPResultInvalidDNSyntax:             ErrNotFound,
	ldap.LDAPResultInvalidCredentials:          ErrCredential,
	ldap.LDAPResultInappropriateAuthentication: ErrCredential,
	ldap.LDAPResultInsufficientAccessRights:    ErrRefused,
	ldap.LDAPResultTimeLimitExceeded:           ErrTooMany,
	ldap.LDAPResultSizeLimitExceeded:           ErrTooMany,
	ldap.LDAPResultAdminLimitExceeded:          ErrTooMany,
	ldap.LDAPResultBusy:                        ErrUnreachable,
	ldap.LDAPResultUnavailable:                 ErrUnreachable,
	ldap.ErrorNetwork:                          ErrUnreachable,
	ldap.LDAPResultServerDown:                  ErrUnreachable,
	ldap.LDAPResultTimeout:                     ErrUnreachable,
}

// failed words the error of a step. What a server says besides the code is left out: it may repeat what it was sent.
func failed(step string, err error) error {
	e, ok := errors.AsType[*ldap.Error](err)
	if !ok {
		return fmt.Errorf("%s: %w: the connection broke", step, ErrUnreachable)
	}
	kind := ErrRefused
	if known, ok := codes[e.ResultCode]; ok {
		kind = known
	}
	return fmt.Errorf("%s: %w (%s)", step, kind, strings.ToLower(ldap.LDAPResultCodeMap[e.ResultCode]))
}

// userAttributes and groupAttributes are all that is asked of entries. Operational ones are sent only to who names them.
func (s *session) userAttributes() []string {
	own := []string{"objectClass", "givenName", "sn", "cn", "displayName", "mail", "userPrincipalName", "sAMAccountName",
		"userAccountControl", "pwdAccountLockedTime", "nsAccountLock", "loginDisabled"}
	if s.config.AccountAttribute != "" {
		own = append(own, s.config.AccountAttribute)
	}
	return append(own, idAttributes...)
}

func groupAttributes() []string {
	return append([]string{"objectClass", "cn", "sAMAccountName", "objectSid"}, idAttributes...)
}

// everything is the filter that every entry passes.
const everything = "(objectClass=*)"

// at reads the entry with a distinguished name.
func (s *session) at(ctx context.Context, dn string, attributes []string) (*ldap.Entry, error) {
	var found []*ldap.Entry
	err := s.search(ctx, "read an entry", dn, ldap.ScopeBaseObject, everything, attributes, into(&found))
	return one(found, err)
}

// into gathers entries.
func into(all *[]*ldap.Entry) func(*ldap.Entry) {
	return func(e *ldap.Entry) { *all = append(*all, e) }
}

// one returns the only entry of an answer.
func one(found []*ldap.Entry, err error) (*ldap.Entry, error) {
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, ErrNotFound
	case len(found) == 1:
		return found[0], nil
	}
	return nil, ErrAmbiguous
}

// everywhere finds entries below all that the server has.
func (s *session) everywhere(ctx context.Context, filter string, attributes []string, take func(*ldap.Entry)) error {
	bases, err := s.roots(ctx)
	if err != nil {
		return err
	}
	for _, base := range bases {
		err := s.search(ctx, "search", base, ldap.ScopeWholeSubtree, filter, attributes, take)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

// theOne finds the only entry that passes a filter.
func (s *session) theOne(ctx context.Context, filter string, attributes []string) (*ldap.Entry, error) {
	var found []*ldap.Entry
	err := s.everywhere(ctx, filter, attributes, into(&found))
	return one(found, err)
}

// roots are the distinguished names below which the server keeps its entries.
func (s *session) roots(ctx context.Context) ([]string, error) {
	if s.bases != nil {
		return s.bases, nil
	}
	root, err := s.at(ctx, "", []string{"namingContexts", "defaultNamingContext"})
	if err != nil {
		return nil, fmt.Errorf("read where the entries are: %w", err)
	}
	s.bases = root.GetEqualFoldAttributeValues("namingContexts")
	if own := root.GetEqualFoldAttributeValue("defaultNamingContext"); own != "" {
		s.bases = []string{own} // of Active Directory, which has contexts without people too
	}
	if len(s.bases) == 0 {
		return nil, fmt.Errorf("read where the entries are: %w: it does not say", ErrRefused)
	}
	s.bases = s.bases[:min(len(s.bases), maxBases)]
	return s.bases, nil
}

// Bounds of a search: how much of it comes at once, and in how many parts.
const (
	pageSize = 500
	maxPages = 10_000
	maxBases = 32
)

// search finds entries, page by page, and hands each one on. References to other servers are passed over, not followed.
func (s *session) search(
	ctx context.Context, step, base string, scope int, filter string, attributes []string, take func(*ldap.Entry),
) error {
	request := ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, 0, int(s.client.Ask.Seconds()), false, filter, attributes, nil)
	paging := ldap.NewControlPaging(pageSize)
	if scope != ldap.ScopeBaseObject {
		request.Controls = []ldap.Control{paging}
	}
	n := 0
	for range maxPages {
		var page *ldap.SearchResult
		s.wire.begin()
		err := s.ask(ctx, step, func() (err error) { page, err = s.conn.Search(request); return err })
		if err != nil {
			return err
		}
		if len(page.Referrals) > 0 {
			s.client.Log.WarnContext(ctx, "a directory refers to other servers, which are not asked", "directory", s.config.Host, "references", len(page.Referrals))
		}
		if n += len(page.Entries); n > s.client.Members {
			return fmt.Errorf("%s: %w: more than %d entries", step, ErrTooMany, s.client.Members)
		}
		for _, e := range page.Entries {
			take(e)
		}
		next, ok := ldap.FindControl(page.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if !ok || len(next.Cookie) == 0 || scope == ldap.ScopeBaseObject {
			return nil
		}
		if bytes.Equal(next.Cookie, paging.Cookie) && len(page.Entries) == 0 {
			break // it would go on forever
		}
		paging.SetCookie(slices.Clone(next.Cookie))
	}
	return fmt.Errorf("%s: %w: pages without end", step, ErrTooMany)
}

// signIn binds as the user, with a connection of its own.
func (s *session) signIn(ctx context.Context, user Entry, password string) error {
	theirs := &session{client: s.client, config: s.config}
	err := theirs.bind(ctx, user.DN, password)
	if err == nil {
		theirs.close()
	}
	// Some servers refuse accounts that are locked or expired by other codes than that of a wrong password.
	if errors.Is(err, ErrRefused) {
		err = fmt.Errorf("%w: %w", ErrCredential, err)
	}
	return err
}
