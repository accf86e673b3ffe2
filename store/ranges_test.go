package store

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestParseRanges(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"one address":                       {"10.0.0.1", []string{"10.0.0.1-10.0.0.1"}},
		"one IPv6 address":                  {"2001:DB8::1", []string{"2001:db8::1-2001:db8::1"}},
		"a range":                           {"10.0.0.1-10.0.1.9", []string{"10.0.0.1-10.0.1.9"}},
		"a range with blanks":               {" 10.0.0.1 - 10.0.1.9 ", []string{"10.0.0.1-10.0.1.9"}},
		"a range of one":                    {"10.0.0.1-10.0.0.1", []string{"10.0.0.1-10.0.0.1"}},
		"an IPv6 range":                     {"2001:db8::-2001:db8::ff", []string{"2001:db8::-2001:db8::ff"}},
		"a CIDR":                            {"10.0.0.0/24", []string{"10.0.0.0-10.0.0.255"}},
		"host bits are ignored":             {"10.0.0.77/24", []string{"10.0.0.0-10.0.0.255"}},
		"a CIDR of one":                     {"10.0.0.1/32", []string{"10.0.0.1-10.0.0.1"}},
		"everything in IPv4":                {"0.0.0.0/0", []string{"0.0.0.0-255.255.255.255"}},
		"an IPv6 CIDR":                      {"2001:db8::/126", []string{"2001:db8::-2001:db8::3"}},
		"a list":                            {"10.0.0.9, 10.0.0.1-10.0.0.2 ,::/127", []string{"10.0.0.9-10.0.0.9", "10.0.0.1-10.0.0.2", "::-::1"}},
		"IPv4 in IPv6 form":                 {"::ffff:10.0.0.1", []string{"10.0.0.1-10.0.0.1"}},
		"a range of IPv4 in IPv6 form":      {"::ffff:10.0.0.1-10.0.0.2", []string{"10.0.0.1-10.0.0.2"}},
		"a CIDR of IPv4 in IPv6 form":       {"::ffff:10.0.0.0/120", []string{"10.0.0.0-10.0.0.255"}},
		"the CIDR of all IPv4 in that form": {"::ffff:0:0/96", []string{"0.0.0.0-255.255.255.255"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ranges, err := ParseRanges(test.text)
			got := []string{}
			for _, r := range ranges {
				got = append(got, r.String())
			}
			if !slices.Equal(got, test.want) || err != nil {
				t.Errorf("%q is %v, error %v; want %v", test.text, got, err, test.want)
			}
		})
	}
}

func TestParseRangesRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, says string }{
		"nothing":                  {"", `"" is not an IP address, a range a-b or a CIDR`},
		"a name":                   {"server", `"server" is not an IP address, a range a-b or a CIDR`},
		"a member that is none":    {"10.0.0.1,10.0.0.256,10.0.0.2", `"10.0.0.256" is not an IP address, a range a-b or a CIDR`},
		"an empty member":          {"10.0.0.1,,10.0.0.2", `"" is not an IP address, a range a-b or a CIDR`},
		"too few numbers":          {"10.0.0", `"10.0.0" is not an IP address, a range a-b or a CIDR`},
		"a leading zero":           {"010.0.0.1", `"010.0.0.1" is not an IP address, a range a-b or a CIDR`},
		"too many bits":            {"10.0.0.0/33", `"10.0.0.0/33" is not an IP address, a range a-b or a CIDR`},
		"half a range":             {"10.0.0.1-", `"10.0.0.1-" is not an IP address, a range a-b or a CIDR`},
		"a range of numbers":       {"10.0.0.1-9", `"10.0.0.1-9" is not an IP address, a range a-b or a CIDR`},
		"a zone":                   {"fe80::1%eth0", `"fe80::1%eth0" is not an IP address, a range a-b or a CIDR`},
		"a zone in a CIDR":         {"fe80::1%eth0/64", `"fe80::1%eth0/64" is not an IP address, a range a-b or a CIDR`},
		"the wrong way round":      {"10.0.0.2-10.0.0.1", `the range "10.0.0.2-10.0.0.1" does not go from a lower to a higher address`},
		"from IPv4 to IPv6":        {"10.0.0.1-::1", `the range "10.0.0.1-::1" does not go from a lower to a higher address`},
		"too many":                 {strings.Repeat("10.0.0.1,", 10_000) + "10.0.0.1", "10001 addresses are more than 10000"},
		"a text as long as a file": {strings.Repeat("x", 5000), `"` + strings.Repeat("x", 1024) + `" is not an IP address, a range a-b or a CIDR`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := ParseRanges(test.text); !errors.Is(err, ErrInvalid) || err.Error() != test.says {
				t.Errorf("the error is %v, want %s", err, test.says)
			}
		})
	}
}

func TestContains(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ranges  string
		address string
		want    bool
	}{
		"the first":                 {"10.0.0.1-10.0.0.9", "10.0.0.1", true},
		"the last":                  {"10.0.0.1-10.0.0.9", "10.0.0.9", true},
		"before the first":          {"10.0.0.1-10.0.0.9", "10.0.0.0", false},
		"behind the last":           {"10.0.0.1-10.0.0.9", "10.0.0.10", false},
		"in the second":             {"10.0.0.1,10.0.1.0/24", "10.0.1.77", true},
		"in IPv6 form":              {"10.0.0.0/24", "::ffff:10.0.0.7", true},
		"IPv6 is in no IPv4 range":  {"0.0.0.0/0", "::a00:7", false},
		"and IPv4 in no IPv6 range": {"::/0", "10.0.0.7", false},
		"not even in one around it": {"::fffe:0:0-::ffff:ffff:ffff:ffff", "10.0.0.7", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ranges, err := ParseRanges(test.ranges)
			if err != nil {
				t.Fatal(err)
			}
			if got := ranges.Contains(netip.MustParseAddr(test.address)); got != test.want {
				t.Errorf("%s contains %s: %v", test.ranges, test.address, got)
			}
		})
	}
}

func FuzzParseRanges(f *testing.F) {
	for _, seed := range []string{
		"10.0.0.1", "10.0.0.0/8,::1", "1.1.1.1-2.2.2.2", "::ffff:1.2.3.4/90", "fe80::%1/64", "-", ",", "::-::ffff:0:0", "1.1.1.1--2",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ranges, err := ParseRanges(text)
		if err != nil {
			if !errors.Is(err, ErrInvalid) || ranges != nil {
				t.Fatalf("%q: %v, error %v", text, ranges, err)
			}
			return
		}
		if len(ranges) != strings.Count(text, ",")+1 {
			t.Fatalf("%q has %d members", text, len(ranges))
		}
		for _, r := range ranges {
			for _, end := range []netip.Addr{r.From(), r.To()} {
				if !end.Is4In6() && !ranges.Contains(end) {
					t.Fatalf("%q does not contain %v", text, end)
				}
			}
			if r.From().Is4In6() || r.To().Is4In6() {
				continue // an IPv6 CIDR around all of IPv4, which has no other spelling
			}
			if again, err := ParseRanges(r.String()); err != nil || !slices.Equal(again, Ranges{r}) {
				t.Fatalf("%q is %v and then %v, error %v", text, r, again, err)
			}
		}
	})
}
