package plugins

import (
	"net/netip"
	"strconv"
	"strings"
)

// longestAddress is how long a word may be that is an address with all that may be around it.
const longestAddress = 80

// Address returns the address that a cell holds: of several the first IPv4 address, else the first IPv6 address. A cell is an
// address, or a list of them, and nothing else: what a text mentions is no address of a host. Between the parts of a list there are blanks,
// line ends, commas, semicolons or bars, and brackets may be around it.
//
// An address may be padded ("010.000.000.005", which is decimal), have a port ("10.0.0.5:443", "[2001:db8::5]:443"), the length of a prefix
// that is all of it ("/32", "/128") or a zone, which is dropped, and be in quotes, behind the apostrophe of a spreadsheet or in its
// ="…". An IPv4 address in IPv6 form is an IPv4 address.
func Address(s string) (netip.Addr, bool) {
	var first netip.Addr
	s = bare(s)
	if n := len(s); n > 1 && s[0] == '[' && s[n-1] == ']' && strings.Count(s, "[") == 1 {
		s = s[1 : n-1]
	}
	for word := range strings.FieldsFuncSeq(s, separates) {
		ip, ok := addressIn(word)
		if !ok {
			return netip.Addr{}, false
		}
		if !first.IsValid() || ip.Is4() && !first.Is4() {
			first = ip
		}
	}
	return first, first.IsValid()
}

// addressIn reads a word that is one address.
func addressIn(word string) (ip netip.Addr, ok bool) {
	if len(word) > longestAddress {
		return netip.Addr{}, false
	}
	word = strings.Trim(word, `"'`)
	if ip, ok := ipv4(word); ok {
		return ip, true
	}
	if host, inside := strings.CutPrefix(word, "["); inside {
		host, port, found := strings.Cut(host, "]")
		port, hasPort := strings.CutPrefix(port, ":")
		if !found || hasPort && !isPort(port) || !hasPort && port != "" {
			return netip.Addr{}, false
		}
		return ipv6(host)
	}
	if host, prefix, found := strings.Cut(word, "/"); found {
		if ip, ok = ipv4(host); !ok {
			ip, ok = ipv6(host)
		}
		return ip, ok && prefix == strconv.Itoa(ip.BitLen())
	}
	if host, port, found := strings.Cut(word, ":"); found && isPort(port) {
		if ip, ok := ipv4(host); ok {
			return ip, true
		}
	}
	return ipv6(word)
}

// ipv4 reads four decimal numbers of three digits at most, which may be padded with zeros.
func ipv4(s string) (netip.Addr, bool) {
	var b [4]byte
	part, number, digits := 0, 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9' && digits < 3:
			number = 10*number + int(c-'0')
			digits++
		case c == '.' && digits > 0 && number < 256 && part < 3:
			b[part] = byte(number)
			part, number, digits = part+1, 0, 0
		default:
			return netip.Addr{}, false
		}
	}
	b[3] = byte(number)
	return netip.AddrFrom4(b), part == 3 && digits > 0 && number < 256
}

// ipv6 reads an IPv6 address. It spares netip the cost of an error for each name.
func ipv6(s string) (netip.Addr, bool) {
	if strings.IndexByte(s, ':') < 0 {
		return netip.Addr{}, false
	}
	ip, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, false
	}
	return ip.Unmap().WithZone(""), true
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// addresses reports whether a word is an address, a range of them or a network, none of which is a name.
func addresses(word string) bool {
	if _, ok := addressIn(word); ok {
		return true
	}
	if strings.Count(word, ".") >= 3 && strings.Trim(word, "0123456789.-/*") == "" {
		return true // 10.0.0.1-254, 10.0.0.0/24, 10.0.0.*: numbers alone make no name
	}
	if i := strings.IndexAny(word, "-/"); i > 0 {
		_, ok := ipv6(word[:i])
		return ok
	}
	return false
}
