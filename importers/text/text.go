// Package text reads the text files of scanners, in whatever encoding and with whatever line ends they come, as UTF-8.
package text

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// BufferBytes is the size of the buffer of a File: as much can be peeked at.
const BufferBytes = 64 << 10

const sniffBytes = 4 << 10

var (
	// ErrEmpty is returned for a file without a byte.
	ErrEmpty = errors.New("the file is empty")
	// ErrTooLong is returned by reads beyond what was allowed.
	ErrTooLong = errors.New("a part of the file is too long")
)

// File is a file as UTF-8 with line ends \n and without other control characters than tabs, each of which is a blank. It is
// read through a buffer and no further than Allow says.
type File struct {
	*bufio.Reader
	Head   []byte    // the first bytes, 4 KiB at most, for guesses about what the file is
	source io.Reader // what the buffer reads
	left   int       // bytes that may still be read from source
}

// Allow sets the number of bytes that may be read before the next call, give or take a buffer.
func (f *File) Allow(n int) { f.left = n }

// declared finds the encoding that an XML file says it is in.
var declared = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']`)
})

// Open recognises how the file is encoded: UTF-8 or UTF-16 with or without a byte order mark, what an XML declaration
// says, else Windows-1252. Nothing may be read of it before Allow, but it can be peeked at. The error is that of the file,
// or ErrEmpty.
func Open(file io.Reader) (*File, error) {
	raw := bufio.NewReaderSize(file, BufferBytes)
	head, err := peek(raw)
	if err != nil {
		return nil, err
	}
	if order, ok := utf16Order(head); ok {
		decoder := unicode.UTF16(order, unicode.UseBOM).NewDecoder()
		raw = bufio.NewReaderSize(transform.NewReader(raw, decoder), BufferBytes)
		if head, err = peek(raw); err != nil {
			return nil, err
		}
	} else if name := declared().FindSubmatch(head); name != nil && !bytes.HasPrefix(head, []byte("\ufeff")) {
		if raw, err = decode(raw, string(name[1])); err != nil {
			return nil, err
		}
	}
	if bytes.HasPrefix(head, []byte("\ufeff")) {
		_, _ = raw.Discard(len("\ufeff"))
	}
	f := &File{Head: bytes.Clone(head), source: transform.NewReader(raw, cleaner{}), left: BufferBytes}
	f.Reader = bufio.NewReaderSize(meter{f}, BufferBytes)
	return f, nil
}

// decode reads an encoding by its name. UTF-8 and what is near Windows-1252 stay as they are, for the cleaner: many a file
// says one of them and is the other.
func decode(raw *bufio.Reader, name string) (*bufio.Reader, error) {
	encoding, err := htmlindex.Get(name)
	if err != nil {
		return nil, fmt.Errorf("the file says that its encoding is %q, which is not known", name)
	}
	switch encoding {
	case unicode.UTF8, charmap.Windows1252:
		return raw, nil
	}
	if canonical, _ := htmlindex.Name(encoding); canonical == "utf-16le" || canonical == "utf-16be" {
		return raw, nil // it would not have been readable until here
	}
	return bufio.NewReaderSize(transform.NewReader(raw, encoding.NewDecoder()), BufferBytes), nil
}

// peek returns the beginning of a file, which may be all of it.
func peek(r *bufio.Reader) ([]byte, error) {
	head, err := r.Peek(sniffBytes)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if len(head) == 0 {
		return nil, ErrEmpty
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

// meter stops reading when the allowance of its file is used up.
type meter struct{ *File }

func (m meter) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, ErrTooLong
	}
	n, err := m.source.Read(p)
	m.left -= n
	return n, err
}

// cleaner is a transformer that makes \n of \r\n and of a lone \r, a blank of every other control character and of what may
// not stand in XML, and of each byte that is not part of UTF-8 the character that it is in Windows-1252: such a file need
// not be recognised as a whole, and one bad cell spoils no other.
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
		case r == '\ufeff': // the mark of a file that was put behind another
			nSrc += size
			continue
		case r < ' ' || r == 0xfffe || r == 0xffff:
			r = ' '
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
	for i := 0; i < len(src); {
		if i+8 <= len(src) && isPrintable(binary.LittleEndian.Uint64(src[i:])) {
			i += 8
			continue
		}
		for end := min(i+8, len(src)); i < end; i++ {
			if c := src[i]; c >= utf8.RuneSelf || c < ' ' && c != '\n' && c != '\t' {
				return i
			}
		}
	}
	return len(src)
}

// isPrintable reports whether none of eight bytes is a control character or not ASCII.
func isPrintable(eight uint64) bool {
	const ones = 0x0101010101010101
	return (eight|(eight-' '*ones))&(0x80*ones) == 0
}
