package hosts

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/musterhq/muster/plugins"
)

type record = plugins.Record

func TestAdd(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ records, want []record }{
		"holes are filled":              {[]record{{IPAddress: "192.0.2.1", AssetName: "a"}, {IPAddress: "192.0.2.1", AssetName: "b", OperatingSystem: "Linux"}}, []record{{IPAddress: "192.0.2.1", AssetName: "a", OperatingSystem: "Linux"}}},
		"three names of one address":    {[]record{{IPAddress: "192.0.2.1", AssetName: "A"}, {IPAddress: "192.0.2.1", AssetName: "B"}, {IPAddress: "192.0.2.1", AssetName: "A"}}, []record{{IPAddress: "192.0.2.1", AssetName: "A"}}},
		"a name between two others":     {[]record{{DnsName: "a"}, {DnsName: "b"}, {DnsName: "A", OperatingSystem: "Linux"}}, []record{{DnsName: "a", OperatingSystem: "Linux", Skip: "no address"}, {DnsName: "b", Skip: "no address"}}},
		"an address that begins with a": {[]record{{IPAddress: "a::1", AssetName: "A"}, {IPAddress: "A:0::1", OperatingSystem: "Linux"}}, []record{{IPAddress: "a::1", AssetName: "A", OperatingSystem: "Linux"}}},
		"the name of one that is alive": {[]record{{IPAddress: "192.0.2.1", AssetName: "old", OperatingSystem: "BSD", Skip: "dead"}, {IPAddress: "192.0.2.1", AssetName: "new"}, {IPAddress: "192.0.2.1", MacAddress: "00:1A:2B:3C:4D:5E", Skip: "dead"}}, []record{{IPAddress: "192.0.2.1", AssetName: "new"}}},
		"an address in other words":     {[]record{{IPAddress: "2001:DB8:0::1"}, {IPAddress: " 2001:db8::1 "}}, []record{{IPAddress: "2001:db8::1"}}},
		"one name at two addresses":     {[]record{{IPAddress: "192.0.2.1", AssetName: "a"}, {IPAddress: "192.0.2.2", AssetName: "a"}}, []record{{IPAddress: "192.0.2.1", AssetName: "a"}, {IPAddress: "192.0.2.2", AssetName: "a"}}},
		"names without address":         {[]record{{DnsName: "a.example"}, {DnsName: "A.example", OperatingSystem: "Linux"}, {AssetName: "b"}}, []record{{DnsName: "a.example", OperatingSystem: "Linux", Skip: "no address"}, {AssetName: "b", Skip: "no address"}}},
		"nothing is known":              {[]record{{}, {}}, []record{{Skip: "no address"}, {Skip: "no address"}}},
		"dead in every place":           {[]record{{IPAddress: "192.0.2.1", Skip: "dead"}, {IPAddress: "192.0.2.1", Skip: "down"}}, []record{{IPAddress: "192.0.2.1", Skip: "dead"}}},
		"dead in one place, alive now":  {[]record{{IPAddress: "192.0.2.1", Skip: "dead"}, {IPAddress: "192.0.2.1"}}, []record{{IPAddress: "192.0.2.1"}}},
		"alive in one place, dead now":  {[]record{{IPAddress: "192.0.2.1"}, {IPAddress: "192.0.2.1", Skip: "dead"}}, []record{{IPAddress: "192.0.2.1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var l List
			for _, r := range test.records {
				if err := l.Add(r); err != nil {
					t.Fatal(err)
				}
			}
			var got []record
			_ = l.Emit(func(r record) error { got = append(got, r); return nil })
			if diff := cmp.Diff(test.want, got); diff != "" || l.Len() != len(test.want) {
				t.Errorf("%d hosts\n%s", l.Len(), diff)
			}
		})
	}
}

// TestIdentified merges hosts by an id of the scanner, and what turns out to have one address.
func TestIdentified(t *testing.T) {
	t.Parallel()
	type found struct{ id, address, name string }
	for name, test := range map[string]struct {
		found []found
		want  []record
	}{
		"several addresses":               {[]found{{"7", "192.0.2.1", "a"}, {"7", "192.0.2.2", "b"}}, []record{{IPAddress: "192.0.2.1", AssetName: "a"}}},
		"IPv4 after IPv6":                 {[]found{{"7", "2001:db8::1", ""}, {"7", "2001:db8::2", ""}, {"7", "192.0.2.1", ""}}, []record{{IPAddress: "192.0.2.1"}}},
		"IPv6 after IPv4":                 {[]found{{"7", "192.0.2.1", ""}, {"7", "2001:db8::1", ""}, {"7", "192.0.2.2", ""}}, []record{{IPAddress: "192.0.2.1"}}},
		"an address in a later row":       {[]found{{"7", "", "a"}, {"7", "192.0.2.1", ""}}, []record{{IPAddress: "192.0.2.1", AssetName: "a"}}},
		"no address":                      {[]found{{"7", "", "a"}, {"8", "", "b"}}, []record{{AssetName: "a"}, {AssetName: "b"}}},
		"two ids with one address":        {[]found{{"7", "192.0.2.1", "a"}, {"8", "192.0.2.1", "b"}}, []record{{IPAddress: "192.0.2.1", AssetName: "a"}}},
		"an address that an id has later": {[]found{{"7", "2001:db8::1", "a"}, {"8", "192.0.2.1", "b"}, {"7", "192.0.2.1", ""}}, []record{{IPAddress: "192.0.2.1", AssetName: "a"}}},
		"the same address without an id":  {[]found{{"", "192.0.2.1", ""}, {"7", "192.0.2.1", "a"}}, []record{{IPAddress: "192.0.2.1", AssetName: "a"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var l List
			for _, f := range test.found {
				ip, _ := netip.ParseAddr(f.address)
				find := func() (*record, error) { return l.Identified(f.id, ip) }
				if f.id == "" {
					find = func() (*record, error) { return l.At(ip) }
				}
				host, err := find()
				if err != nil {
					t.Fatal(err)
				}
				host.Fill(record{AssetName: f.name})
			}
			var got []record
			_ = l.Emit(func(r record) error { got = append(got, r); return nil })
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTooManyHosts(t *testing.T) {
	t.Parallel()
	last := netip.MustParseAddr("192.0.2.1")
	full := List{records: make([]record, Max), byAddress: map[netip.Addr]int{last: Max - 1}}
	if _, err := full.At(last); err != nil {
		t.Error("a host that is held:", err)
	}
	for name, r := range map[string]record{"an address": {IPAddress: "192.0.2.2"}, "a name": {DnsName: "srv01"}, "neither": {}} {
		if err := full.Add(r); err == nil || err.Error() != "more than 1000000 hosts" {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := full.Identified("7", netip.Addr{}); err == nil {
			t.Errorf("%s: an id", name)
		}
		if full.Len() != Max {
			t.Errorf("%d hosts are held", full.Len())
		}
	}
}
