package jet

import (
	"fmt"
	"iter"
	"math/bits"
)

// The kinds of usage maps, as the first byte tells.
const (
	inlineMap   = 0 // the number of the first page, and a bit for that and each next page
	indirectMap = 1 // the numbers of pages with the bits, from page 0 on
)

// owned yields the pages that the usage map in a row tells, upwards, each once. A page that the file does not have is an
// error: the file is cut off.
func (db *Database) owned(at pointer) iter.Seq2[uint32, error] {
	return func(yield func(uint32, error) bool) {
		usage, _, err := db.at(at)
		switch {
		case err != nil:
			yield(0, fmt.Errorf("usage map: %w", err))
		case len(usage) >= 5 && usage[0] == inlineMap:
			db.set(uint64(order.Uint32(usage[1:])), usage[5:], yield)
		case len(usage) >= 1 && usage[0] == indirectMap:
			db.indirect(usage[1:], yield)
		default:
			yield(0, fmt.Errorf("%w: usage map in %v", ErrDamaged, at))
		}
	}
}

// indirect yields the pages of the maps that are listed. Where the list has a 0 the table owns none.
func (db *Database) indirect(list []byte, yield func(uint32, error) bool) {
	const header = 4
	for i := uint64(0); len(list) >= 4; i, list = i+1, list[4:] {
		number := order.Uint32(list)
		if number == 0 {
			continue
		}
		content, err := db.pages.read(number, usagePage)
		if err != nil {
			yield(0, fmt.Errorf("usage map: %w", err))
			return
		}
		if !db.set(i*uint64(len(content)-header)*8, content[header:], yield) {
			return
		}
	}
}

// set yields the pages whose bits are set, and reports whether to go on.
func (db *Database) set(first uint64, bitmap []byte, yield func(uint32, error) bool) bool {
	for i, octet := range bitmap {
		for ; octet != 0; octet &= octet - 1 {
			number := first + uint64(i)*8 + uint64(bits.TrailingZeros8(octet))
			if number >= uint64(db.pages.count) {
				yield(0, fmt.Errorf("%w: cut off before page %d", ErrDamaged, number))
				return false
			}
			if !yield(uint32(number), nil) {
				return false
			}
		}
	}
	return true
}
