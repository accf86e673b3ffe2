package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/musterhq/muster/store"
)

// What a row may be sent that anybody can call: a token takes some hundred bytes.
const (
	openLimit = 8 << 10
	openTime  = 5 * time.Second
)

// restTime is how long the rest of a body may take that nobody reads, before the connection ends.
const restTime = 5 * time.Second

// bodyLimit is how many bytes a body of the row may have.
func (c *call) bodyLimit() int64 {
	switch {
	case c.row.limit != 0:
		return c.row.limit
	case c.row.open:
		return min(openLimit, c.api.BodyLimit)
	}
	return c.api.BodyLimit
}

// incoming is the body as the row reads it.
func (c *call) incoming() (io.Reader, error) {
	switch encoding := c.Request.Header.Get("Content-Encoding"); encoding {
	case "gzip", "x-gzip", "deflate", "compress", "br", "zstd":
		return nil, fmt.Errorf("%w as it is, not in %s", ErrMediaType, encoding)
	}
	if c.row.open {
		_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(openTime))
	}
	return sent{http.MaxBytesReader(c.Writer, c.Request.Body, c.bodyLimit())}, nil
}

// receive reads the whole body, without a place among the requests that are worked on, and takes one when it is there. Memory
// follows what arrives, not what the header announces.
func (c *call) receive() ([]byte, error) {
	r, err := c.incoming()
	if err != nil {
		return nil, err
	}
	if c.Request.ContentLength == 0 {
		return nil, nil
	}
	mine := placeOf(c.Context)
	if err := mine.await(); err != nil {
		return nil, err
	}
	body, err := readAll(r, c.Request.ContentLength, mine.hold)
	if err != nil {
		return nil, err
	}
	if c.row.open {
		// A deadline that passes while the request is worked on would end its context.
		_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Time{})
	}
	return body, mine.resume()
}

// promised is up to which length a body's own word is taken for the memory that it needs.
const promised = 4 << 10

// readAll reads a body of a length, -1 if it is unknown, into memory that hold grants.
func readAll(r io.Reader, length int64, hold func(bytes int) error) ([]byte, error) {
	first := 512
	if length > 0 {
		first = int(min(length, promised)) + 1 // the end needs room to be seen
	}
	body := make([]byte, 0, first)
	for {
		if len(body) == cap(body) {
			more := cap(body)
			if missing := int(length) + 1 - len(body); missing > 0 {
				more = min(more, missing)
			}
			if err := hold(cap(body) + more); err != nil {
				return nil, err
			}
			body = slices.Grow(body, more)
		}
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// streamed is a body that a handler reads by itself: it has its place again with the last byte.
type streamed struct {
	io.Reader
	mine *place
}

func (s streamed) Read(p []byte) (int, error) {
	if err := s.mine.await(); err != nil {
		return 0, err
	}
	n, err := s.Reader.Read(p)
	if err == io.EOF {
		if err := s.mine.resume(); err != nil {
			return n, err
		}
	}
	return n, err
}

// sent words what keeps a body from arriving: it is the sender's doing, or the network's, and no fault of the server.
type sent struct{ io.Reader }

func (r sent) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, undelivered(err)
}

func undelivered(err error) error {
	if limit, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fmt.Errorf("%w: the limit is %d bytes", ErrTooLarge, limit.Limit)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: the body was not there in time", ErrSlow)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return store.Invalid("the body ends before its end")
	}
	return store.Invalid("the body cannot be read: %v", err)
}

// IgnoreBody lets a request be answered at once whose body nobody reads, although it may be on its way: package http would wait
// for it before the answer, as long as any body may take, while the place and perhaps a snapshot of the store are kept.
func IgnoreBody(c *gin.Context) {
	if c.Request.ContentLength == 0 {
		return
	}
	connection := http.NewResponseController(c.Writer)
	_ = connection.EnableFullDuplex()
	_ = connection.SetReadDeadline(time.Now().Add(restTime))
}
