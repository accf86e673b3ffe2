package jettest

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"

	"github.com/musterhq/muster/importers/retina/jet"
)

func (d *database) fixedValue(c Column, value any) []byte {
	le := binary.LittleEndian
	switch v := value.(type) {
	case int64:
		return le.AppendUint64(nil, uint64(v))
	case float64:
		if c.Type == jet.Single {
			return le.AppendUint32(nil, math.Float32bits(float32(v)))
		}
		return le.AppendUint64(nil, math.Float64bits(v))
	case time.Time:
		return le.AppendUint64(nil, math.Float64bits(days(v)))
	case string:
		switch c.Type {
		case jet.Money:
			return le.AppendUint64(nil, uint64(unscaled(v, 4).Int64()))
		case jet.Numeric:
			return numeric(unscaled(v, c.Scale))
		case jet.GUID:
			return guid(v)
		}
	}
	panic(fmt.Sprintf("%T in a column of type %d", value, c.Type))
}

// days is the number of days since the 30th of December 1899 as Access counts them.
func days(t time.Time) float64 {
	seconds := t.Unix() - time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC).Unix()
	day, second := seconds/86400, seconds%86400
	if second < 0 {
		day, second = day-1, second+86400
	}
	if day < 0 {
		return float64(day) - float64(second)/86400
	}
	return float64(day) + float64(second)/86400
}

// unscaled returns a decimal number times 10 to the power of scale.
func unscaled(text string, scale int) *big.Int {
	whole, part, _ := strings.Cut(text, ".")
	n, ok := new(big.Int).SetString(whole+(part + strings.Repeat("0", scale))[:scale], 10)
	if !ok {
		panic(text + " is no number")
	}
	return n
}

func numeric(n *big.Int) []byte {
	b := make([]byte, 17)
	if n.Sign() < 0 {
		b[0] = 0x80
	}
	digits := new(big.Int).Abs(n).FillBytes(make([]byte, 16))
	for i := range 4 {
		binary.BigEndian.PutUint32(b[1+4*i:], binary.LittleEndian.Uint32(digits[4*i:]))
	}
	return b
}

func guid(text string) []byte {
	b, err := hex.DecodeString(strings.NewReplacer("{", "", "}", "", "-", "").Replace(text))
	must(err)
	binary.LittleEndian.PutUint32(b, binary.BigEndian.Uint32(b))
	binary.LittleEndian.PutUint16(b[4:], binary.BigEndian.Uint16(b[4:]))
	binary.LittleEndian.PutUint16(b[6:], binary.BigEndian.Uint16(b[6:]))
	return b
}

func (d *database) variableValue(c Column, value any) []byte {
	var b []byte
	switch v := value.(type) {
	case string:
		b = d.text(v)
	case []byte:
		b = v
	default:
		panic(fmt.Sprintf("%T in a column of type %d", value, c.Type))
	}
	if c.Type == jet.Memo || c.Type == jet.OLE {
		return d.longValue(b)
	}
	return b
}

// inline is how long a long value in a row may be.
const inline = 64

// longValue returns a long value, or where it is: on a page if it fits there, else on several.
func (d *database) longValue(b []byte) []byte {
	const inlineFlag, singleFlag = 1 << 31, 1 << 30
	room := d.pageSize - d.rowOffsets - 2
	header := make([]byte, 12)
	place := uint32(len(b))
	switch {
	case len(b) <= inline:
		place |= inlineFlag
		header = append(header, b...)
	case len(b) <= room:
		place |= singleFlag
		copy(header[4:], d.long.add(b, 0).bytes())
	default:
		var next pointer // from the last part to the first
		part := room - 4
		for start := (len(b) - 1) / part * part; start >= 0; start -= part {
			next = d.long.add(append(next.bytes(), b[start:min(start+part, len(b))]...), 0)
		}
		copy(header[4:], next.bytes())
	}
	binary.LittleEndian.PutUint32(header, place)
	return header
}

// text encodes a text, compressed if that makes it shorter.
func (d *database) text(s string) []byte {
	if d.Version == jet.Jet3 {
		return windowsBytes(s)
	}
	wide := utf16Bytes(s)
	short := []byte{0xff, 0xfe}
	compressed := true
	for i := 0; i < len(wide); i += 2 {
		if wide[i] == 0 {
			return wide // such a character cannot be told from the change
		}
		if narrow := wide[i+1] == 0; narrow != compressed {
			short, compressed = append(short, 0), narrow
		}
		short = append(short, wide[i:i+2]...)
		if compressed {
			short = short[:len(short)-1]
		}
	}
	if len(short) < len(wide) {
		return short
	}
	return wide
}

func utf16Bytes(s string) (b []byte) {
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}

func windowsBytes(s string) []byte {
	b, err := charmap.Windows1252.NewEncoder().Bytes([]byte(s))
	must(err)
	return b
}
