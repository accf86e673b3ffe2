package store

import (
	"net/netip"
	"strings"

	"go4.org/netipx"

	"github.com/musterhq/muster/store/record"
)

// Ranges is a set of IP addresses: what import filters, asset searches and address rules say.
type Ranges []netipx.IPRange

// maxRanges bounds the members of a comma list.
const maxRanges = 10_000

// ParseRanges reads one address, a range a-b, a CIDR, or a comma list of these, IPv4 and IPv6. Host bits of a CIDR
// are ignored. The error names what could not be read.
func ParseRanges(s string) (Ranges, error) {
	if n := strings.Count(s, ",") + 1; n > maxRanges {
		return nil, Invalid("%d addresses are more than %d", n, maxRanges)
	}
	var ranges Ranges
	for part := range strings.SplitSeq(s, ",") {
		r, err := parseRange(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		ranges = append(ranges, r)
	}
	return ranges, nil
}

func parseRange(s string) (netipx.IPRange, error) {
	if prefix, err := parseCIDR(s); err == nil {
		return netipx.RangeOfPrefix(prefix), nil
	}
	if strings.Contains(s, "-") {
		if span, err := parseSpan(s); err == nil || span != (netipx.IPRange{}) {
			return span, err
		}
	} else if addr, err := parseAddress(s); err == nil {
		return netipx.IPRangeFrom(addr, addr), nil
	}
	return netipx.IPRange{}, Invalid("%q is not an IP address, a range a-b or a CIDR", record.AuditText(s))
}

// parseCIDR reads an address/bits without its host bits. One of IPv4 written as IPv6 is of IPv4.
func parseCIDR(s string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(strings.TrimSpace(s))
	if err != nil {
		return prefix, Invalid("%q is not a CIDR", record.AuditText(s))
	}
	if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), nil
}

// parseSpan reads a range a-b. One whose ends are addresses in the wrong order is returned with the error.
func parseSpan(s string) (netipx.IPRange, error) {
	from, to, isRange := strings.Cut(s, "-")
	first, err1 := parseAddress(from)
	last, err2 := parseAddress(to)
	if !isRange || err1 != nil || err2 != nil {
		return netipx.IPRange{}, Invalid("%q is not a range a-b of IP addresses", record.AuditText(s))
	}
	r := netipx.IPRangeFrom(first, last)
	if !r.IsValid() {
		return r, Invalid("the range %q does not go from a lower to a higher address", record.AuditText(s))
	}
	return r, nil
}

func parseAddress(s string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(strings.TrimSpace(s))
	if err == nil && addr.Zone() != "" {
		err = ErrInvalid
	}
	return addr.Unmap(), err
}

// Contains reports whether an address is in the set. An IPv4 address written as IPv6 counts as IPv4.
func (r Ranges) Contains(addr netip.Addr) bool {
	addr = addr.Unmap()
	for _, one := range r {
		if one.Contains(addr) {
			return true
		}
	}
	return false
}
