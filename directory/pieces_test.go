package directory

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// given is a connection that has some bytes to read.
type given struct {
	net.Conn
	io.Reader
}

func (g given) Read(p []byte) (int, error) { return g.Reader.Read(p) }

// FuzzWire lets through only what the decoder can take: whole messages of few elements, none of them deep.
func FuzzWire(f *testing.F) {
	f.Add([]byte{0x30, 0x03, 2, 1, 7})
	f.Add([]byte{0x30, 0x84, 0, 0, 0, 3, 2, 1, 7, 0x30, 0})
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Add([]byte{0x30, 0x04, 0x30, 0x05, 1, 2})
	f.Add([]byte{0x30, 0x02, 0x1f, 0x00})
	f.Add([]byte{0x30, 0x02, 0x00, 0x00})
	f.Add(bytes.Repeat([]byte{0x30, 0x7e}, 64))
	f.Fuzz(func(t *testing.T, sent []byte) {
		w := newWire(given{Reader: bytes.NewReader(sent)}, 1<<20, 10)
		passed, _ := io.ReadAll(w)
		if !bytes.HasPrefix(sent, passed) {
			t.Fatalf("%x became %x", sent, passed)
		}
		if w.elements.Load() > w.limit {
			t.Fatalf("%d elements passed", w.elements.Load())
		}
		for rest := bytes.NewBuffer(passed); rest.Len() > 0; {
			if _, err := ber.ReadPacket(rest); err != nil {
				return // the decoder may be stricter, and ends the connection then
			}
		}
	})
}

func TestElementsAreCounted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		message []byte
		want    int
	}{
		"nothing":                  {[]byte{0x30, 0}, 1},
		"one":                      {[]byte{0x30, 2, 4, 0}, 2},
		"two in each other":        {[]byte{0x30, 4, 0x31, 2, 4, 0}, 3},
		"side by side":             {[]byte{0x30, 5, 4, 1, 'x', 4, 0}, 3},
		"more than there is":       {[]byte{0x30, 2, 4, 1}, -1},
		"less than there is":       {[]byte{0x30, 1, 4, 0}, -1},
		"beyond its parent":        {[]byte{0x30, 4, 0x31, 3, 4, 0}, -1},
		"a long tag":               {[]byte{0x30, 3, 0x3f, 0x81, 0}, -1},
		"a length told at the end": {[]byte{0x30, 4, 0x30, 0x80, 0, 0}, -1},
		"as deep as it may be":     {nested(maxNesting), maxNesting},
		"deeper":                   {nested(maxNesting + 2), -1},
	} {
		n, err := countElements(test.message)
		if err != nil {
			n = -1
		}
		if n != test.want {
			t.Errorf("%s: %d (%v), want %d", name, n, err, test.want)
		}
	}
}

func nested(deep int) []byte {
	var all []byte
	for range deep {
		all = append([]byte{0x30, byte(len(all))}, all...)
	}
	return all
}

// FuzzFilters escape every name, so that a filter stays the one that was meant.
func FuzzFilters(f *testing.F) {
	for _, name := range []string{"*)(uid=*", `Doe, John`, `\`, "\x00", "é", "#1", "\xff", "(", "a=b", " "} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		for _, filter := range []string{
			"(uid=" + ldap.EscapeFilter(name) + ")", "(objectGUID=" + escapeBytes([]byte(name)) + ")",
		} {
			packet, err := ldap.CompileFilter(filter)
			if err != nil {
				t.Fatalf("%q became %s: %v", name, filter, err)
			}
			if name == "" {
				continue // the filter for an empty value
			}
			if packet.Tag != ldap.FilterEqualityMatch || packet.Children[1].Data.String() != name {
				t.Fatalf("%q became %s, which looks for %q", name, filter, packet.Children[1].Data.String())
			}
		}
		dn := "uid=" + ldap.EscapeDN(name) + ",dc=x"
		if name == "" || strings.ContainsRune(name, 0) {
			return
		}
		if parsed, err := ldap.ParseDN(dn); err == nil && (len(parsed.RDNs) != 2 || len(parsed.RDNs[0].Attributes) != 1) {
			t.Fatalf("%q became %s, of %d parts", name, dn, len(parsed.RDNs))
		}
		foldDN(name)
		memberName(name)
	})
}

func TestDistinguishedNamesCompareByMeaning(t *testing.T) {
	t.Parallel()
	for _, same := range [][2]string{
		{"CN=Alice,DC=x", "cn=alice,dc=X"}, {"cn=alice, dc=x", "cn=alice,dc=x"}, {`cn=Doe\, John,dc=x`, `CN=doe\2C john,DC=x`},
		{"cn=a+uid=b,dc=x", "uid=b+cn=a,dc=x"}, {`cn=\C3\A9,dc=x`, "cn=é,dc=x"},
	} {
		if foldDN(same[0]) != foldDN(same[1]) {
			t.Errorf("%s and %s: %s, %s", same[0], same[1], foldDN(same[0]), foldDN(same[1]))
		}
	}
	if foldDN("cn=a,dc=x") == foldDN("cn=a,dc=y") {
		t.Error("two names are the same")
	}
}

func TestDestinations(t *testing.T) {
	t.Parallel()
	a, err := ParseAllow([]string{"dc.example", "ldap.example:636", "10.0.0.0/8", "192.0.2.1", "198.51.100.1:389", "2001:db8::/32", "[2001:db9::1]:636", "::ffff:203.0.113.7"})
	if err != nil {
		t.Fatal(err)
	}
	for target, want := range map[string]bool{
		"10.1.2.3:1": true, "11.1.2.3:1": false, "192.0.2.1:1": true, "192.0.2.2:1": false, "198.51.100.1:389": true, "198.51.100.1:636": false,
		"[2001:db8::5]:1": true, "[2001:db9::1]:636": true, "[2001:db9::1]:389": false, "[::ffff:10.1.2.3]:1": true, "203.0.113.7:1": true, "127.0.0.1:1": false,
	} {
		if got := a.address(netip.MustParseAddrPort(target)); got != want {
			t.Errorf("%s: %t", target, got)
		}
	}
	for host, want := range map[string]bool{"dc.example": true, "DC.EXAMPLE.": true, "x.dc.example": false, "ldap.example": true, "dc.example.evil": false, "": false} {
		if got := a.name(host, 636); got != want {
			t.Errorf("%q: %t", host, got)
		}
	}
	if a.name("ldap.example", 389) {
		t.Error("ldap.example at another port is allowed")
	}
	for _, bad := range []string{"", "10.0.0.0/33", "http://x", "host:0", "host:65536", "host:x", "a b", "*.example", "user@host", "x/24", ":389"} {
		if _, err := ParseAllow([]string{bad}); err == nil || !strings.Contains(err.Error(), "CIDR") && !strings.Contains(err.Error(), "network") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestNamesDoNotGetRoundAddresses dials a name that is not trusted as such: what counts is the address it has when it is dialed.
func TestNamesDoNotGetRoundAddresses(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	for list, want := range map[string]error{"127.0.0.0/8,::1": nil, "localhost": nil, "192.0.2.0/24": ErrForbiddenDestination, "corp.example": ErrForbiddenDestination} {
		allow, err := ParseAllow(strings.Split(list, ","))
		if err != nil {
			t.Fatal(err)
		}
		conn, err := New(Options{Allow: allow}).dial(t.Context(), "localhost", port, "")
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", list, err)
		}
		if conn != nil {
			conn.Close()
		}
	}
	// Servers that the DNS of a trusted domain names are trusted within it, and nowhere else.
	trusts := New(Options{Allow: Allow{names: []destination{{"host", 0}}}})
	if _, err := trusts.dial(t.Context(), "127.0.0.1", port, "host"); !errors.Is(err, ErrForbiddenDestination) {
		t.Errorf("a server outside its domain: %v", err)
	}
	within := New(Options{Allow: Allow{names: []destination{{"localhost", 0}}}})
	conn, err := within.dial(t.Context(), "localhost", port, "localhost")
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// TestStartTLSTakesNothingInAdvance leaves what was sent in clear text behind the answer out of what comes next.
func TestStartTLSTakesNothingInAdvance(t *testing.T) {
	t.Parallel()
	client, server := net.Pipe()
	answer := []byte{0x30, 12, 2, 1, 1, 0x78, 7, 0x0a, 1, 0, 4, 0, 4, 0}
	go func() {
		bufio.NewReader(server).ReadByte()
		go io.Copy(io.Discard, server)
		server.Write(append(answer, "injected"...))
		server.Close()
	}()
	client.SetDeadline(time.Now().Add(10 * time.Second))
	offered, err := startTLS(client)
	if err != nil || !offered {
		t.Fatalf("%t, %v", offered, err)
	}
	rest, _ := io.ReadAll(client)
	if string(rest) != "injected" { // it goes to TLS, which refuses it, and not to LDAP
		t.Errorf("%q is left", rest)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"7": 7 * time.Second, "0": time.Millisecond, "": time.Second, "soon": time.Second, "-1": time.Second, "99999999999": time.Second,
		"Fri, 02 Jan 2026 03:04:15 GMT": 10 * time.Second, "Fri, 02 Jan 2026 03:00:00 GMT": time.Millisecond,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
