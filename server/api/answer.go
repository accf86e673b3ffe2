package api

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/kv"
)

// reply writes an answer; tx is the transaction of a row that reads, nil after a commit.
func (c *call) reply(tx *store.Tx, out any) error {
	status := c.row.Status(c.api.Manual)
	if r, ok := out.(interface {
		parts() (any, http.Header, int)
	}); ok {
		body, header, own := r.parts()
		for name, values := range header {
			c.Writer.Header()[name] = values
		}
		if own != 0 {
			status = own
		}
		out = body
	}
	if list, ok := out.(interface {
		write(*store.Tx, io.Writer, *printed) error
	}); ok {
		fill := func(tx *store.Tx, w io.Writer) error { return list.write(tx, w, c.printed()) }
		if c.api.Manual && c.row.manualList {
			fill = inArray(fill)
		}
		return c.stream(tx, status, fill)
	}
	if _, none := out.(None); none || status == http.StatusNoContent {
		write(c.Context, status, nil)
		return nil
	}
	body, err := c.encode(out)
	if err != nil {
		return err
	}
	raw(c.Context, status, body)
	return nil
}

// printed is what the row says of the members of its answer under the contract of the door; nil: all that it answers.
func (c *call) printed() *printed {
	if !c.api.Manual {
		return nil
	}
	return c.row.printed
}

// encode is an answer under the contract of the door, which is not written piece by piece.
func (c *call) encode(out any) (body []byte, err error) {
	if record, ok := out.(interface{ stored() []byte }); ok {
		body = record.stored()
	} else if body, err = encodeJSON(out); err != nil {
		return nil, err
	}
	body, isAlone, err := c.printed().answer(body)
	if c.api.Manual && c.row.manualList && !isAlone {
		body = slices.Concat([]byte("["), body, []byte("]"))
	}
	return body, err
}

// level is how loud the log tells a fault of the server. A client that is gone is none; a full disk is told once, by who watches
// it; and what a flood of requests brings about must not flood the log.
func (c *call) level(err error) slog.Level {
	passing := func(kind error) bool { return errors.Is(err, kind) }
	if c.Request.Context().Err() != nil || slices.ContainsFunc([]error{kv.ErrNoSpace, kv.ErrClosed, authz.ErrTooMany, ErrOccupied}, passing) {
		return slog.LevelDebug
	}
	return slog.LevelError
}

// fail writes an error as the door spells it.
func (c *call) fail(err error) {
	status := StatusOf(err)
	id := c.Writer.Header().Get(RequestID)
	level := slog.LevelDebug
	if status >= http.StatusInternalServerError {
		level = c.level(err)
	}
	c.api.Log.Log(c.Request.Context(), level, "request refused", "request", id, "route", c.FullPath(), "status", status, "error", err)
	if status == http.StatusServiceUnavailable {
		c.Header("Retry-After", "1")
	}
	c.outcome.refuse(err)
	c.note(status, err)
	// A caller who was refused before the body was read must not hold the connection with the rest of it.
	_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(restTime))
	public := Public(status, err, id)
	if c.api.Refused != "" && errors.Is(err, store.ErrRefused) {
		public = errors.New(c.api.Refused)
	}
	write(c.Context, status, c.api.Error(status, public))
}

const contentType = "application/json"

var contentTypes = []string{contentType} // shared by all answers, which may replace it but not change it

// write answers with a body as JSON, or without one.
func write(c *gin.Context, status int, body any) {
	if body == nil {
		if status != http.StatusNoContent {
			c.Header("Content-Length", "0")
		}
		c.Status(status)
		c.Writer.WriteHeaderNow()
		return
	}
	b, err := encodeJSON(body)
	if err != nil {
		b, status = []byte(strconv.Quote("internal error")), http.StatusInternalServerError
	}
	raw(c, status, b)
}

// counted is how many bytes of a body net/http counts by itself, since they fit its buffer. So a usual answer has no more than eight
// headers, with which Go's maps are small.
const counted = 2 << 10

func raw(c *gin.Context, status int, body []byte) {
	header := c.Writer.Header()
	header["Content-Type"] = contentTypes
	if n := len(body); n == 0 || n > counted {
		header.Set("Content-Length", strconv.Itoa(n))
	}
	c.Status(status)
	_, _ = c.Writer.Write(body) // an error is the client's, who is gone
}
