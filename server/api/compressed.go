package api

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// compressors are the writers of answers that were asked for in gzip; each has some hundred KiB of tables.
type compressors struct{ idle sync.Pool }

func (c *compressors) take(w io.Writer) *gzip.Writer {
	if z, ok := c.idle.Get().(*gzip.Writer); ok {
		z.Reset(w)
		return z
	}
	z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // its one error is a level that there is not
	return z
}

// compresses reports whether a long list is sent in gzip. Only a client that shows its credential in a header gets it: a
// browser sends the cookie along with whatever a hostile page asks for, and how well an answer compresses would then tell
// the page what is in it.
func compresses(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" && accepts(strings.Join(r.Header.Values("Accept-Encoding"), ","), "gzip")
}

// accepts reads the value of an Accept-Encoding header, in which q=0 refuses an encoding.
func accepts(header, encoding string) bool {
	for one := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(one, ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		weight, weighed := strings.CutPrefix(strings.ToLower(strings.ReplaceAll(parameters, " ", "")), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		return !weighed || err == nil && q > 0
	}
	return false
}
