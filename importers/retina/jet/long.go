package jet

import "fmt"

// A row has of a long value its length, where the rest is, and a pointer to it.
const (
	longHeader = 12
	longLength = 1<<30 - 1
	longInline = 1 << 31 // the value follows
	longSingle = 1 << 30 // the value is the row that the pointer leads to; without both it is a chain of such rows
)

// long returns the first MaxLong bytes of a long value.
func (s *scan) long(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return b, nil
	}
	if len(b) < longHeader {
		return nil, fmt.Errorf("%w: a long value of %d bytes", ErrDamaged, len(b))
	}
	place := order.Uint32(b)
	length, first := int(place&longLength), pointerAt(b[4:])
	switch {
	case place&longInline != 0:
		b = b[longHeader:]
		return b[:min(length, len(b), MaxLong)], nil
	case length == 0:
		return nil, nil
	case place&longSingle != 0:
		value, err := s.part(first)
		return value[:min(length, len(value), MaxLong)], err
	}
	return s.chain(first, min(length, MaxLong))
}

// chain returns the first bytes of a long value of several rows. Each begins with a pointer to the next.
func (s *scan) chain(next pointer, length int) (value []byte, err error) {
	var links loop[pointer]
	for len(value) < length {
		if links.closed(next) {
			return nil, fmt.Errorf("%w: a long value comes back to %v", ErrDamaged, next)
		}
		part, err := s.part(next)
		if err != nil {
			return nil, err
		}
		if len(part) < 4 {
			return nil, fmt.Errorf("%w: a long value's part of %d bytes in %v", ErrDamaged, len(part), next)
		}
		next = pointerAt(part)
		value = append(value, part[4:]...)
		if next.page == 0 {
			break
		}
	}
	return value[:min(length, len(value))], nil
}

// part returns a row of a long value, and counts it.
func (s *scan) part(p pointer) ([]byte, error) {
	part, flags, err := s.db.at(p)
	switch {
	case err != nil:
		return nil, err
	case flags&flagPointer != 0:
		return nil, fmt.Errorf("%w: a long value in %v, which is deleted", ErrDamaged, p)
	}
	return part, s.spend(len(part))
}
