package api

import (
	"net/http"
	"testing"
)

// TestCompresses says which requests get a long list in gzip.
func TestCompresses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header http.Header
		want   bool
	}{
		"with a token":                {http.Header{"Authorization": {"Bearer h.p.s"}, "Accept-Encoding": {"gzip"}}, true},
		"among others":                {http.Header{"Authorization": {"PS-Auth key=a; runas=b;"}, "Accept-Encoding": {"br;q=1.0, GZip ; q=0.8"}}, true},
		"in a second header":          {http.Header{"Authorization": {"Bearer h.p.s"}, "Accept-Encoding": {"deflate", "gzip"}}, true},
		"with a cookie":               {http.Header{"Cookie": {"ASP.NET_SessionId=h.p.s"}, "Accept-Encoding": {"gzip"}}, false},
		"who does not ask":            {http.Header{"Authorization": {"Bearer h.p.s"}}, false},
		"who asks for something else": {http.Header{"Authorization": {"Bearer h.p.s"}, "Accept-Encoding": {"br, deflate"}}, false},
		"who refuses it":              {http.Header{"Authorization": {"Bearer h.p.s"}, "Accept-Encoding": {"gzip;q=0, br"}}, false},
		"whose weight is no number":   {http.Header{"Authorization": {"Bearer h.p.s"}, "Accept-Encoding": {"gzip;q=much"}}, false},
	} {
		if got := compresses(&http.Request{Header: c.header}); got != c.want {
			t.Errorf("a client %s: %t", name, got)
		}
	}
}
