package api

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/musterhq/muster/store"
)

func TestOrigin(t *testing.T) {
	t.Parallel()
	trusted, err := store.ParseRanges("203.0.113.0/24, 2001:db8:ffff::/48")
	if err != nil {
		t.Fatal(err)
	}
	d := &mountedAPI{Dialect: &Dialect{Name: "test"}, Options: Options{TrustedProxies: trusted}}
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
		"the unix socket, by its path":        {"/var/lib/muster/muster.sock", []string{"198.51.100.1"}, "", ""},
		"no remote address":                   {"", []string{"198.51.100.1"}, "", ""},

		"several headers are one list":              {"203.0.113.1:5", []string{"192.0.2.66", "198.51.100.1"}, "198.51.100.1", "203.0.113.1"},
		"a chain of proxies":                        {"203.0.113.1:5", []string{"198.51.100.1, 203.0.113.3, 203.0.113.2"}, "198.51.100.1", "203.0.113.1"},
		"what stands before a stranger":             {"203.0.113.1:5", []string{"203.0.113.9, 192.0.2.66, 198.51.100.1, 203.0.113.2"}, "198.51.100.1", "203.0.113.1"},
		"a stranger who claims to be the proxy":     {"192.0.2.1:5", []string{"203.0.113.1"}, "192.0.2.1", ""},
		"a stranger who claims to be this host":     {"192.0.2.1:5", []string{"127.0.0.1"}, "192.0.2.1", ""},
		"a neighbour of the proxy":                  {"203.0.114.1:5", []string{"198.51.100.1"}, "203.0.114.1", ""},
		"loopback is not trusted by itself":         {"127.0.0.1:5", []string{"198.51.100.1"}, "127.0.0.1", ""},
		"nor is that of IPv6":                       {"[::1]:5", []string{"198.51.100.1"}, "::1", ""},
		"an empty header":                           {"203.0.113.1:5", []string{""}, "203.0.113.1", ""},
		"an empty entry at the end":                 {"203.0.113.1:5", []string{"198.51.100.1,"}, "203.0.113.1", ""},
		"an empty entry before":                     {"203.0.113.1:5", []string{",198.51.100.1"}, "198.51.100.1", "203.0.113.1"},
		"nonsense before a client":                  {"203.0.113.1:5", []string{"<script>, 198.51.100.1"}, "198.51.100.1", "203.0.113.1"},
		"an obfuscated client":                      {"203.0.113.1:5", []string{"_hidden"}, "203.0.113.1", ""},
		"a name":                                    {"203.0.113.1:5", []string{"localhost"}, "203.0.113.1", ""},
		"an address with leading zeros":             {"203.0.113.1:5", []string{"198.051.100.001"}, "203.0.113.1", ""},
		"an address as a number":                    {"203.0.113.1:5", []string{"3325256705"}, "203.0.113.1", ""},
		"a CIDR":                                    {"203.0.113.1:5", []string{"198.51.100.0/24"}, "203.0.113.1", ""},
		"IPv4 with a port":                          {"203.0.113.1:5", []string{"198.51.100.1:65535"}, "198.51.100.1", "203.0.113.1"},
		"IPv6":                                      {"203.0.113.1:5", []string{"2001:DB8::0007"}, "2001:db8::7", "203.0.113.1"},
		"IPv6 in brackets":                          {"203.0.113.1:5", []string{"[2001:db8::7]"}, "2001:db8::7", "203.0.113.1"},
		"IPv6 with a zone":                          {"203.0.113.1:5", []string{"fe80::7%eth0"}, "fe80::7", "203.0.113.1"},
		"a peer in IPv6 form":                       {"[::ffff:192.0.2.1]:5", nil, "192.0.2.1", ""},
		"a proxy in IPv6 form":                      {"[::ffff:203.0.113.1]:5", []string{"198.51.100.1"}, "198.51.100.1", "203.0.113.1"},
		"a proxy that names a proxy in IPv6 form":   {"203.0.113.1:5", []string{"198.51.100.1, ::ffff:203.0.113.2"}, "198.51.100.1", "203.0.113.1"},
		"a peer with a zone":                        {"[fe80::1%eth0]:5", []string{"198.51.100.1"}, "fe80::1", ""},
		"the wrong end of the trusted IPv6 network": {"[2001:db8:fffe::1]:5", []string{"198.51.100.1"}, "2001:db8:fffe::1", ""},
	} {
		got := d.origin(&http.Request{RemoteAddr: c.remote, Header: http.Header{"X-Forwarded-For": c.forwarded}})
		if got.IPAddress != c.address || got.Proxy != c.proxy {
			t.Errorf("%s: %q by %q, want %q by %q", name, got.IPAddress, got.Proxy, c.address, c.proxy)
		}
	}
}

// TestOtherHeadersSayNothing passes over whatever else proxies and strangers send.
func TestOtherHeadersSayNothing(t *testing.T) {
	t.Parallel()
	trusted, err := store.ParseRanges("203.0.113.77/24, fe80::/10") // host bits are ignored
	if err != nil {
		t.Fatal(err)
	}
	d := &mountedAPI{Dialect: &Dialect{Name: "test"}, Options: Options{TrustedProxies: trusted}}
	for remote, want := range map[string]string{"203.0.113.1:5": "203.0.113.1", "192.0.2.1:5": "192.0.2.1"} {
		header := http.Header{}
		for _, name := range []string{"Forwarded", "X-Real-Ip", "X-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "X-Original-Forwarded-For", "Client-Ip"} {
			header.Set(name, "198.51.100.1")
		}
		if got := d.origin(&http.Request{RemoteAddr: remote, Header: header}); got.IPAddress != want || got.Proxy != "" {
			t.Errorf("%s: %q by %q", remote, got.IPAddress, got.Proxy)
		}
	}
	got := d.origin(&http.Request{RemoteAddr: "[fe80::1%eth0]:5", Header: http.Header{"X-Forwarded-For": {"198.51.100.1"}}})
	if got.IPAddress != "198.51.100.1" || got.Proxy != "fe80::1" {
		t.Errorf("a proxy with a zone: %q by %q", got.IPAddress, got.Proxy)
	}
}

// FuzzOrigin sends whatever strangers and proxies may: only a trusted peer's header counts, and it never makes anybody of a proxy.
func FuzzOrigin(f *testing.F) {
	trusted, err := store.ParseRanges("203.0.113.0/24")
	if err != nil {
		f.Fatal(err)
	}
	d := &mountedAPI{Dialect: &Dialect{Name: "test"}, Options: Options{TrustedProxies: trusted}}
	f.Add("203.0.113.1:5", "198.51.100.1, 203.0.113.2", "[2001:db8::7]:80")
	f.Add("192.0.2.1:5", "198.51.100.1", "")
	f.Add("@", "::ffff:198.51.100.1", "fe80::1%eth0")
	f.Fuzz(func(t *testing.T, remote, one, two string) {
		plain := d.origin(&http.Request{RemoteAddr: remote, Header: http.Header{}})
		got := d.origin(&http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {one, two}}})
		if got.Proxy == "" && got.IPAddress == plain.IPAddress {
			return
		}
		client, err := netip.ParseAddr(got.IPAddress)
		proxy, err2 := netip.ParseAddr(got.Proxy)
		if err != nil || err2 != nil || got.Proxy != plain.IPAddress || !trusted.Contains(proxy) || trusted.Contains(client) || client.Zone() != "" {
			t.Errorf("%q with %q and %q: %q by %q", remote, one, two, got.IPAddress, got.Proxy)
		}
	})
}
