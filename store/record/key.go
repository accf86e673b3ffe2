package record

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Key is a tuple in an encoding whose byte order is the order of the tuples, part by part, so that a range of
// tuples is a range of keys and a tuple's first parts are a prefix of it:
//
//	int          8 bytes, big-endian, sign bit flipped
//	time         its nanoseconds as an int; what is out of reach lies at minTime or maxTime
//	string       its bytes, NUL as 00 FF, then 00 00
//	netip.Addr   16 bytes; IPv4 lies at ::ffff:a.b.c.d
//
// docs/keys.md lists what is kept under which key.
type Key []byte

// K makes a Key of parts, each an int, string, time.Time, Time, netip.Addr or Key (appended as it is). Any other
// type is a mistake in the schema, which every test of it would find; so it panics.
func K(parts ...any) Key {
	k := make(Key, 0, 48)
	for _, part := range parts {
		k = k.with(part)
	}
	return k
}

func (k Key) with(part any) Key {
	switch p := part.(type) {
	case int:
		return binary.BigEndian.AppendUint64(k, uint64(p)^1<<63)
	case string:
		for {
			i := strings.IndexByte(p, 0)
			if i < 0 {
				return append(append(k, p...), 0, 0)
			}
			k = append(append(k, p[:i]...), 0, 0xff)
			p = p[i+1:]
		}
	case time.Time:
		if t := Time(p); t.Before(MinTime) {
			p = time.Time(MinTime)
		} else if MaxTime.Before(t) {
			p = time.Time(MaxTime)
		}
		return k.with(int(p.UnixNano()))
	case Time:
		return k.with(time.Time(p))
	case netip.Addr:
		b := p.As16()
		return append(k, b[:]...)
	case Key:
		return append(k, p...)
	}
	panic(fmt.Sprintf("store: a key has no part of type %T", part))
}

// CutInt reads the int that k begins with and returns what follows it.
func CutInt(k Key) (int, Key, error) {
	if len(k) < 8 {
		return 0, nil, fmt.Errorf("key % x ends within an int: %w", []byte(k), ErrDamaged)
	}
	return int(binary.BigEndian.Uint64(k) ^ 1<<63), k[8:], nil
}

// CutString reads the string that k begins with and returns what follows it.
func CutString(k Key) (string, Key, error) {
	var s []byte
	for i := 0; i+1 < len(k); i++ {
		switch {
		case k[i] != 0:
			s = append(s, k[i])
		case k[i+1] == 0:
			return string(s), k[i+2:], nil
		case k[i+1] == 0xff:
			s = append(s, 0)
			i++
		default:
			return "", nil, fmt.Errorf("key % x holds a lone NUL: %w", []byte(k), ErrDamaged)
		}
	}
	return "", nil, fmt.Errorf("key % x ends within a string: %w", []byte(k), ErrDamaged)
}

// CutID reads a record's id, whichever of the two kinds it is.
func CutID[ID int | string](k Key) (ID, Key, error) {
	var id ID
	var err error
	switch p := any(&id).(type) {
	case *int:
		*p, k, err = CutInt(k)
	case *string:
		*p, k, err = CutString(k)
	}
	return id, k, err
}

// Fold makes strings that people take for the same name equal: case, and composed or decomposed accents.
func Fold(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return norm.NFC.String(cases.Fold().String(norm.NFC.String(s)))
		}
	}
	return strings.ToLower(s)
}

// The ends of all times that a key can hold.
var (
	MinTime = Time(time.Unix(0, math.MinInt64))
	MaxTime = Time(time.Unix(0, math.MaxInt64))
)
