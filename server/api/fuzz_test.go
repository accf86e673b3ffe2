package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
)

// asked has a parameter of each kind that rows have.
type asked struct {
	Paging
	Number Number  `uri:"number"`
	Name   string  `uri:"name"`
	ID     int     `form:"id"`
	Text   string  `form:"text"`
	Maybe  *string `form:"maybe"`
	Flag   bool    `form:"flag"`
}

// FuzzQuery binds paths and queries: what is bound is what may be, what is refused is the caller's fault.
func FuzzQuery(f *testing.F) {
	f.Add("7", "a/b", "limit=10&offset=5&ID=1&Text=x&flag=TRUE")
	f.Add("99999999999999999999", "\x00", "limit=0")
	f.Add("", "%2F", "id=+7&flag=&maybe=&LIMIT=1&Limit=2")
	f.Add("1", "", "text=a;id=2&text=%zz")
	f.Add("-1", "ü", "text=%ff%00&offset=-1&offset=2147483648")
	row := GET("Things/{number}/{name}", authz.Anyone, "", func(*store.Tx, asked) (None, error) { return None{}, nil })
	f.Fuzz(func(t *testing.T, number, name, query string) {
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/", RawQuery: query}}
		c := &gin.Context{Request: r, Params: gin.Params{{Key: "p1", Value: number}, {Key: "p2", Value: name}}}
		var in asked
		parameters, err := Query(r)
		if err == nil {
			err = row.bind(c, parameters, reflect.ValueOf(&in).Elem())
		}
		if err == nil {
			var limit, offset int
			if err = in.fill(&limit, &offset); err == nil && in.Limit != nil && (limit < 1 || limit > maxLimit || offset < 0) {
				t.Errorf("%q: limit %d, offset %d", query, limit, offset)
			}
		}
		switch {
		case err != nil && !errors.Is(err, store.ErrInvalid):
			t.Errorf("%q: %v is not the caller's fault", query, err)
		case err == nil && strings.ContainsRune(in.Name+in.Text, 0):
			t.Errorf("%q: a NUL is let through", query)
		}
	})
}

// FuzzForwardedFor reads headers of proxies: whoever is found is no proxy, and a text that has an address only.
func FuzzForwardedFor(f *testing.F) {
	f.Add("10.0.0.1, 198.51.100.1", "203.0.113.2")
	f.Add("[2001:db8::7]:80,unknown", "")
	f.Add("::ffff:203.0.113.9%eth0", "198.51.100.1:99999")
	trusted, err := store.ParseRanges("203.0.113.0/24")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		found, ok := forwardedFor([]string{first, second}, trusted)
		if ok && (!found.IsValid() || trusted.Contains(found) || found.Zone() != "" || found.Is4In6()) {
			t.Errorf("%q, %q: %v", first, second, found)
		}
	})
}

// FuzzForgiving brings paths to the rows' spelling. Whatever a path says, it stays below the base that it began with.
func FuzzForgiving(f *testing.F) {
	f.Add("/Base/things//7/SRV%2F01/")
	f.Add("/bAsE/../../etc/passwd")
	f.Add("/alias/Things/%")
	f.Add("/base/%2e%2e/%2e%2e%2f+")
	d := &Dialect{Base: "/base", Aliases: []string{"/alias"}}
	d.paths.add(split("Things/{id}/Parts"))
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil || u.Path == "" {
			return
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL = u
		NormalizePath(http.HandlerFunc(func(_ http.ResponseWriter, got *http.Request) {
			if below, _ := find([]*Dialect{d}, path); below != nil && got.URL.Path != d.Base && !strings.HasPrefix(got.URL.Path, d.Base+"/") {
				t.Errorf("%q became %q", path, got.URL.Path)
			}
			if plain, err := url.PathUnescape(got.URL.EscapedPath()); err != nil {
				t.Errorf("%q became %q, which has no meaning: %v", path, got.URL.EscapedPath(), err)
			} else if strings.Count(plain, "\x00") > strings.Count(u.Path, "\x00") {
				t.Errorf("%q became %q", path, plain)
			}
		}), d).ServeHTTP(httptest.NewRecorder(), r)
	})
}

// FuzzForm reads forms as bodies.
func FuzzForm(f *testing.F) {
	f.Add([]byte("name=a&given=&list=b"))
	f.Add([]byte("Name=a&name=b&%zz"))
	f.Add([]byte(strings.Repeat("a&", 100)))
	f.Fuzz(func(t *testing.T, in []byte) {
		var got body
		if err := decodeAs("application/x-www-form-urlencoded", in, &got); err != nil && !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%q: %v is not the caller's fault", in, err)
		}
	})
}
