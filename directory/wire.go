package directory

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
)

// What one question's answer may be. A decoded element takes some 250 bytes, so their number is what bounds the memory.
const (
	maxAnswer   = 64 << 20 // bytes
	spareValues = 200_000  // elements beside the members of a group
	maxNesting  = 32
)

// wire is the connection to an LDAP server. It hands on each message of the server only when all of it is there and was
// looked over: what decodes it would believe any length and any number of elements.
type wire struct {
	net.Conn
	in   *bufio.Reader
	rest []byte // of the message that is being handed on

	limit    int64        // elements of an answer
	bytes    atomic.Int64 // of the answer so far
	elements atomic.Int64
	exceeded atomic.Bool
}

func newWire(conn net.Conn, members int) *wire {
	return &wire{Conn: conn, in: bufio.NewReader(conn), limit: int64(members)*2 + spareValues}
}

// begin counts the answer to a new question.
func (w *wire) begin() {
	w.bytes.Store(0)
	w.elements.Store(0)
}

func (w *wire) Read(p []byte) (n int, err error) {
	if len(w.rest) == 0 {
		if w.rest, err = w.message(); err != nil {
			return 0, err
		}
	}
	n = copy(p, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

// message reads one message of the server.
func (w *wire) message() ([]byte, error) {
	head, length, err := header(w.in)
	if err != nil {
		return nil, err
	}
	if w.bytes.Add(int64(length)) > maxAnswer {
		return nil, w.exceed("%d bytes", maxAnswer)
	}
	var whole bytes.Buffer // it grows with what comes, not by what was announced
	whole.Write(head)
	if _, err := io.CopyN(&whole, w.in, int64(length)); err != nil {
		return nil, err
	}
	n, err := countElements(whole.Bytes())
	if err != nil {
		return nil, err
	}
	if w.elements.Add(int64(n)) > w.limit {
		return nil, w.exceed("%d elements", w.limit)
	}
	return whole.Bytes(), nil
}

func (w *wire) exceed(format string, limit any) error {
	w.exceeded.Store(true)
	return fmt.Errorf("more than "+format, limit)
}

var errNotBER = errors.New("not a message of LDAP")

// header reads the tag and the length of an element, and returns both as they were and the length. LDAP has no long tags,
// and no lengths that are told at the end.
func header(r io.ByteReader) (head []byte, length int, err error) {
	next := func() (b byte) {
		if err == nil {
			if b, err = r.ReadByte(); err == nil {
				head = append(head, b)
			}
		}
		return b
	}
	tag, first := next(), next()
	if err != nil {
		return nil, 0, err
	}
	if tag&0x1f == 0x1f || first == 0x80 || first > 0x84 {
		return nil, 0, errNotBER
	}
	if first < 0x80 {
		return head, int(first), nil
	}
	for range first - 0x80 {
		length = length<<8 | int(next())
	}
	if length > maxAnswer {
		err = errNotBER
	}
	return head, length, err
}

// countElements counts the elements of a message, which must fill it exactly.
func countElements(message []byte) (n int, err error) {
	ends := []int{len(message)} // of the elements around
	for at := 0; ; n++ {
		for len(ends) > 0 && at == ends[len(ends)-1] {
			ends = ends[:len(ends)-1]
		}
		if len(ends) == 0 {
			return n, nil
		}
		head, length, err := header(bytes.NewReader(message[at:ends[len(ends)-1]]))
		if err != nil {
			return 0, errNotBER
		}
		constructed := head[0]&0x20 != 0
		at += len(head)
		if at+length > ends[len(ends)-1] || len(ends) > maxNesting {
			return 0, errNotBER
		}
		if constructed {
			ends = append(ends, at+length)
		} else {
			at += length
		}
	}
}
