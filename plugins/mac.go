package plugins

import "strings"

// MAC returns the first MAC address of a cell that is not zero, as upper-case pairs with colons: "00:1A:2B:3C:4D:5E". It takes the
// digits in pairs, which may lack a leading zero, in fours, in sixes or together, with colons, dashes, dots or blanks between them,
// several addresses behind one another, and the names of makers behind them.
func MAC(s string) string {
	s = bare(s)
	for item := range strings.FieldsFuncSeq(s, endsItem) {
		words := strings.Fields(item)
		for i, word := range words {
			mac := macIn(word)
			if mac == "" && i+6 <= len(words) && len(word) <= 2 { // pairs with blanks between them
				mac = macIn(strings.Join(words[i:i+6], ":"))
			}
			if mac != "" {
				return mac
			}
		}
	}
	return ""
}

// macIn returns the MAC address that a word is, or the first of several that are written as one, unless it is zero.
func macIn(word string) string {
	word = strings.Trim(word, `"'()[]{}`)
	const shortest, longest = len("0:0:0:0:0:0"), 20 * len("001A2B3C4D5E")
	if len(word) < shortest || len(word) > longest {
		return ""
	}
	groups := []string{word}
	if i := strings.IndexAny(word, ":-."); i >= 0 {
		groups = strings.Split(word, word[i:i+1])
	}
	size := 12 // of a group
	switch len(groups) {
	case 1:
		if len(word)%size != 0 {
			return ""
		}
	case 2, 3, 6:
		size /= len(groups)
	default:
		return ""
	}
	digits := make([]byte, 0, longest)
	for _, group := range groups {
		if missing := size - len(group); missing == 1 && size == 2 {
			digits = append(digits, '0')
		} else if missing != 0 && len(groups) > 1 {
			return ""
		}
		digits = append(digits, group...)
	}
	return formatMAC(digits)
}

// formatMAC returns the first twelve hexadecimal digits that are not all zero.
func formatMAC(digits []byte) string {
	for _, c := range digits {
		if !isHex(c) {
			return ""
		}
	}
	for ; len(digits) > 0; digits = digits[12:] {
		if first := strings.ToUpper(string(digits[:12])); first != "000000000000" {
			return first[:2] + ":" + first[2:4] + ":" + first[4:6] + ":" + first[6:8] + ":" + first[8:10] + ":" + first[10:]
		}
	}
	return ""
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}
