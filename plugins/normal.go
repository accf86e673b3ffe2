package plugins

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// NoAddress is the Skip of a host without a usable address.
const NoAddress = "no address"

// The lengths in characters that the API allows for the members of an asset (POST Workgroups/{id}/Assets), and ours
// for what is told to the user.
const (
	maxName     = 128
	maxDNS      = 255
	maxDomain   = 64
	maxType     = 64
	maxText     = 255
	maxSentence = 500
)

// Normalized returns the record as muster stores it; a second time changes nothing. It is the one place for the rules
// that all formats share:
//   - text is valid UTF-8 without control characters, trimmed, its white space single blanks, and no longer than the API
//     allows; what scanners write for "not known" (Text) is empty;
//   - IPAddress is the first IPv4 address, else the first IPv6 address of the text, in its usual spelling, without a zone; a host
//     without one is skipped;
//   - MacAddress is the first of the text that is not zero: "00:1A:2B:3C:4D:5E";
//   - AssetName DOMAIN\NAME is split into DomainName, if that is empty, and AssetName;
//   - a record with a FunctionalAccount is no host, and nothing else of it is kept;
//   - the texts of Belongings and of a FunctionalAccount are cleaned alike, but are left to the store to refuse where they are
//     too long, and passwords are left as they are; a host with more than a record may hold is skipped.
func (r Record) Normalized() Record {
	if r.FunctionalAccount != nil {
		return Record{FunctionalAccount: r.FunctionalAccount.copy(member)}
	}
	if i := strings.LastIndexByte(r.AssetName, '\\'); i >= 0 {
		if Text(r.DomainName) == "" {
			r.DomainName = r.AssetName[:i]
		}
		r.AssetName = r.AssetName[i+1:]
	}
	n := Record{
		AssetName:       plain(r.AssetName, maxName),
		DnsName:         plain(r.DnsName, maxDNS),
		DomainName:      plain(r.DomainName, maxDomain),
		MacAddress:      macAddress(r.MacAddress),
		AssetType:       plain(r.AssetType, maxType),
		OperatingSystem: plain(r.OperatingSystem, maxText),
		Description:     plain(r.Description, maxText),
		Skip:            plain(r.Skip, maxText),
	}
	if ip, ok := Address(r.IPAddress); ok {
		n.IPAddress = ip.String()
	} else if n.Skip == "" {
		n.Skip = NoAddress
	}
	if n.Skip == "" {
		n.Belongings, n.Skip = r.Belongings.normalized()
	}
	return n
}

// Text returns s trimmed, or nothing if s is one of the words that scanners write into a cell they know nothing for.
// It allocates nothing.
func Text(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > len("No registered hostname") {
		return s
	}
	switch s {
	case "-", "'-", "NA", "CVE-MAP-NOMATCH":
		return ""
	}
	for _, word := range [...]string{"n/a", "unknown", "null", "No registered hostname"} {
		if len(s) == len(word) && strings.EqualFold(s, word) {
			return ""
		}
	}
	return s
}

// Address returns the first IPv4 address of a text, else its first IPv6 address; there may be several, apart by blanks, line
// ends, commas or semicolons. An IPv4 address in IPv6 form is an IPv4 address, and a zone is dropped.
func Address(s string) (netip.Addr, bool) {
	var first netip.Addr
	for word := range strings.FieldsFuncSeq(s, separates) {
		if !mayBeAddress(word) {
			continue
		}
		ip, err := netip.ParseAddr(word)
		if err != nil {
			continue
		}
		if ip = ip.Unmap().WithZone(""); ip.Is4() {
			return ip, true
		}
		if !first.IsValid() {
			first = ip
		}
	}
	return first, first.IsValid()
}

// mayBeAddress spares netip the words of a prose text and the cost of an error for each of them.
func mayBeAddress(word string) bool {
	c := word[0]
	return len(word) <= 64 && ('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' || c == ':')
}

// Sentence returns what is told to the user in a shape fit for a log line and a JSON answer: one line of valid UTF-8,
// 500 characters at the most.
func Sentence(s string) string { return clip(oneLine(s), maxSentence) }

// plain returns a text of limit characters at the most, or nothing if it says "not known".
func plain(s string, limit int) string {
	return Text(clip(oneLine(s), limit))
}

// oneLine returns s as valid UTF-8 on one line, without control characters, its white space single blanks.
func oneLine(s string) string {
	if isPlain(s) {
		return s
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
	return strings.Join(strings.Fields(s), " ")
}

// isPlain reports whether s is printable ASCII without a superfluous blank, as nearly every cell is.
func isPlain(s string) bool {
	blank := true // a blank here is one too many
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ' && blank, c < ' ', c > '~':
			return false
		default:
			blank = c == ' '
		}
	}
	return !blank || s == ""
}

// clip cuts s behind its first limit characters.
func clip(s string, limit int) string {
	if cut := cut(s, limit); len(cut) < len(s) {
		return strings.TrimSpace(cut)
	}
	return s
}

// cut returns the first limit characters of s.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for i := range s {
		if limit == 0 {
			return s[:i]
		}
		limit--
	}
	return s
}

// macAddress returns the first MAC address of a text that is not zero, as upper-case pairs with colons. It takes the
// digits in pairs, in fours or together, behind one another several addresses and the names of makers.
func macAddress(s string) string {
	for word := range strings.FieldsFuncSeq(s, separates) {
		var mac [6]byte
		if parseMAC(word, &mac) && mac != [6]byte{} {
			return formatMAC(mac)
		}
	}
	return ""
}

func separates(r rune) bool {
	return r == ',' || r == ';' || unicode.IsSpace(r) || unicode.IsControl(r)
}

func parseMAC(word string, mac *[6]byte) bool {
	digits := 0
	for i := range len(word) {
		c := word[i]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		case (c == ':' || c == '-' || c == '.') && digits%2 == 0 && digits > 0:
			continue
		default:
			return false
		}
		if digits == 2*len(mac) {
			return false
		}
		mac[digits/2] = mac[digits/2]<<4 | c
		digits++
	}
	return digits == 2*len(mac)
}

func formatMAC(mac [6]byte) string {
	const hex = "0123456789ABCDEF"
	text := make([]byte, 0, 17)
	for i, b := range mac {
		if i > 0 {
			text = append(text, ':')
		}
		text = append(text, hex[b>>4], hex[b&15])
	}
	return string(text)
}
