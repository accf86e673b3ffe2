package store

import (
	"cmp"
	"errors"
	"net/netip"
	"testing"

	"github.com/musterhq/muster/authz"
)

// TestImportFilters reads each kind of Filter and asks it for hosts.
func TestImportFilters(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	l.change(func(tx *Tx) error {
		g := &AddressGroup{Name: "Lab net"}
		err := cmp.Or(AddressGroups.Insert(tx, g), AddressGroups.Insert(tx, &AddressGroup{Name: "Empty"}))
		for _, a := range []Address{
			{Type: AddressCIDR, Value: "10.0.0.0/24"}, {Type: AddressRange, Value: "10.1.0.1-10.1.0.9"}, {Type: SingleAddress, Value: "2001:db8::1"},
			{Type: NamedHost, Value: "SRV1.lab.example"}, {Type: SingleAddress, Value: "10.0.0.7", Omit: true}, {Type: NamedHost, Value: "srv2", Omit: true},
		} {
			a.AddressGroupID = g.AddressGroupID
			err = cmp.Or(err, Addresses.Insert(tx, &a))
		}
		return err
	})
	for _, test := range []struct {
		filter, address, name string
		want                  bool
	}{
		{AllAssets, "192.0.2.1", "", true},
		{"10.0.0.1", "10.0.0.1", "", true}, {"10.0.0.1", "10.0.0.2", "", false}, {"10.0.0.0/24, 10.2.0.1-10.2.0.3", "10.2.0.3", "", true},
		{"10.0.0.0/24", "2001:db8::1", "", false}, {"10.0.0.0/24", "::ffff:10.0.0.9", "", true},
		{"lab NET", "10.0.0.255", "", true}, {"Lab net", "10.0.1.0", "", false}, {"Lab net", "10.0.0.7", "", false}, {"Lab net", "10.1.0.9", "", true},
		{"Lab net", "10.1.0.10", "", false}, {"Lab net", "2001:db8::1", "", true}, {"Lab net", "192.0.2.1", "srv1.LAB.example.", true},
		{"Lab net", "192.0.2.1", "srv1", false}, {"Lab net", "10.0.0.1", "SRV2", false}, {"Empty", "10.0.0.1", "srv1", false},
	} {
		got := view(l, func(tx *Tx) (bool, error) {
			f, err := ImportFilterOf(tx, test.filter)
			return f.Lets(netip.MustParseAddr(test.address), "", test.name), err
		})
		if got != test.want {
			t.Errorf("%q lets %s %s through: %v", test.filter, test.address, test.name, got)
		}
	}
	scans := l.as(l.user("sam", l.group("scans", grants{authz.ScanManagement: authz.ReadWrite})))
	for filter, want := range map[string]error{"10.0.0.1": nil, "nothing": ErrInvalid, "10.0.0.300": ErrInvalid, "Lab net": ErrDenied} {
		if err := l.try(scans, func(tx *Tx) error { _, err := ImportFilterOf(tx, filter); return err }); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", filter, err, want)
		}
	}
}
