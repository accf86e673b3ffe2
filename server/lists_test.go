package server_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/musterhq/muster/store"
)

// TestLongListsAreCompressed asks for a long and a short list, with and without the wish for gzip: the bytes are the same,
// and a browser's cookie never gets any compressed.
func TestLongListsAreCompressed(t *testing.T) {
	t.Parallel()
	l := newFixture(t, false)
	must(t, store.Change(t.Context(), l.db, store.System("test"), func(tx *store.Tx) error {
		for i := range 300 {
			a := &store.Asset{WorkgroupID: 1, AssetName: fmt.Sprint("srv", i), IPAddress: "192.0.2.1"}
			if err := store.Assets.Insert(tx.Unaudited(), a); err != nil {
				return err
			}
		}
		return nil
	}))
	token := l.tokenOf("administrator")
	bearer, cookie := http.Header{"Authorization": {"Bearer " + token}}, l.cookieOf(token)
	for _, c := range []struct {
		name, path string
		header     http.Header
		asks, want bool
	}{
		{"long, with a token", "", bearer, true, true},
		{"long, not asked for", "", bearer, false, false},
		{"long, with a cookie", "", cookie, true, false},
		{"short", "?limit=10", bearer, true, false},
	} {
		path := "/BeyondTrust/api/public/v3/Workgroups/1/Assets" + c.path
		plain := l.request("GET", path, "", c.header)
		header := c.header.Clone()
		if c.asks {
			header.Set("Accept-Encoding", "gzip")
		}
		got := l.request("GET", path, "", header)
		body, encoding := got.Body.String(), got.Header().Get("Content-Encoding")
		if (encoding == "gzip") != c.want || c.want != (got.Header().Get("Vary") == "Accept-Encoding") {
			t.Errorf("%s: the encoding is %q, Vary %q", c.name, encoding, got.Header().Get("Vary"))
		}
		if encoding == "gzip" {
			z, err := gzip.NewReader(strings.NewReader(body))
			must(t, err)
			all, err := io.ReadAll(z)
			must(t, err)
			body = string(all)
		}
		if body != plain.Body.String() || plain.Code != http.StatusOK || len(body) < 1000 {
			t.Errorf("%s: status %d, %d bytes, want %d", c.name, plain.Code, len(body), plain.Body.Len())
		}
	}
}
