package api

import (
	"bufio"
	"io"
	"log/slog"
	"net/http"
	"sync"

	"github.com/klauspost/compress/gzip"

	"github.com/musterhq/muster/store"
)

// streamBuffer is how much of a list is gathered before its status is sent; an error within it can still be told.
const streamBuffer = 32 << 10

func (c *call) stream(tx *store.Tx, status int, list func(*store.Tx, io.Writer) error) error {
	begun := &lazyWriter{c: c, status: status}
	w := c.api.gather.take(begun)
	defer c.api.gather.put(w)
	if err := list(tx, w); err != nil {
		if begun.done { // the client has the beginning: cut it off, so that it cannot take it for the whole
			level := c.level(err)
			if begun.gone {
				level = slog.LevelDebug
			}
			c.api.Log.Log(c.Request.Context(), level, "a list broke off", "route", c.FullPath(), "error", err)
			panic(http.ErrAbortHandler)
		}
		return err
	}
	if !begun.done { // it is short: nothing is gained by compressing it
		begun.plain = true
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return begun.end()
}

// gatherers are the buffers of answers that are streamed.
type gatherers struct{ idle sync.Pool }

func (g *gatherers) take(to io.Writer) *bufio.Writer {
	if w, ok := g.idle.Get().(*bufio.Writer); ok {
		w.Reset(to)
		return w
	}
	return bufio.NewWriterSize(to, streamBuffer)
}

func (g *gatherers) put(w *bufio.Writer) {
	w.Reset(nil) // the answer is not kept alive
	g.idle.Put(w)
}

// lazyWriter sends the status with the first bytes, and what follows in gzip if the client asked for that.
type lazyWriter struct {
	c      *call
	status int
	done   bool
	plain  bool
	gone   bool         // the client is
	zipped *gzip.Writer // nil: sent as it is
}

func (b *lazyWriter) Write(p []byte) (int, error) {
	if !b.done {
		b.done = true
		if b.c.Writer.Header().Get("Content-Type") == "" {
			b.c.Header("Content-Type", contentType)
		}
		if !b.plain && compresses(b.c.Request) {
			b.c.Header("Content-Encoding", "gzip")
			b.c.Writer.Header().Add("Vary", "Accept-Encoding")
			b.zipped = b.c.api.zip.take(b.c.Writer)
		}
		b.c.Status(b.status)
	}
	if b.zipped != nil {
		n, err := b.zipped.Write(p)
		b.gone = b.gone || err != nil
		return n, err
	}
	n, err := b.c.Writer.Write(p)
	b.gone = b.gone || err != nil
	return n, err
}

// end writes what closes the answer. An answer that broke off has no end.
func (b *lazyWriter) end() error {
	if b.zipped == nil {
		return nil
	}
	defer b.c.api.zip.idle.Put(b.zipped)
	return b.zipped.Close()
}
