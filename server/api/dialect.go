package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
)

// Dialect is one vendor's API: where it lives, how its callers prove themselves, how it spells an error, its rows.
type Dialect struct {
	Name    string   // "insight": the audience of its tokens, the door in audits
	Title   string   // of its Swagger page
	Version string   // of the API, for its document
	Base    string   // the vendor's own path, so that a client changes only the host
	Aliases []string // other bases that clients use
	// Credential finds what a request proves itself with; a zero one if nothing, an error wrapping
	// authz.ErrCredential if it cannot be read.
	Credential func(*http.Request) (authz.Credential, error)
	// Schemes are the ways to send a token, for the document; any of them suffices.
	Schemes []Scheme
	// Models are what the vendor's document calls types of bodies, where that is not their own name, by that.
	Models map[string]string
	// Examples are what the document gives for a parameter in the path, by the segment before it: of the demo lab.
	Examples map[string]string
	// Error is the body of an answer with that status.
	Error func(status int, err error) any
	// Refused is what an answer says of any refused sign-in; empty: the same as of a session that has ended.
	Refused string
	// Meter counts the requests of those who are signed in; nil: nobody does.
	Meter Meter
	// Probed says that OPTIONS asks whether the caller is signed in, at any path that has a row.
	Probed bool
	Routes []Route
	// Unserved are operations of the original without a row, as "GET Things/{id}": their 404 says so.
	Unserved []string

	paths literals
}

// Scheme is where callers put a token.
type Scheme struct {
	Name        string // by which the document calls it
	In          string // header or query
	Parameter   string // the name of the header, or of the parameter
	Description string
}

// Options are what all dialects of a server have in common.
type Options struct {
	DB        *store.DB
	Log       *slog.Logger
	Manual    bool  // answer to the letter of the printed document
	BodyLimit int64 // bytes, for rows without a limit of their own

	TrustedProxies store.Ranges // whose X-Forwarded-For is believed
	VendorGrants   bool         // callers may give rights that they lack

	CrossSite *http.CrossOriginProtection // of requests with cookies; nil: none

	AskDirectory store.AskDirectory // nil: users of directories have no passwords here
}

// mountedAPI is a dialect with its options.
type mountedAPI struct {
	*Dialect
	Options
	known    *credentialCache
	decoding chan struct{} // has room for the bodies that are decoded at a time
	gather   gatherers
	zip      compressors
}

// Mount registers the rows with Gin. Rows that share method and path become one Gin route and are told apart by
// their query parameter or, digits or not, by a path value; two that could both match are a mistake in the table and panic.
func (d *Dialect) Mount(e *gin.Engine, o Options) {
	mounted := &mountedAPI{Dialect: d, Options: o, known: newCredentialCache(), decoding: make(chan struct{}, runtime.GOMAXPROCS(0))}
	for i := range d.Routes {
		r := &d.Routes[i]
		r.fullPath = d.Base + "/" + r.Path
		d.paths.add(r.pattern.segments)
	}
	for _, rows := range d.Operations() {
		if err := distinct(rows); err != nil {
			panic(fmt.Sprintf("%s: %v", d.Name, err))
		}
		e.Handle(rows[0].Method, d.Base+rows[0].pattern.ginPath(), func(c *gin.Context) { mounted.serve(c, rows) })
	}
	if d.Probed {
		for path, methods := range d.methods() {
			r := probe(methods)
			e.OPTIONS(d.Base+path, func(c *gin.Context) { mounted.serve(c, []*Route{&r}) })
		}
	}
}

// methods are those of the rows, by the path that Gin knows.
func (d *Dialect) methods() map[string][]string {
	methods := map[string][]string{}
	for _, rows := range d.Operations() {
		path := rows[0].pattern.ginPath()
		methods[path] = append(methods[path], rows[0].Method)
	}
	return methods
}

// probe is the row behind OPTIONS: any signed-in caller learns which methods a path has.
func probe(methods []string) Route {
	allowed := http.Header{"Allow": {strings.Join(append(methods, http.MethodOptions), ", ")}}
	return GET("", authz.Anyone, "", func(*store.Tx, None) (Reply[None], error) { return Reply[None]{Header: allowed}, nil })
}

// Operations returns the rows, those that share method and path together, in the order of the table.
func (d *Dialect) Operations() (grouped [][]*Route) {
	at := map[string]int{}
	for i := range d.Routes {
		r := &d.Routes[i]
		key := r.Method + " " + r.pattern.ginPath()
		n, known := at[key]
		if !known {
			n = len(grouped)
			at[key], grouped = n, append(grouped, nil)
		}
		grouped[n] = append(grouped[n], r)
	}
	return grouped
}

// Refuse answers with an error in the form of the door that was asked; beside the doors, with the words of the status.
func Refuse(c *gin.Context, status int, err error, dialects ...*Dialect) {
	d, _ := find(dialects, c.Request.URL.EscapedPath())
	if d == nil {
		c.String(status, "%s\n", http.StatusText(status))
		return
	}
	if OutcomeOf(c).Door == "" {
		c.Set(outcomeKey, &Outcome{Door: d.Name})
	}
	write(c, status, d.Error(status, err))
}

// distinct checks that every request for the rows, which share method and path, has one row at most that fits it best.
func distinct(rows []*Route) error {
	seen := map[string]*Route{}
	for _, r := range rows {
		key := fmt.Sprint(r.pattern.query, r.numeric())
		if other := seen[key]; other != nil {
			return fmt.Errorf("%s %s and %s cannot be told apart", r.Method, r.Path, other.Path)
		}
		seen[key] = r
	}
	return nil
}

// pick returns the row that is meant: one whose query parameter the request has before one without, then one whose
// path values are numbers, if they are. It is nil when all rows want a parameter that the request lacks.
func pick(rows []*Route, c *gin.Context, query map[string]string) *Route {
	if len(rows) == 1 && rows[0].pattern.query == "" {
		return rows[0]
	}
	var best *Route
	bestScore := -1
	for _, r := range rows {
		score := 0
		if r.pattern.query != "" {
			if !r.pattern.asked(query) {
				continue
			}
			score += 2
		}
		if len(rows) > 1 && r.numeric() {
			if !r.fits(c) {
				continue
			}
			score++
		}
		if score > bestScore {
			best, bestScore = r, score
		}
	}
	return best
}

// numeric reports whether all path values of the row are numbers.
func (r *Route) numeric() bool { return r.plan.numeric }

// fits reports whether all path values of the request are digits.
func (r *Route) fits(c *gin.Context) bool {
	for _, p := range c.Params {
		if p.Value == "" || strings.Trim(p.Value, "0123456789") != "" {
			return false
		}
	}
	return true
}
