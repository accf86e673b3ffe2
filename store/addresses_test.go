package store

import (
	"errors"
	"strings"
	"testing"
)

func TestTheValueOfAnAddressIsKeptInOneSpelling(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind        int
		value, want string
	}{
		{SingleAddress, " 10.0.0.5 ", "10.0.0.5"},
		{SingleAddress, "::ffff:10.0.0.5", "10.0.0.5"},
		{SingleAddress, "2001:DB8:0:0::1", "2001:db8::1"},
		{AddressRange, "10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9"},
		{AddressRange, "10.0.0.1 - ::ffff:10.0.0.9", "10.0.0.1-10.0.0.9"},
		{AddressRange, "10.0.0.1-10.0.0.1", "10.0.0.1-10.0.0.1"},
		{AddressCIDR, "10.0.0.77/24", "10.0.0.0/24"},
		{AddressCIDR, "::ffff:10.0.0.77/120", "10.0.0.0/24"},
		{AddressCIDR, "2001:DB8::1/32", "2001:db8::/32"},
		{AddressCIDR, "0.0.0.0/0", "0.0.0.0/0"},
		{NamedHost, "Srv_01.Lab.example", "Srv_01.Lab.example"},
		{NamedHost, "drucker-büro", "drucker-büro"},
		{NamedHost, "srv01.fixture.example.", "srv01.fixture.example."},
		{NamedHost, "10.0.0.5a", "10.0.0.5a"},
	} {
		if got, err := canonicalValue(c.kind, c.value); got != c.want || err != nil {
			t.Errorf("type %d, value %q: %q and the error %v, want %q", c.kind, c.value, got, err, c.want)
		}
	}
}

func TestTheValueOfAnAddressFitsItsType(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind  int
		value string
	}{
		{SingleAddress, ""}, {SingleAddress, "10.0.0.256"}, {SingleAddress, "10.0.0.0/24"}, {SingleAddress, "10.0.0.1,10.0.0.2"},
		{SingleAddress, "srv01"}, {SingleAddress, "fe80::1%eth0"},
		{AddressRange, ""}, {AddressRange, "-"}, {AddressRange, "10.0.0.1"}, {AddressRange, "10.0.0.1-9"}, {AddressRange, "10.0.0.9-10.0.0.1"},
		{AddressRange, "10.0.0.1-2001:db8::1"}, {AddressRange, "10.0.0.1-10.0.0.2-10.0.0.3"},
		{AddressCIDR, ""}, {AddressCIDR, "10.0.0.0"}, {AddressCIDR, "10.0.0.0/33"}, {AddressCIDR, "10.0.0.0/255.255.255.0"},
		{NamedHost, ""}, {NamedHost, "."}, {NamedHost, "10.0.0.1"}, {NamedHost, "10.0.0.300"}, {NamedHost, "2001:db8::1"}, {NamedHost, "a b"},
		{NamedHost, "a..b"}, {NamedHost, "-a"}, {NamedHost, "a-"}, {NamedHost, strings.Repeat("a", 64)}, {NamedHost, "*.lab.example"},
		{0, "10.0.0.1"}, {5, "10.0.0.1"}, {-1, "srv01"},
	} {
		if got, err := canonicalValue(c.kind, c.value); !errors.Is(err, ErrInvalid) {
			t.Errorf("type %d, value %q: %q and the error %v, want one that is: %v", c.kind, c.value, got, err, ErrInvalid)
		}
	}
}

func FuzzAddressValue(f *testing.F) {
	f.Add(SingleAddress, "::ffff:10.0.0.5")
	f.Add(AddressRange, "10.0.0.1 - 10.0.0.9")
	f.Add(AddressCIDR, "2001:db8::1/32")
	f.Add(NamedHost, "srv_01.fixture.example.")
	f.Add(NamedHost, "-")
	f.Fuzz(func(t *testing.T, kind int, value string) {
		once, err := canonicalValue(kind, value)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("the error is %v", err)
			}
			return
		}
		if twice, err := canonicalValue(kind, once); twice != once || err != nil {
			t.Errorf("%q is %q at first, then %q and the error %v", value, once, twice, err)
		}
		if kind == NamedHost {
			return
		}
		if _, err := ParseRanges(once); err != nil {
			t.Errorf("%q cannot be searched for: %v", once, err)
		}
	})
}
