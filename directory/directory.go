// Package directory asks LDAP servers, Active Directory and Entra ID who is there and who belongs to what. It trusts none
// of them: where it connects is limited, certificates are always checked, and every answer has limits of time and size.
package directory

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Kind is a kind of directory, named as the vendor's API names it.
type Kind string

// The kinds there are.
const (
	LDAP            Kind = "LdapDirectory"
	ActiveDirectory Kind = "ActiveDirectory"
	Entra           Kind = "EntraId"
)

// What can go wrong. Every error of this package wraps one of these; its text says which step failed, quotes no
// credential, and repeats nothing that a server said in words of its own.
var (
	ErrForbiddenDestination = errors.New("is not among the destinations that --directory-allow names")
	ErrUnreachable          = errors.New("cannot be reached")
	ErrCertificate          = errors.New("cannot prove who it is")
	ErrPlain                = errors.New("offers no TLS, and --directory-plain does not let passwords travel readably")
	ErrCredential           = errors.New("the credential was refused")
	ErrNotFound             = errors.New("there is no such entry")
	ErrAmbiguous            = errors.New("several entries have that name")
	ErrTooMany              = errors.New("the answer exceeds the limit")
	ErrRefused              = errors.New("the directory refused")
)

// Config is which directory to ask, and as whom.
type Config struct {
	Kind   Kind
	Host   string // the server of LDAP, the domain of Active Directory, the tenant of Entra ID
	Port   int    // of LDAP; 0: 389, or 636 with UseSSL
	UseSSL bool   // TLS from the first byte; otherwise by StartTLS
	Cloud  string // of Entra ID: AzurePublic (also if empty) or AzureUsGovernment

	Account string // the user to bind as, or the client id
	Secret  string // its password

	AccountAttribute    string // of LDAP: by what a user is called, such as uid
	MembershipAttribute string // of LDAP: what a group lists its members in, such as member
}

// Entry is a user or a group of a directory. Its texts are as the directory has them, of whatever length.
type Entry struct {
	ID            string // stays when the entry is renamed or moved: objectGUID, entryUUID or the id in Graph
	Name          string // of a user the account name, without its domain
	Domain        string // the one that tells users of one name apart
	PrincipalName string // name@domain as the directory knows the user, if it does
	DN            string // the distinguished name; empty in Entra ID
	First, Last   string
	Email         string
	Disabled      bool
}

// Found are the members of a group, and how many there are that cannot be users here: entries that are gone, that lie on
// other servers, or that are neither user nor group.
type Found struct {
	Users  []Entry
	Passed int
}

// The limits of a new Client.
const (
	DefaultMembers = 100_000
	DefaultBytes   = 64 << 20
	DefaultDial    = 10 * time.Second
	DefaultAsk     = 15 * time.Second
)

// Options shape a Client. What is left out is a default.
type Options struct {
	Allow   Allow             // where connections may go; by default nowhere
	Servers map[string]string // host:port that answers for a domain of Active Directory, instead of what its DNS says
	Plain   bool              // ask servers that offer no TLS
	Roots   *x509.CertPool    // who vouches for certificates; nil: the system's authorities
	Clouds  map[string]Cloud  // the endpoints of Entra ID, by the name of the cloud
	Members int               // the most members of a group, those of nested groups counted
	Bytes   int               // the most bytes of the answer to one question, 64 MiB at most
	Dial    time.Duration     // until a connection stands, TLS included
	Ask     time.Duration     // until a question is answered
	Log     *slog.Logger
}

// Client opens directories. It is safe for concurrent use.
type Client struct {
	Options
	http *http.Client
}

// New returns a Client.
func New(o Options) *Client {
	o.Members = cmp.Or(o.Members, DefaultMembers)
	o.Bytes = min(cmp.Or(o.Bytes, DefaultBytes), DefaultBytes)
	o.Dial, o.Ask = cmp.Or(o.Dial, DefaultDial), cmp.Or(o.Ask, DefaultAsk)
	if o.Clouds == nil {
		o.Clouds = Clouds()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &Client{Options: o}
	c.http = c.graphClient()
	return c
}

// Directory is an open directory, signed in to. It is for one goroutine, and for as long as its questions take.
type Directory struct {
	source
	kind Kind
}

// source is what each kind of directory answers in its own way.
type source interface {
	user(ctx context.Context, name string) (Entry, error)
	group(ctx context.Context, name string) (Entry, error)
	userByID(ctx context.Context, id, dn string) (Entry, error)
	groupByID(ctx context.Context, id, dn string) (Entry, error)
	members(ctx context.Context, group Entry) (Found, error)
	shortName(ctx context.Context) string
	signIn(ctx context.Context, user Entry, password string) error
	close()
}

// Open connects to a directory and proves who asks. It returns ErrForbiddenDestination, ErrUnreachable, ErrCertificate,
// ErrPlain or ErrCredential.
func (c *Client) Open(ctx context.Context, config Config) (*Directory, error) {
	if config.Account == "" || config.Secret == "" {
		return nil, fmt.Errorf("%s %s: sign in without a name and a password: %w", config.Kind, config.Host, ErrCredential)
	}
	var s source
	var err error
	if config.Kind == Entra {
		s, err = c.openGraph(ctx, config)
	} else {
		s, err = c.openLDAP(ctx, config)
	}
	if err != nil {
		return nil, at(config, err)
	}
	return &Directory{source: s, kind: config.Kind}, nil
}

// at says of which directory an error is.
func at(config Config, err error) error {
	return fmt.Errorf("%s %s: %w", config.Kind, config.Host, err)
}

// Close ends the connection.
func (d *Directory) Close() { d.close() }

// FindUser finds a user: by distinguished name in LDAP, by account or principal name in Active Directory, by principal name
// in Entra ID. Besides what a question can return, it returns ErrNotFound and ErrAmbiguous.
func (d *Directory) FindUser(ctx context.Context, name string) (Entry, error) {
	e, err := d.user(ctx, name)
	return e, d.during("find the user", err)
}

// FindGroup finds a group: by distinguished name in LDAP, by its name in the others. Its errors are those of FindUser.
func (d *Directory) FindGroup(ctx context.Context, name string) (Entry, error) {
	e, err := d.group(ctx, name)
	return e, d.during("find the group", err)
}

// UserByID finds a user by what stays of it. dn is where it was last, which is where it is looked for first.
func (d *Directory) UserByID(ctx context.Context, id, dn string) (Entry, error) {
	e, err := d.userByID(ctx, id, dn)
	return e, d.during("find the user again", err)
}

// GroupByID is UserByID for a group.
func (d *Directory) GroupByID(ctx context.Context, id, dn string) (Entry, error) {
	e, err := d.groupByID(ctx, id, dn)
	return e, d.during("find the group again", err)
}

// Members returns the users in a group and in the groups within it, each once. It returns ErrTooMany beyond the limit, and
// never a part of the members without an error.
func (d *Directory) Members(ctx context.Context, group Entry) (Found, error) {
	found, err := d.members(ctx, group)
	if err != nil {
		return Found{}, d.during("read the members", err)
	}
	return found, nil
}

// ShortName returns the short name of a domain of Active Directory, which people type before a \ and which need not be a part of its
// long one. It is empty if there is none, or if the directory does not say.
func (d *Directory) ShortName(ctx context.Context) string { return d.shortName(ctx) }

// SignIn checks a user's password where it is known, with a connection of its own. Any reason to refuse is ErrCredential; an
// empty password is refused unasked, since LDAP takes it for a visit without a name.
func (d *Directory) SignIn(ctx context.Context, user Entry, password string) error {
	if password == "" || user.Disabled {
		return d.during("sign in", ErrCredential)
	}
	return d.during("sign in", d.signIn(ctx, user, password))
}

func (d *Directory) during(step string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %s: %w", d.kind, step, err)
}

// splitName parts name@domain at its last @.
func splitName(principal string) (name, domain string) {
	if at := strings.LastIndexByte(principal, '@'); at >= 0 {
		return principal[:at], principal[at+1:]
	}
	return principal, ""
}
