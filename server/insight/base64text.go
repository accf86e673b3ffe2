package insight

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strconv"
)

// unquoted reads the inside of a JSON text up to its closing quote, as what base64 is made of: escapes are undone,
// the URL alphabet becomes the standard one, lines are joined.
type unquoted struct {
	in    *bufio.Reader
	ended bool
}

// base64Piece is how many characters are decoded at a time, a multiple of four.
const base64Piece = 32 << 10

// decode writes what the text stands for, and returns how many bytes that is. Its errors are base64.CorruptInputError, with the place in
// the whole text, and io.ErrUnexpectedEOF. It does what base64.NewDecoder does in pieces of 768 bytes, and takes half the time.
func (u *unquoted) decode(w io.Writer) (size int64, err error) {
	text := make([]byte, base64Piece)
	file := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	for before, padded := int64(0), false; !u.ended; before += base64Piece {
		n, err := io.ReadFull(u, text)
		if err != nil && !u.ended {
			return size, err
		}
		if n > 0 && padded {
			return size, base64.CorruptInputError(before)
		}
		whole := n &^ 3
		decoded, err := base64.StdEncoding.Decode(file, text[:whole])
		if corrupt, ok := errors.AsType[base64.CorruptInputError](err); ok {
			return size, corrupt + base64.CorruptInputError(before)
		}
		if _, err := w.Write(file[:decoded]); err != nil {
			return size, err
		}
		size += int64(decoded)
		if whole < n {
			return size, io.ErrUnexpectedEOF
		}
		padded = decoded < base64.StdEncoding.DecodedLen(whole)
	}
	return size, nil
}

// Read is io.Reader's. It returns io.ErrUnexpectedEOF if the body ends without a closing quote.
func (u *unquoted) Read(p []byte) (n int, err error) {
	for n < len(p) && !u.ended {
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
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return n, err
		}
		switch b {
		case '\r', '\n':
			continue
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
	for _, special := range []byte("\"\\-_\r\n") {
		if at := bytes.IndexByte(ahead, special); at >= 0 {
			ahead = ahead[:at]
		}
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
		return '\n', nil // passed over
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
