package plugins

import (
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
//   - IPAddress is what Address says, in its usual spelling; a host without one is skipped;
//   - MacAddress is what MAC says;
//   - AssetName and DnsName are what AssetName and DNSName say: an address is no name;
//   - AssetName DOMAIN\NAME is split into DomainName, if that is empty, and AssetName;
//   - a record with a FunctionalAccount is no host, and nothing else of it is kept;
//   - the texts of HostDetails and of a FunctionalAccount are cleaned alike, but are left to the store to refuse where they are
//     too long, and passwords are left as they are; a host with more than a record may hold is skipped.
func (r Record) Normalized() Record {
	if r.FunctionalAccount != nil {
		return Record{FunctionalAccount: r.FunctionalAccount.copy(member)}
	}
	domain, name := splitName(oneLine(bare(r.AssetName)))
	n := Record{
		AssetName:       hostName(clip(name, maxName)),
		DnsName:         DNSName(clip(DNSName(oneLine(r.DnsName)), maxDNS)),
		DomainName:      domainName(clip(oneLine(bare(r.DomainName)), maxDomain)),
		MacAddress:      MAC(r.MacAddress),
		AssetType:       plain(r.AssetType, maxType),
		OperatingSystem: plain(r.OperatingSystem, maxText),
		Description:     plain(r.Description, maxText),
		Skip:            plain(r.Skip, maxText),
	}
	if n.DomainName == "" {
		n.DomainName = domainName(clip(domain, maxDomain))
	}
	if ip, ok := Address(r.IPAddress); ok {
		n.IPAddress = ip.String()
	} else if n.Skip == "" {
		n.Skip = noAddressIn(r.IPAddress)
	}
	if n.Skip == "" {
		n.HostDetails, n.Skip = r.HostDetails.normalized()
	}
	return n
}

// noAddressIn says why a host is skipped that has no address: there is nothing in its place, or something else.
func noAddressIn(cell string) string {
	if Text(cell) == "" {
		return NoAddress
	}
	return Quote(cell) + " is no address"
}

// Sentence returns what is told to the user in a shape fit for a log line and a JSON answer: one line of valid UTF-8,
// 500 characters at most.
func Sentence(s string) string { return clip(oneLine(s), maxSentence) }

// plain returns a text of limit characters at most, or nothing if it says "not known".
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
