package retina

import (
	"encoding/binary"
	"math"
	"net/netip"

	"github.com/musterhq/muster/plugins"
)

// addressOf returns a number of 32 bits as an address: its highest byte first, as ntohl makes it, or its lowest, as inet_addr
// leaves it on a PC.
func addressOf(n uint32, lowestFirst bool) netip.Addr {
	var b [4]byte
	if lowestFirst {
		binary.LittleEndian.PutUint32(b[:], n)
	} else {
		binary.BigEndian.PutUint32(b[:], n)
	}
	return netip.AddrFrom4(b)
}

// number returns a value as a number of 32 bits other than 0, if it is one. Databases have them as signed and unsigned numbers,
// as floating point and as digits.
func number(value any) (uint32, bool) {
	var n int64
	switch v := value.(type) {
	case int64:
		n = v
	case float64:
		if v != math.Trunc(v) || math.Abs(v) > math.MaxUint32 {
			return 0, false
		}
		n = int64(v)
	case string:
		n, _ = plugins.Number(v)
	}
	return uint32(n), n != 0 && math.MinInt32 <= n && n <= math.MaxUint32
}

// reading is what a column's numbers are if their bytes are read in one of the orders.
type reading struct {
	private  int // of networks that are nobody's
	possible int // neither 0.x.x.x nor x.x.x.0, which small numbers would be, nor 224.x.x.x and above
	first    [256]bool
}

func readingOf(numbers []uint32, lowestFirst bool) (r reading, networks int) {
	for _, n := range numbers {
		a := addressOf(n, lowestFirst)
		b := a.As4()
		if 0 < b[0] && b[0] < 224 && b[3] != 0 {
			r.possible++
		}
		if a.IsPrivate() {
			r.private++
		}
		if !r.first[b[0]] {
			r.first[b[0]] = true
			networks++
		}
	}
	return r, networks
}

// byteOrder decides in which order the bytes of numbers make addresses, and how many of the numbers do. The order is the one
// in which most of the addresses are private, in which more of them are possible, or in which they lie in fewer networks:
// the hosts of a scan differ in the last byte. If none of it tells, the highest byte is first.
func byteOrder(numbers []uint32) (lowestFirst bool, possible int) {
	high, highNetworks := readingOf(numbers, false)
	low, lowNetworks := readingOf(numbers, true)
	most := len(numbers)/2 + 1
	switch {
	case (high.private >= most) != (low.private >= most):
		lowestFirst = low.private >= most
	case high.possible != low.possible:
		lowestFirst = low.possible > high.possible
	default:
		lowestFirst = lowNetworks < highNetworks
	}
	if lowestFirst {
		return true, low.possible
	}
	return false, high.possible
}
