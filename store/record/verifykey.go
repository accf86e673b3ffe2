package record

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"
)

// KeyText writes a key as docs/keys.md does, with what stands in it: asn<1><"web01">. A key does not say what its parts are,
// so they are told by their looks, and what looks like nothing is written in hex.
func KeyText(key []byte) string {
	head := 3
	switch {
	case len(key) > 0 && key[0] == '!':
		return string(key)
	case len(key) > 3 && (key[2] == KindGuard || key[2] == KindCount):
		head = 4
	}
	if len(key) < head {
		return fmt.Sprintf("%q", key)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s", printable(key[:head]))
	for rest := Key(key[head:]); len(rest) > 0; {
		var part string
		part, rest = cutPart(rest)
		fmt.Fprintf(&b, "<%s>", part)
	}
	return b.String()
}

// printable is the beginning of a key, which in a sound store is three or four letters and signs.
func printable(head []byte) string {
	for _, c := range head {
		if c < ' ' || c > '~' {
			return fmt.Sprintf("%q", head)
		}
	}
	return string(head)
}

// cutPart writes the part that a key begins with, and returns what follows it.
func cutPart(k Key) (part string, rest Key) {
	if len(k) >= 16 {
		if addr := netip.AddrFrom16([16]byte(k[:16])); addr.Is4In6() {
			return addr.Unmap().String(), k[16:]
		}
	}
	if len(k) >= 8 {
		n := int(binary.BigEndian.Uint64(k) ^ 1<<63)
		if moment := time.Unix(0, int64(n)).UTC(); 2000 <= moment.Year() && moment.Year() < 2200 {
			return moment.Format(time.RFC3339Nano), k[8:]
		}
		if -1<<40 < n && n < 1<<40 {
			return fmt.Sprint(n), k[8:]
		}
	}
	if s, after, err := CutString(k); err == nil && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }) {
		return fmt.Sprintf("%q", s), after
	}
	if len(k) >= 16 {
		return netip.AddrFrom16([16]byte(k[:16])).String(), k[16:]
	}
	return fmt.Sprintf("%x", []byte(k)), nil
}
