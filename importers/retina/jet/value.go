package jet

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Type is the type of a column. Values of a type that has no name here are nil.
type Type byte

// The types, and what Rows returns for each: a Go value, or nil for NULL.
const (
	Boolean Type = 1  // bool, never nil
	Byte    Type = 2  // int64
	Integer Type = 3  // int64, of two bytes
	Long    Type = 4  // int64, of four bytes
	Money   Type = 5  // string, a decimal number: "12.3400"
	Single  Type = 6  // float64
	Double  Type = 7  // float64
	Date    Type = 8  // time.Time in UTC, as Access knows no time zones; nil outside the years 100 to 9999
	Binary  Type = 9  // []byte
	Text    Type = 10 // string
	OLE     Type = 11 // []byte, the first MaxLong bytes
	Memo    Type = 12 // string, from the first MaxLong bytes
	GUID    Type = 15 // string: "{00112233-4455-6677-8899-AABBCCDDEEFF}"
	Numeric Type = 16 // string, a decimal number
	BigInt  Type = 19 // int64
)

// MaxLong is how many bytes are read of the value of a Memo or OLE column.
const MaxLong = 8 << 10

// number is a type whose values have one length.
type number struct {
	bytes  int
	decode func(b []byte, c *Column) any
}

// order is the order of the bytes of every number in the file.
var order = binary.LittleEndian

var numbers = map[Type]number{
	Byte:    {1, func(b []byte, _ *Column) any { return int64(b[0]) }},
	Integer: {2, func(b []byte, _ *Column) any { return int64(int16(order.Uint16(b))) }},
	Long:    {4, func(b []byte, _ *Column) any { return int64(int32(order.Uint32(b))) }},
	BigInt:  {8, func(b []byte, _ *Column) any { return int64(order.Uint64(b)) }},
	Single:  {4, func(b []byte, _ *Column) any { return float64(math.Float32frombits(order.Uint32(b))) }},
	Double:  {8, func(b []byte, _ *Column) any { return math.Float64frombits(order.Uint64(b)) }},
	Money:   {8, func(b []byte, _ *Column) any { return decimal(big.NewInt(int64(order.Uint64(b))), 4) }},
	Date:    {8, func(b []byte, _ *Column) any { return date(math.Float64frombits(order.Uint64(b))) }},
	GUID:    {16, func(b []byte, _ *Column) any { return guid(b) }},
	Numeric: {17, func(b []byte, c *Column) any { return numeric(b, int(c.extra>>8)) }},
}

// value returns what the bytes of a value mean that is neither NULL nor a Boolean. Memo and OLE are those of the long
// value already.
func (db *Database) value(c *Column, b []byte) (any, error) {
	if n, ok := numbers[c.Type]; ok {
		if len(b) < n.bytes {
			return nil, fmt.Errorf("%w: %d bytes, not %d", ErrDamaged, len(b), n.bytes)
		}
		return n.decode(b, c), nil
	}
	switch c.Type {
	case Text, Memo:
		if db.Version == Jet3 {
			return decodeBytes(b, c.extra, db.codePage), nil
		}
		return decodeText(b), nil
	case Binary, OLE:
		return slices.Clone(b), nil
	}
	return nil, nil
}

// date returns the time some days after the 30th of December 1899. Before that day the days count backwards, but the
// part of the day forwards all the same: -1.25 is six o'clock on the 29th.
func date(days float64) any {
	const year100, year10000 = -657434, 2958466
	if !(year100 <= days && days < year10000) { // nor is NaN a date
		return nil
	}
	whole, part := math.Modf(days)
	midnight := time.Date(1899, time.December, 30+int(whole), 0, 0, 0, 0, time.UTC)
	return midnight.Add(time.Duration(math.Round(math.Abs(part)*86400)) * time.Second)
}

func guid(b []byte) string {
	return fmt.Sprintf("{%08X-%04X-%04X-%X-%X}", order.Uint32(b), order.Uint16(b[4:]), order.Uint16(b[6:]), b[8:10], b[10:16])
}

// numeric returns a number of a sign and four groups of four bytes: the groups go from the highest to the lowest, the
// bytes within each from the lowest to the highest.
func numeric(b []byte, scale int) string {
	var digits [16]byte
	for i := range 4 {
		order.PutUint32(digits[4*i:], binary.BigEndian.Uint32(b[1+4*i:]))
	}
	value := new(big.Int).SetBytes(digits[:])
	if b[0]&0x80 != 0 {
		value.Neg(value)
	}
	return decimal(value, min(scale, 28)) // as Access allows
}

// decimal spells value with the last digits, scale of them, behind the point.
func decimal(value *big.Int, scale int) string {
	text := new(big.Int).Abs(value).String()
	text = strings.Repeat("0", max(0, scale+1-len(text))) + text
	if point := len(text) - scale; scale > 0 {
		text = text[:point] + "." + text[point:]
	}
	if value.Sign() < 0 {
		text = "-" + text
	}
	return text
}
