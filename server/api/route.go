// Package api turns rows into routes. An endpoint is a Route: method, the vendor's path, who may call it, one line of
// summary, one function. Everything else a request needs (binding, signing in, rights, the transaction, encoding,
// errors) is done here, once, and the Swagger page and the guard tests are made from the same rows.
package api

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
)

// Handler answers an endpoint within one transaction. It may run again after a conflict, so it touches nothing
// but tx. in holds what the request brought: fields tagged uri from the path, form from the query, and one named
// Body.
type Handler[In, Out any] func(tx *store.Tx, in In) (Out, error)

// Caller is who calls, for the endpoints that are more than one transaction.
type Caller struct {
	DB *store.DB
	By store.Actor

	Manual bool // the door keeps to the letter of the printed document

	join func(*store.Tx) error

	outcome       *Outcome // for the access log
	authorization string   // the header of a request for a row that is open
}

// Update runs fn in a transaction for the caller, who is looked at again in it: their rights may have changed since
// the request began.
func Update[R any](ctx context.Context, c Caller, fn func(*store.Tx) (R, error)) (R, error) {
	return store.Update(ctx, c.DB, c.By, func(tx *store.Tx) (none R, err error) {
		if err := c.join(tx); err != nil {
			return none, err
		}
		return fn(tx)
	})
}

// View runs fn in a snapshot for the caller, who is looked at again in it as in Update.
func View[R any](ctx context.Context, c Caller, fn func(*store.Tx) (R, error)) (R, error) {
	return store.View(ctx, c.DB, c.By, func(tx *store.Tx) (none R, err error) {
		if err := c.join(tx); err != nil {
			return none, err
		}
		return fn(tx)
	})
}

// None is the answer, or the request, without a body.
type None struct{}

// Stream is a Body that the handler reads by itself, at most as many bytes as the row's Limit.
type Stream struct {
	io.Reader
	ContentType string // as the request says it
}

// Reply is an answer with more than a body.
type Reply[T any] struct {
	Body   T
	Header http.Header
	Status int // 0: the row's
}

func (r Reply[T]) parts() (body any, h http.Header, status int) { return r.Body, r.Header, r.Status }

// Route is one row of an API's table.
type Route struct {
	Method  string
	Path    string // as the document has it, below the base; "?name" at its end: only with that query parameter, "?one&two": only with both
	Need    authz.Need
	Summary string

	fullPath       string // with the base of its door, once it is mounted
	name           string
	refusals       []int
	ownRefusals    []int        // those whose body is a refusal of the row's own
	refusal        reflect.Type // nil: all are the door's
	fillIn         string       // what the page cannot fill in with something that exists
	harmful        bool         // trying it with what exists does harm
	form           bool         // the document shows the body as a form
	file           string       // what the file is that comes with the body; empty: there is none
	status, manual int
	also           int // another status of success; 0: none
	manualList     bool
	printed        *printed // nil: what the handler answers
	updates        bool     // runs in store.Update
	open           bool     // needs no session
	beyond         string   // how sure its shape is, of a row beyond the documents; empty: it is in them
	deprecated     bool
	limit          int64 // of the body, in bytes; 0: the server's

	in, out, body reflect.Type
	pattern       pattern
	plan          plan
	transact      func(tx *store.Tx, in any) (any, error)                  // nil for Do
	do            func(ctx context.Context, c Caller, in any) (any, error) // nil otherwise
	first         func(ctx context.Context, in any)                        // nil: nothing
}

func row[In, Out any](method, path string, need authz.Need, summary string, status int) Route {
	r := Route{
		Method: method, Path: path, Need: need, Summary: summary, status: status, updates: method != http.MethodGet,
		in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](),
	}
	r.pattern, r.plan = patternOf(path), planOf(r.in)
	if f, ok := r.in.FieldByName("Body"); ok {
		r.body = f.Type
	}
	return r
}

func within[In, Out any](r Route, h Handler[In, Out]) Route {
	r.transact = func(tx *store.Tx, in any) (any, error) { return h(tx, *in.(*In)) }
	return r
}

// GET is a row whose handler reads one snapshot.
func GET[In, Out any](path string, need authz.Need, summary string, h Handler[In, Out]) Route {
	return within(row[In, Out](http.MethodGet, path, need, summary, http.StatusOK), h)
}

// POST is a row whose handler may write; it answers 201 unless the row says otherwise.
func POST[In, Out any](path string, need authz.Need, summary string, h Handler[In, Out]) Route {
	return within(row[In, Out](http.MethodPost, path, need, summary, http.StatusCreated), h)
}

// PUT is a row whose handler may write.
func PUT[In, Out any](path string, need authz.Need, summary string, h Handler[In, Out]) Route {
	return within(row[In, Out](http.MethodPut, path, need, summary, http.StatusOK), h)
}

// DELETE is a row whose handler may write.
func DELETE[In, Out any](path string, need authz.Need, summary string, h Handler[In, Out]) Route {
	return within(row[In, Out](http.MethodDelete, path, need, summary, http.StatusOK), h)
}

// Do is a row for what is not one transaction: it spools, waits or asks others. It answers 200.
func Do[In, Out any](method, path string, need authz.Need, summary string, h func(context.Context, Caller, In) (Out, error)) Route {
	r := row[In, Out](method, path, need, summary, http.StatusOK)
	r.do = func(ctx context.Context, c Caller, in any) (any, error) { return h(ctx, c, *in.(*In)) }
	return r
}

// Before has something done before a row reads: what is not within its snapshot, for a caller who may use the row. The row
// answers whatever comes of it.
func Before[In any](r Route, fn func(context.Context, In)) Route {
	r.first = func(ctx context.Context, in any) { fn(ctx, *in.(*In)) }
	return r
}

// Named gives the row the name that the vendor's document has for it, after which generated clients call their functions.
func (r Route) Named(name string) Route { r.name = name; return r }

// Refuses adds statuses of refusal to the document that cannot be told from the row.
func (r Route) Refuses(statuses ...int) Route { r.refusals = statuses; return r }

// RefusesWith adds statuses of refusal whose body is not the door's error but of the type of the example.
func (r Route) RefusesWith(body any, statuses ...int) Route {
	r.refusal, r.ownRefusals = reflect.TypeOf(body), statuses
	return r
}

// Harmful marks a row that does harm when somebody only tries it, so that the document has an example that does not exist.
func (r Route) Harmful() Route { r.harmful = true; return r }

// FillIn says what the caller has to fill in, where the demo lab has nothing that the page could.
func (r Route) FillIn(what string) Route { r.fillIn = what; return r }

// Form documents the body as an HTML form, which the row takes as well as JSON.
func (r Route) Form() Route { r.form = true; return r }

// File documents the body as a multipart form whose members have a file with them, and what that file is.
func (r Route) File(what string) Route { r.file = what; return r }

// Answers sets the status of success.
func (r Route) Answers(status int) Route { r.status = status; return r }

// OrAnswers documents another status of success, which the handler says in its Reply.
func (r Route) OrAnswers(status int) Route { r.also = status; return r }

// Manual sets the status of success under the contract of the printed document, where clients need another.
func (r Route) Manual(status int) Route { r.manual = status; return r }

// ManualList wraps the answer in a list of one under the contract of the printed document, but for the records that PrintsTwo
// calls alone.
func (r Route) ManualList() Route { r.manualList = true; return r }

// Prints names the members that a record of the answer has under the contract of the printed document, as the heading has
// them: in its order and spelling, those within a member in braces behind it ("ID Name Rules{ID Value}"). A row whose
// handler answers just these needs no list. It panics if the answer cannot have one of them.
func (r Route) Prints(members string) Route {
	r.printed = &printed{usual: membersOf(members)}
	checkMembers(shapeOf(r.out).of, r.printed.usual)
	return r
}

// PrintsTwo is Prints for an answer of two kinds of records: one that has the first member of alone has just those of alone.
func (r Route) PrintsTwo(usual, alone string) Route {
	r = r.Prints(usual)
	r.printed.alone = membersOf(alone)
	checkMembers(shapeOf(r.out).of, r.printed.alone)
	return r
}

// ReadOnly is for a row that reads although its method is not GET.
func (r Route) ReadOnly() Route { r.updates = false; return r }

// Updates is for a row that writes although its method is GET.
func (r Route) Updates() Route { r.updates = true; return r }

// Open lets the row be called without a session.
func (r Route) Open() Route { r.open = true; return r }

// Beyond marks a row that no document has, and says how sure its shape is: a sentence for the page.
func (r Route) Beyond(sure string) Route { r.beyond = sure; return r }

// IsBeyond reports whether no document has the row.
func (r Route) IsBeyond() bool { return r.beyond != "" }

// Deprecated marks the row as the document does.
func (r Route) Deprecated() Route { r.deprecated = true; return r }

// Limit sets how many bytes a body may have.
func (r Route) Limit(bytes int64) Route { r.limit = bytes; return r }

// Takes documents the body of a row that reads a Stream, by an example of its type.
func (r Route) Takes(body any) Route { r.body = reflect.TypeOf(body); return r }

// IsOpen reports whether the row can be called without a session.
func (r Route) IsOpen() bool { return r.open }

// IsDeprecated reports whether the document calls the row deprecated.
func (r Route) IsDeprecated() bool { return r.deprecated }

// Printed returns the members of a record of the answer under the contract of the printed document, and of one that has the
// first of alone, for documents. Each is nil if there is no such list: all that the handler answers.
func (r Route) Printed() (usual, alone []Member) {
	if r.printed == nil {
		return nil, nil
	}
	return r.printed.usual, r.printed.alone
}

// Status returns the status of success under a contract.
func (r Route) Status(manual bool) int {
	if manual && r.manual != 0 {
		return r.manual
	}
	return r.status
}

// pattern is what the row's path says, apart.
type pattern struct {
	segments []string
	query    string // the parameter that picks the row, in lower case, or several joined by &; empty: none
}

// asked reports whether a query has what picks the row: its parameter, or all of several, none of them empty.
func (p pattern) asked(query map[string]string) bool {
	if !strings.Contains(p.query, "&") {
		_, given := query[p.query]
		return given
	}
	for one := range strings.SplitSeq(p.query, "&") {
		if query[one] == "" {
			return false
		}
	}
	return true
}

func patternOf(path string) pattern {
	path, query, _ := strings.Cut(path, "?")
	return pattern{segments: split(path), query: strings.ToLower(query)}
}

// ginPath is the path by which Gin knows the row: parameters are named by their position, since rows that share a
// position call it by different names.
func (p pattern) ginPath() string {
	segments := slices.Clone(p.segments)
	for i, s := range segments {
		if isParameter(s) {
			segments[i] = ":" + position(i)
		}
	}
	return join(segments)
}
