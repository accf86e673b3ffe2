package columns

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

const (
	bufferBytes = 64 << 10
	sniffBytes  = 4 << 10
)

var (
	errEmpty   = errors.New("the file is empty")
	errTooLong = errors.New("a row is too long")
)

// textFile is a file as UTF-8 with line ends \n, read through a buffer, with a limit on what is read.
type textFile struct {
	*bufio.Reader
	head   []byte    // the first bytes, for guesses about what the file is
	source io.Reader // what the buffer reads
	left   int       // bytes that may still be read from source
	last   byte      // the last one that was read
	ended  bool      // source has no more
}

// allow sets the number of bytes that may be read before the next call, give or take a buffer.
func (t *textFile) allow(n int) { t.left = n }

// cutOff reports whether all has been read and the last line has no end.
func (t *textFile) cutOff() bool { return t.ended && t.Buffered() == 0 && t.last != '\n' }

// openText recognises how the file is encoded: UTF-8 or UTF-16 with or without a byte order mark, else Windows-1252.
func openText(file io.Reader) (*textFile, error) {
	raw := bufio.NewReaderSize(file, bufferBytes)
	head, err := peek(raw)
	if err != nil {
		return nil, err
	}
	if order, ok := utf16Order(head); ok {
		decoder := unicode.UTF16(order, unicode.UseBOM).NewDecoder()
		raw = bufio.NewReaderSize(transform.NewReader(raw, decoder), bufferBytes)
		if head, err = peek(raw); err != nil {
			return nil, err
		}
	}
	if bytes.HasPrefix(head, []byte("\ufeff")) {
		_, _ = raw.Discard(len("\ufeff"))
	}
	t := &textFile{head: bytes.Clone(head), source: transform.NewReader(raw, cleaner{}), left: maxRecord}
	t.Reader = bufio.NewReaderSize(meter{t}, bufferBytes)
	return t, nil
}

// peek returns the beginning of a file, which may be all of it.
func peek(r *bufio.Reader) ([]byte, error) {
	head, err := r.Peek(sniffBytes)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if len(head) == 0 {
		return nil, errEmpty
	}
	return head, nil
}

// utf16Order recognises UTF-16 by its mark or, without one, by a header that is mostly ASCII: in nearly every pair of
// bytes the same one is zero, and the other never.
func utf16Order(head []byte) (unicode.Endianness, bool) {
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return unicode.LittleEndian, true
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return unicode.BigEndian, true
	}
	head = head[:min(len(head)&^1, 64)]
	zeros, most := [2]int{}, max(4, len(head)*3/8)
	for i, c := range head {
		if c == 0 {
			zeros[i&1]++
		}
	}
	if zeros[0] >= most && zeros[1] == 0 {
		return unicode.BigEndian, true
	}
	return unicode.LittleEndian, zeros[1] >= most && zeros[0] == 0
}

// meter stops reading when the allowance of its text is used up.
type meter struct{ *textFile }

func (m meter) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, errTooLong
	}
	n, err := m.source.Read(p)
	if m.left -= n; n > 0 {
		m.last = p[n-1]
	}
	m.ended = err == io.EOF
	return n, err
}

// cleaner is a transformer that makes \n of \r\n and of a lone \r, and of each byte that is not part of UTF-8 the character
// that it is in Windows-1252: such a file need not be recognised as a whole, and one bad cell spoils no other.
type cleaner struct{ transform.NopResetter }

func (cleaner) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if run := asciiRun(src[nSrc:]); run > 0 {
			n := copy(dst[nDst:], src[nSrc:nSrc+run])
			nDst, nSrc = nDst+n, nSrc+n
			if n < run {
				return nDst, nSrc, transform.ErrShortDst
			}
			continue
		}
		r, size := utf8.DecodeRune(src[nSrc:])
		switch {
		case !atEOF && (!utf8.FullRune(src[nSrc:]) || r == '\r' && nSrc+1 == len(src)):
			return nDst, nSrc, transform.ErrShortSrc
		case r == '\r':
			if r = '\n'; nSrc+1 < len(src) && src[nSrc+1] == '\n' {
				size = 2
			}
		case r == utf8.RuneError && size == 1:
			r = charmap.Windows1252.DecodeByte(src[nSrc])
		}
		if nDst+utf8.RuneLen(r) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc += size
	}
	return nDst, nSrc, nil
}

// asciiRun returns how many bytes at the beginning stay as they are.
func asciiRun(src []byte) int {
	for i, c := range src {
		if c >= utf8.RuneSelf || c == '\r' {
			return i
		}
	}
	return len(src)
}
