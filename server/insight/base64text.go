package insight

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
)

// unquoted reads the inside of a JSON text up to its closing quote, as what base64 is made of: escapes are undone,
// the URL alphabet becomes the standard one.
type unquoted struct {
	in    *bufio.Reader
	ended bool
}

func (u *unquoted) Read(p []byte) (n int, err error) {
	for n < len(p) && !u.ended {
		if n > 0 && u.in.Buffered() == 0 {
			return n, nil
		}
		if plain := u.plain(p[n:]); plain > 0 {
			n += plain
			continue
		}
		b, err := u.in.ReadByte()
		if err == nil && b == '\\' {
			b, err = u.escape()
		} else if b == '"' {
			u.ended = true
			break
		}
		if err != nil {
			return n, io.ErrUnexpectedEOF
		}
		switch b {
		case '-':
			b = '+'
		case '_':
			b = '/'
		}
		p[n] = b
		n++
	}
	if u.ended && n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// plain reads what is at hand up to a character that means something else.
func (u *unquoted) plain(p []byte) int {
	ahead, _ := u.in.Peek(min(u.in.Buffered(), len(p)))
	if special := bytes.IndexAny(ahead, `"\-_`); special >= 0 {
		ahead = ahead[:special]
	}
	n, _ := u.in.Discard(copy(p, ahead))
	return n
}

// escape reads what follows a backslash. A character that base64 does not have becomes one that it refuses.
func (u *unquoted) escape() (byte, error) {
	b, err := u.in.ReadByte()
	switch {
	case err != nil:
		return 0, err
	case b == 'n' || b == 'r' || b == 't':
		return '\n', nil // the decoder passes over it
	case b != 'u':
		return b, nil
	}
	var hex [4]byte
	if _, err := io.ReadFull(u.in, hex[:]); err != nil {
		return 0, err
	}
	r, err := strconv.ParseUint(string(hex[:]), 16, 16)
	if err != nil || r > 0x7f {
		return '!', nil
	}
	return byte(r), nil
}
