package api

import (
	"context"
	"fmt"
	"mime"
	"reflect"
)

// fill binds path, query and body, and runs the body's Prepare, for what must be done once and not in the
// transaction: hash a password, ask a directory. The caller is as they were before the body was read.
func (c *call) fill(ctx context.Context, caller Caller, in reflect.Value) error {
	if err := c.row.bind(c.Context, c.query, in.Elem()); err != nil {
		return err
	}
	if c.row.plan.body == nil {
		return nil
	}
	field := in.Elem().FieldByIndex(c.row.plan.body)
	if field.Type() == reflect.TypeFor[Stream]() {
		r, err := c.incoming()
		if err != nil {
			return err
		}
		field.Set(reflect.ValueOf(Stream{streamed{r, placeOf(c.Context)}, c.Request.Header.Get("Content-Type")}))
		return nil
	}
	body, err := c.receive()
	if err != nil {
		return err
	}
	if err := c.api.decode(c.Request.Header.Get("Content-Type"), body, field.Addr().Interface()); err != nil {
		return err
	}
	if p, ok := field.Addr().Interface().(preparer); ok {
		return p.Prepare(ctx, caller)
	}
	return nil
}

// early is a body that was read before its sender was looked at, or why it could not be.
type early struct {
	body []byte
	err  error
}

// earlyLimit is how many bytes may be read of a body whose sender may be anybody.
const earlyLimit = 4 << 10

// readEarly reads a small body of a row that only reads, and reports whether it did: it is not decoded until the caller is
// admitted, and with the body at hand one transaction is enough for both.
func (c *call) readEarly() bool {
	if size := c.Request.ContentLength; size < 0 || size > min(earlyLimit, c.bodyLimit()) || !c.row.plan.plain {
		return false
	}
	body, err := c.receive()
	c.early = &early{body, err}
	return true
}

// bindEarly fills path, query and the body that was read early.
func (c *call) bindEarly(in reflect.Value) error {
	if err := c.row.bind(c.Context, c.query, in.Elem()); err != nil || c.early == nil {
		return err
	}
	field := in.Elem().FieldByIndex(c.row.plan.body)
	return c.api.decode(c.Request.Header.Get("Content-Type"), c.early.body, field.Addr().Interface())
}

// preparer is a body that has something done once, before the transaction.
type preparer interface {
	Prepare(context.Context, Caller) error
}

// decode decodes a body when its turn comes: what bodies become on the way takes a multiple of their size, and more of
// them at a time than there are processors would only wait for each other.
func (d *mountedAPI) decode(contentType string, body []byte, v any) error {
	d.decoding <- struct{}{}
	defer func() { <-d.decoding }()
	return decodeAs(contentType, body, v)
}

// decodeAs reads a body by its media type. A form that begins like JSON is JSON whose sender forgot to say so.
func decodeAs(contentType string, body []byte, v any) error {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil && contentType != "" {
		return fmt.Errorf("%w, not %q", ErrMediaType, contentType)
	}
	looksJSON := len(body) > 0 && (body[0] == '{' || body[0] == '[')
	switch {
	case media == "application/x-www-form-urlencoded" && !looksJSON:
		return decodeForm(body, v)
	case media == "", media == "application/x-www-form-urlencoded", media == "application/json", media == "text/json",
		media == "text/plain", len(body) == 0:
		return Decode(body, v)
	}
	return fmt.Errorf("%w, not %q", ErrMediaType, media)
}
