package jet

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// decodeText returns a text of Jet 4, which may be compressed: behind the bytes FF FE come characters of one byte each, a
// zero changes to characters of two bytes, and the next zero byte changes back.
func decodeText(b []byte) string {
	if len(b) < 2 || b[0] != 0xff || b[1] != 0xfe {
		return decodeUTF16(b)
	}
	b = b[2:]
	units := make([]uint16, 0, len(b))
	for compressed := true; len(b) > 0; {
		switch {
		case b[0] == 0:
			compressed, b = !compressed, b[1:]
		case compressed:
			units, b = append(units, uint16(b[0])), b[1:]
		case len(b) == 1: // half a character
			b = nil
		default:
			units, b = append(units, order.Uint16(b)), b[2:]
		}
	}
	return string(utf16.Decode(units))
}

// decodeUTF16 returns a text of two bytes a character, the lower one first. Half a character at the end is dropped.
func decodeUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// decodeBytes returns a text of Jet 3 in the first of the code pages that is known, else in Windows-1252.
func decodeBytes(b []byte, pages ...uint16) string {
	table := charmap.Windows1252
	for _, number := range pages {
		if codePages[number] != nil {
			table = codePages[number]
			break
		}
	}
	var text strings.Builder
	text.Grow(len(b))
	for _, c := range b {
		if c < utf8.RuneSelf {
			text.WriteByte(c)
		} else {
			text.WriteRune(table.DecodeByte(c))
		}
	}
	return text.String()
}

// codePages are those with one byte a character.
var codePages = map[uint16]*charmap.Charmap{
	874:  charmap.Windows874,
	1250: charmap.Windows1250, 1251: charmap.Windows1251, 1252: charmap.Windows1252, 1253: charmap.Windows1253,
	1254: charmap.Windows1254, 1255: charmap.Windows1255, 1256: charmap.Windows1256, 1257: charmap.Windows1257,
	1258: charmap.Windows1258,
}
