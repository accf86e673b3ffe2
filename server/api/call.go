package api

import (
	"context"
	"net/http"
	"reflect"

	"github.com/gin-gonic/gin"

	"github.com/musterhq/muster/store"
)

// RequestID is the header of an answer that carries the request's id, in its canonical spelling.
const RequestID = "X-Request-Id"

// call is one request at one door.
type call struct {
	*gin.Context
	api  *mountedAPI
	row  *Route
	from store.Actor // whence the request comes
	by   *identity

	query   map[string]string // as Query has it
	outcome Outcome

	early *early // the body of a row that reads, nil if it was not read early
}

// serve answers a request for one of the rows that share its method and path.
func (d *mountedAPI) serve(c *gin.Context, rows []*Route) {
	query, err := Query(c.Request)
	if err != nil {
		Refuse(c, StatusOf(err), err, d.Dialect)
		return
	}
	r := pick(rows, c, query)
	if r == nil {
		Refuse(c, http.StatusNotFound, needsParameter(c, rows), d.Dialect)
		return
	}
	if r.plan.body == nil {
		IgnoreBody(c)
	}
	call := &call{
		Context: c, api: d, row: r, from: d.origin(c.Request), query: query, outcome: Outcome{Door: d.Name, Route: r.Path, Path: r.fullPath},
	}
	c.Set(outcomeKey, &call.outcome)
	if err := call.answer(); err != nil {
		call.fail(err)
	}
}

func (c *call) answer() (err error) {
	ctx := c.Request.Context()
	if err := c.api.checkSite(c.Request); err != nil && !c.row.open {
		return err
	}
	if c.by, err = c.identify(ctx); err != nil {
		return err
	}
	if err := c.meter(ctx); err != nil {
		return err
	}
	in := reflect.New(c.row.in)
	if !c.row.updates && c.row.do == nil && (c.row.body == nil || c.readEarly()) {
		if c.early != nil && c.early.err != nil { // its sender may be gone, and yet learns first whether they may
			if _, err := c.admit(context.WithoutCancel(ctx)); err != nil {
				return err
			}
			return c.early.err
		}
		if err := c.begin(ctx, in); err != nil {
			return err
		}
		return c.read(ctx, in)
	}
	// A slow body must not hold a transaction, and a stranger learns nothing from how theirs is refused: so the rights are
	// checked before the body is read, and again in the transaction of the handler.
	caller, err := c.admit(ctx)
	if err != nil {
		return err
	}
	if err := c.fill(ctx, caller, in); err != nil {
		return err
	}
	switch {
	case c.row.do != nil:
		out, err := c.row.do(ctx, caller, in.Interface())
		if err != nil {
			return err
		}
		return c.reply(nil, out)
	case c.row.updates:
		out, err := store.Update(ctx, c.api.DB, caller.By, func(tx *store.Tx) (any, error) { return c.handle(tx, in) })
		if err != nil {
			return err
		}
		return c.reply(nil, out)
	}
	return c.read(ctx, in)
}

// begin does what is to be done before a row reads.
func (c *call) begin(ctx context.Context, in reflect.Value) error {
	if c.row.first == nil {
		return nil
	}
	if _, err := c.admit(ctx); err != nil {
		return err
	}
	if err := c.row.bind(c.Context, c.query, in.Elem()); err != nil {
		return err
	}
	c.row.first(ctx, in.Interface())
	return nil
}

// read runs a row that only reads, and answers within its transaction. A row without a body, or whose body was read early,
// is bound there, once the caller is admitted.
func (c *call) read(ctx context.Context, in reflect.Value) error {
	_, err := store.View(ctx, c.api.DB, c.from, func(tx *store.Tx) (None, error) {
		if err := c.join(tx); err != nil {
			return None{}, err
		}
		if c.row.body == nil || c.early != nil {
			if err := c.bindEarly(in); err != nil {
				return None{}, err
			}
		}
		out, err := c.row.transact(tx, in.Interface())
		if err != nil {
			return None{}, err
		}
		return None{}, c.reply(tx, out)
	})
	c.touch(ctx)
	return err
}

// handle runs the handler in a transaction for the caller as they are now.
func (c *call) handle(tx *store.Tx, in reflect.Value) (any, error) {
	if err := c.join(tx); err != nil {
		return nil, err
	}
	return c.row.transact(tx, in.Interface())
}

// admit checks in a snapshot of its own that the caller may use the row.
func (c *call) admit(ctx context.Context) (Caller, error) {
	caller, err := store.View(ctx, c.api.DB, c.from, func(tx *store.Tx) (Caller, error) {
		err := c.join(tx)
		return Caller{DB: c.api.DB, By: tx.By, Manual: c.api.Manual, join: c.join, outcome: &c.outcome, authorization: c.authorization()}, err
	})
	c.touch(ctx)
	return caller, err
}

// join makes the caller the actor of a transaction, if they may use the row.
func (c *call) join(tx *store.Tx) error {
	if c.row.open {
		return nil
	}
	if err := c.resume(tx); err != nil {
		return err
	}
	tx.By = c.by.actor(tx.By)
	tx.By.AllowEscalation = c.api.VendorGrants
	if !c.by.claims.Satisfies(c.row.Need) {
		return store.Denied(c.row.Need.Required())
	}
	return nil
}

// touch notes that a stored session was used. That it cannot be noted fails no request.
func (c *call) touch(ctx context.Context) {
	if c.by == nil || c.by.session == nil || c.by.session.ID == "" {
		return
	}
	if err := store.Touch(ctx, c.api.DB, c.by.session); err != nil {
		c.api.Log.Log(ctx, c.level(err), "note the use of a session", "error", err)
	}
}
