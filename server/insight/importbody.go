package insight

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// maxMembers is how many bytes the body of an import may have beside its content.
const maxMembers = 64 << 10

// contents are the members whose values are the file.
var contents = map[string]string{"filecontents": "FileContents", "base64filecontents": "Base64FileContents"}

// cutContents reads the body of an import, writes the file that is in it to w, decoded, and returns the body with the
// text "…" in place of the file. It holds no more than maxMembers bytes. What it cannot make sense of it leaves in
// what it returns, for the JSON decoder to refuse with its reason.
func cutContents(body io.Reader, w io.Writer) ([]byte, error) {
	c := &cutter{in: bufio.NewReaderSize(body, 64<<10)}
	err := c.object(w)
	if err == nil || errors.Is(err, errNotObject) {
		err = c.rest()
	}
	if errors.Is(err, io.EOF) {
		err = nil // cut short: the decoder says so
	}
	return c.kept.Bytes(), err
}

type cutter struct {
	in   *bufio.Reader
	kept bytes.Buffer
}

var errNotObject = errors.New("not an object")

// next returns the next byte that is no white space, without taking it.
func (c *cutter) next() (byte, error) {
	for {
		b, err := c.in.ReadByte()
		if err != nil {
			return 0, err
		}
		if !strings.ContainsRune(" \t\r\n", rune(b)) {
			return b, c.in.UnreadByte()
		}
	}
}

// keep takes a byte and keeps it.
func (c *cutter) keep() (byte, error) {
	b, err := c.in.ReadByte()
	if err != nil {
		return 0, err
	}
	if c.kept.Len() >= maxMembers {
		return 0, fmt.Errorf("%w: it may have %d bytes beside the file", api.ErrTooLarge, maxMembers)
	}
	return b, c.kept.WriteByte(b)
}

func (c *cutter) rest() error {
	for {
		if _, err := c.keep(); err != nil {
			return err
		}
	}
}

// object reads members up to the closing brace.
func (c *cutter) object(w io.Writer) error {
	if bom, err := c.in.Peek(3); err == nil && string(bom) == "\xef\xbb\xbf" {
		c.in.Discard(3)
	}
	for opening := byte('{'); ; opening = ',' {
		if err := c.expect(opening); err != nil {
			return err
		}
		name, err := c.name()
		if err != nil {
			return err
		}
		if err := c.expect(':'); err != nil {
			return err
		}
		if member, isFile := contents[strings.ToLower(name)]; isFile {
			err = c.file(member, w)
		} else {
			err = c.value()
		}
		if err != nil {
			return err
		}
		if b, err := c.next(); err != nil || b == '}' {
			return err
		}
	}
}

func (c *cutter) expect(wanted byte) error {
	b, err := c.next()
	if err != nil {
		return err
	}
	if b != wanted {
		return errNotObject
	}
	_, err = c.keep()
	return err
}

// name reads a member's name, which is kept.
func (c *cutter) name() (string, error) {
	if b, err := c.next(); err != nil || b != '"' {
		if err == nil {
			err = errNotObject
		}
		return "", err
	}
	begin := c.kept.Len()
	if err := c.text(); err != nil {
		return "", err
	}
	var name string
	if json.Unmarshal(c.kept.Bytes()[begin:], &name) != nil {
		return "", errNotObject
	}
	return name, nil
}

// text keeps a quoted text.
func (c *cutter) text() error {
	for escaped, quotes := false, 0; quotes < 2; {
		b, err := c.keep()
		if err != nil {
			return err
		}
		if b == '"' && !escaped {
			quotes++
		}
		escaped = b == '\\' && !escaped
	}
	return nil
}

// value keeps any value.
func (c *cutter) value() error {
	for depth := 0; ; {
		b, err := c.next()
		if err != nil {
			return err
		}
		switch {
		case b == '"':
			if err := c.text(); err != nil {
				return err
			}
		case depth == 0 && (b == ',' || b == '}' || b == ']'):
			return nil
		default:
			if _, err := c.keep(); err != nil {
				return err
			}
			switch b {
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			continue
		}
		if depth == 0 {
			return nil
		}
	}
}

// file decodes a member that holds the file.
func (c *cutter) file(member string, w io.Writer) error {
	b, err := c.next()
	if err != nil {
		return err
	}
	var n int64
	switch {
	case b == '"':
		c.in.Discard(1)
		n, err = (&unquoted{in: c.in}).decode(w)
		if corrupt, ok := errors.AsType[base64.CorruptInputError](err); ok {
			return store.Invalid("%s: not base64 at character %d", member, int64(corrupt)+1)
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return store.Invalid("%s: the base64 is cut short", member)
		}
	case b == '[' && member == "FileContents":
		c.in.Discard(1)
		n, err = c.numbers(member, w)
	default:
		return c.value() // null, or what the decoder refuses
	}
	if err == nil && n > 0 {
		c.kept.WriteString(`"…"`)
	} else {
		c.kept.WriteString(`""`)
	}
	return err
}

// numbers decodes a list of bytes as numbers.
func (c *cutter) numbers(member string, w io.Writer) (n int64, err error) {
	out := bufio.NewWriter(w)
	for {
		digits, err := c.digits()
		if err != nil {
			return n, err
		}
		end, err := c.next()
		if err != nil {
			return n, err
		}
		c.in.Discard(1)
		if n == 0 && len(digits) == 0 && end == ']' {
			return 0, nil
		}
		value, err := strconv.ParseUint(string(digits), 10, 8)
		if err != nil || end != ',' && end != ']' {
			return n, store.Invalid("%s: item %d is not a number from 0 to 255", member, n+1)
		}
		if err := out.WriteByte(byte(value)); err != nil {
			return n, err
		}
		if n++; end == ']' {
			return n, out.Flush()
		}
	}
}

// digits takes the digits that come next, as many as a byte can have and one more.
func (c *cutter) digits() (digits []byte, err error) {
	if _, err := c.next(); err != nil {
		return nil, err
	}
	for len(digits) < 4 {
		b, err := c.in.ReadByte()
		if err != nil {
			return nil, err
		}
		if b < '0' || b > '9' {
			return digits, c.in.UnreadByte()
		}
		digits = append(digits, b)
	}
	return digits, nil
}
