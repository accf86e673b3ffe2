package api

import (
	"net/http"
	"testing"

	"github.com/musterhq/muster/store"
)

func TestOrigin(t *testing.T) {
	t.Parallel()
	trusted, err := store.ParseRanges("203.0.113.0/24, 2001:db8:ffff::/48")
	if err != nil {
		t.Fatal(err)
	}
	d := &door{Dialect: &Dialect{Name: "test"}, Options: Options{TrustedProxies: trusted}}
	for name, c := range map[string]struct {
		remote    string
		forwarded []string
		address   string
		proxy     string
	}{
		"a client":                            {"192.0.2.1:5", nil, "192.0.2.1", ""},
		"a client that says it is another":    {"192.0.2.1:5", []string{"198.51.100.1"}, "192.0.2.1", ""},
		"a proxy's client":                    {"203.0.113.1:5", []string{"198.51.100.1"}, "198.51.100.1", "203.0.113.1"},
		"the last address that is no proxy's": {"203.0.113.1:5", []string{"10.0.0.1, 198.51.100.1", "203.0.113.2"}, "198.51.100.1", "203.0.113.1"},
		"a proxy that names nobody":           {"203.0.113.1:5", nil, "203.0.113.1", ""},
		"a proxy that names only proxies":     {"203.0.113.1:5", []string{"203.0.113.9"}, "203.0.113.1", ""},
		"a proxy that names nonsense":         {"203.0.113.1:5", []string{"198.51.100.1, unknown"}, "203.0.113.1", ""},
		"IPv6, with a port":                   {"[2001:db8:ffff::1]:5", []string{"[2001:db8::7]:80"}, "2001:db8::7", "2001:db8:ffff::1"},
		"IPv4 in IPv6 form":                   {"203.0.113.1:5", []string{"::ffff:198.51.100.1"}, "198.51.100.1", "203.0.113.1"},
		"the unix socket":                     {"@", []string{"198.51.100.1"}, "", ""},
	} {
		got := d.origin(&http.Request{RemoteAddr: c.remote, Header: http.Header{"X-Forwarded-For": c.forwarded}})
		if got.IPAddress != c.address || got.Proxy != c.proxy {
			t.Errorf("%s: %q by %q, want %q by %q", name, got.IPAddress, got.Proxy, c.address, c.proxy)
		}
	}
}
