package store

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/store/record"
	"pgregory.net/rapid"
)

// search lists the names of the assets that an actor finds.
func (l *fixture) search(by Actor, c AssetCriteria) []string {
	l.t.Helper()
	found, err := View(l.ctx, l.DB, by, func(tx *Tx) ([]string, error) {
		list, err := SearchAssets(c)
		if err != nil {
			return nil, err
		}
		all, err := rows[Asset](tx, list, 0, math.MaxInt)
		names := []string{}
		for _, a := range all {
			names = append(names, a.AssetName)
		}
		return names, err
	})
	if err != nil {
		l.t.Fatalf("%v", err)
	}
	return found
}

func TestSearch(t *testing.T) {
	t.Parallel()
	s := newSights(t)
	for _, a := range []Asset{
		{AssetName: "web", IPAddress: "10.0.0.9", DnsName: "www.example", DomainName: "EXAMPLE", MacAddress: "00:1A:2B:3C:4D:5E", AssetType: "Server"},
		{AssetName: "db", IPAddress: "10.0.0.10", DnsName: "db.example", DomainName: "example", MacAddress: "00:1A:2B:3C:4D:5F", AssetType: "Server"},
		{AssetName: "printer", IPAddress: "192.168.0.1", AssetType: "Printer"},
		{AssetName: "router", IPAddress: "2001:db8::1", DnsName: "www.example"},
		{
			WorkgroupID: s.workgroupThere, AssetName: "web", IPAddress: "10.0.0.9", DnsName: "www.example", DomainName: "EXAMPLE",
			MacAddress: "00:1A:2B:3C:4D:5E", AssetType: "Server",
		},
	} {
		s.asset(a)
	}
	for name, test := range map[string]struct {
		criteria AssetCriteria
		want     []string
	}{
		"name, in any letter case":          {AssetCriteria{AssetName: "WEB"}, []string{"web"}},
		"a part of a name is none":          {AssetCriteria{AssetName: "we"}, nil},
		"DNS name":                          {AssetCriteria{DnsName: "WWW.example"}, []string{"web", "router"}},
		"domain":                            {AssetCriteria{DomainName: "Example"}, []string{"web", "db"}},
		"MAC address":                       {AssetCriteria{MacAddress: "00:1a:2b:3c:4d:5e"}, []string{"web"}},
		"type":                              {AssetCriteria{AssetType: "server"}, []string{"web", "db"}},
		"one address":                       {AssetCriteria{IPAddress: "10.0.0.9"}, []string{"web"}},
		"an address in IPv6 form":           {AssetCriteria{IPAddress: "::ffff:10.0.0.9"}, []string{"web"}},
		"a list, in the order of addresses": {AssetCriteria{IPAddress: "192.168.0.1, 10.0.0.10"}, []string{"db", "printer"}},
		"a range":                           {AssetCriteria{IPAddress: "10.0.0.9-10.0.0.255"}, []string{"web", "db"}},
		"a CIDR":                            {AssetCriteria{IPAddress: "10.0.0.8/29"}, []string{"web", "db"}},
		"what overlaps is found once":       {AssetCriteria{IPAddress: "10.0.0.0/8,10.0.0.9,10.0.0.9-10.0.0.10"}, []string{"srv", "web", "db"}},
		"all of IPv4":                       {AssetCriteria{IPAddress: "0.0.0.0/0"}, []string{"srv", "web", "db", "printer"}},
		"all of IPv6 is not IPv4":           {AssetCriteria{IPAddress: "::/0"}, []string{"router"}},
		"nor as the second criterion":       {AssetCriteria{IPAddress: "::/0", DnsName: "www.example"}, []string{"router"}},
		"all that is given holds":           {AssetCriteria{DnsName: "www.example", IPAddress: "10.0.0.0/24", AssetType: "Server"}, []string{"web"}},
		"and not only some of it":           {AssetCriteria{AssetName: "web", AssetType: "Printer"}, nil},
		"an address beside a name":          {AssetCriteria{AssetName: "web", IPAddress: "192.168.0.1"}, nil},
		"nothing like it":                   {AssetCriteria{AssetName: "nowhere"}, nil},
		"longer than any name":              {AssetCriteria{AssetName: strings.Repeat("web", 100_000)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			equal(t, "found", s.in(t).search(s.visitor, test.criteria), test.want)
		})
	}
	for name, test := range map[string]struct {
		by   Actor
		want []string
	}{
		"a visitor of there": {Actor{Groups: []int{8}}, []string{"web"}},
		"an administrator":   {Actor{Admin: true}, []string{"web", "web"}},
		"nobody":             {Actor{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			equal(t, "found", s.in(t).search(test.by, AssetCriteria{AssetName: "web"}), test.want)
		})
	}
}

func TestSearchRefuses(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	for name, test := range map[string]struct {
		criteria AssetCriteria
		says     string
	}{
		"nothing given": {AssetCriteria{}, "at least one of AssetName, DnsName, DomainName, IPAddress, MacAddress and AssetType is required"},
		"no address":    {AssetCriteria{AssetName: "web", IPAddress: "x"}, `IPAddress: "x" is not an IP address, a range a-b or a CIDR`},
	} {
		t.Run(name, func(t *testing.T) {
			got := l.in(t).refused(ErrInvalid, func(*Tx) error { _, err := SearchAssets(test.criteria); return err })
			if got != test.says {
				t.Errorf("the error is %q, want %q", got, test.says)
			}
		})
	}
}

// addresses are what a search can say of an address, with what it means.
var addresses = []struct {
	text string
	has  func(netip.Addr) bool
}{
	{"", func(netip.Addr) bool { return true }},
	{"10.0.0.1", func(a netip.Addr) bool { return a == netip.MustParseAddr("10.0.0.1") }},
	{"10.0.0.1, ::ffff:10.0.1.1,10.0.0.1", func(a netip.Addr) bool {
		return a == netip.MustParseAddr("10.0.0.1") || a == netip.MustParseAddr("10.0.1.1")
	}},
	{"10.0.0.3-10.0.1.2", func(a netip.Addr) bool {
		return a.Is4() && !a.Less(netip.MustParseAddr("10.0.0.3")) && !netip.MustParseAddr("10.0.1.2").Less(a)
	}},
	{"10.0.0.0/29,10.0.0.2/31,10.0.0.0", netip.MustParsePrefix("10.0.0.0/29").Contains},
	{"::ffff:10.0.1.0/120", netip.MustParsePrefix("10.0.1.0/24").Contains},
	{"0.0.0.0/0", netip.Addr.Is4},
	{"::/0", netip.Addr.Is6},
	{"2001:db8::2-2001:db8::3,10.0.0.4", func(a netip.Addr) bool {
		return slices.Contains([]string{"2001:db8::2", "2001:db8::3", "10.0.0.4"}, a.String())
	}},
}

func TestSearchAgreesWithLookingAtEveryAsset(t *testing.T) {
	t.Parallel()
	s := newSights(t)
	other := s.workgroup("Floor 1", "")
	texts := func(n int, of ...string) Text { return Text(of[n%len(of)]) }
	for i := range 60 {
		ip := fmt.Sprintf("10.0.%d.%d", i%2, i%9)
		if i%5 == 0 {
			ip = fmt.Sprintf("2001:db8::%d", i%4)
		}
		s.asset(Asset{
			WorkgroupID: []int{s.workgroupHere, other, s.workgroupThere}[i%3], AssetName: fmt.Sprint("srv", i/3), IPAddress: ip,
			DnsName: texts(i/2, "", "a.example", "B.example"), DomainName: texts(i/3, "", "EXAMPLE", "example"),
			MacAddress: texts(i/4, "", "AA", "bb"), AssetType: texts(i/5, "Server", "Printer", ""),
		})
	}
	all := view(s.fixture, func(tx *Tx) ([]*Asset, error) { return record.Collect(Assets.All(tx)) })
	wanted := func(of ...string) *rapid.Generator[string] { return rapid.SampledFrom(append(of, "", "", "")) }
	rapid.Check(t, func(t *rapid.T) {
		address := rapid.SampledFrom(addresses).Draw(t, "address")
		c := AssetCriteria{
			AssetName: wanted("srv3", "SRV7", "srv").Draw(t, "name"), DnsName: wanted("a.example", "b.EXAMPLE").Draw(t, "DNS name"),
			DomainName: wanted("Example").Draw(t, "domain"), MacAddress: wanted("aa", "BB").Draw(t, "MAC address"),
			AssetType: wanted("server", "PRINTER").Draw(t, "type"), IPAddress: address.text,
		}
		if (c == AssetCriteria{}) {
			return
		}
		by := rapid.SampledFrom([]Actor{s.visitor, {Admin: true}, {Groups: []int{8}}, {}}).Draw(t, "actor")
		want := []int{}
		for _, a := range all {
			sees := by.Admin || a.WorkgroupID == s.workgroupThere == slices.Contains(by.Groups, 8) && len(by.Groups) > 0
			if sees && address.has(a.address()) && is(c.AssetName, a.AssetName) && is(c.DnsName, string(a.DnsName)) &&
				is(c.DomainName, string(a.DomainName)) && is(c.MacAddress, string(a.MacAddress)) && is(c.AssetType, string(a.AssetType)) {
				want = append(want, a.AssetID)
			}
		}
		offset, limit := rapid.IntRange(0, len(want)+1).Draw(t, "offset"), rapid.IntRange(0, len(want)+1).Draw(t, "limit")
		found, piece, n := s.find(t, by, c, offset, limit)
		if n != len(want) {
			t.Errorf("%d are counted, want %d", n, len(want))
		}
		equal(t, "the piece", piece, found[min(offset, len(found)):min(offset+limit, len(found))])
		slices.Sort(found)
		slices.Sort(want)
		equal(t, "found", found, want)
	})
}

// is reports whether a criterion, if it is given, holds for a member.
func is(wanted, member string) bool { return wanted == "" || strings.EqualFold(wanted, member) }

// find searches in the three ways that a List has.
func (s *sights) find(t tb, by Actor, c AssetCriteria, offset, limit int) (all, piece []int, n int) {
	t.Helper()
	_, err := View(s.ctx, s.DB, by, func(tx *Tx) (struct{}, error) {
		list, err := SearchAssets(c)
		if err != nil {
			return struct{}{}, err
		}
		ids := func(offset, limit int) (ids []int) {
			found, failed := rows[Asset](tx, list, offset, limit)
			for _, a := range found {
				ids = append(ids, a.AssetID)
			}
			err = cmp.Or(err, failed)
			return ids
		}
		all, piece = ids(0, math.MaxInt), ids(offset, limit)
		counted, failed := list.Count(tx)
		n = counted
		return struct{}{}, cmp.Or(err, failed)
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return all, piece, n
}
