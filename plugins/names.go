package plugins

import "strings"

// AssetName returns the name of a host that a cell holds, as NAME or DOMAIN\NAME, or nothing where it holds no name: an address, a
// range of addresses or a network is none, nor is localhost or a name with a port. Of a list that has such things too it is the
// first name; any other text is a name as a whole.
func AssetName(cell string) string {
	domain, name := splitName(bare(cell))
	if name = hostName(name); domain == "" {
		return name
	}
	return domain + `\` + name
}

// DNSName returns the first DNS name that a cell holds, without a final dot, or nothing. What is no name for AssetName
// is none here.
func DNSName(cell string) string {
	for item := range strings.FieldsFuncSeq(bare(cell), separates) {
		if name := hostName(item); strings.ContainsFunc(name, letterOrDigit) {
			return name
		}
	}
	return ""
}

// splitName splits DOMAIN\NAME, in which some exports double the backslash; \\NAME has no domain.
func splitName(s string) (domain, name string) {
	i := strings.LastIndexByte(s, '\\')
	if i < 0 {
		return "", s
	}
	return domainName(s[:i]), s[i+1:]
}

// domainName returns what of a text is the name of a domain.
func domainName(s string) string {
	for {
		t := strings.Trim(bare(s), `\`)
		if t = strings.TrimRight(t, "."); addresses(t) {
			return ""
		}
		if t == s {
			return s
		}
		s = t
	}
}

// hostName returns what of a text is the name of a host; a second time changes nothing.
func hostName(s string) string {
	for {
		t := bare(s)
		if !strings.Contains(t, " ") { // of a sentence the dot belongs to its end
			t = strings.TrimRight(t, ".")
		}
		if t = withoutAddresses(t); nameless(t) {
			return ""
		}
		if t == s {
			return s
		}
		s = t
	}
}

// withoutAddresses returns a text without addresses as it is, and of another one the only name in it, or the first of a list.
func withoutAddresses(s string) string {
	if !strings.ContainsAny(s, ".:") && !strings.Contains(s, "localhost") {
		return s
	}
	listed := strings.ContainsFunc(s, endsItem)
	alone := listed || !strings.Contains(s, " ")
	first, names, others := "", 0, 0
	for word := range strings.FieldsFuncSeq(s, separatesWords) {
		switch {
		case addresses(word), alone && nameless(word):
			others++
		case strings.ContainsFunc(word, letterOrDigit):
			if names++; names == 1 {
				first = word
			}
		}
	}
	switch {
	case others == 0:
		return s
	case names == 1, listed:
		return first
	}
	return ""
}

func separatesWords(r rune) bool { return separates(r) || strings.ContainsRune("()[]<>{}", r) }

// nameless reports whether a word that may stand in place of a name is none: what it says holds for every host, or it is an
// address or a service.
func nameless(word string) bool {
	word = strings.TrimRight(word, ".")
	if host, port, found := strings.Cut(word, ":"); found && host != "" && !strings.Contains(host, " ") && isPort(port) {
		return true
	}
	if !strings.EqualFold(word[:min(len(word), len("localhost"))], "localhost") {
		return addresses(word)
	}
	switch strings.ToLower(word) {
	case "localhost", "localhost.localdomain", "localhost4", "localhost4.localdomain4", "localhost6", "localhost6.localdomain6":
		return true
	}
	return false
}

func letterOrDigit(r rune) bool {
	return '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z' || r > 0x7f
}
