// Package load puts work on HTTP servers and measures how they do it. Its client shares the processors with what it
// measures, so it does as little as it can: it writes requests that are made beforehand and reads answers in place.
package load

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// patience bounds one request and its answer.
const patience = 5 * time.Minute

// keptBody is the most bytes of a body that an Answer shows.
const keptBody = 4 << 10

// Conn is one connection that is kept alive. It is used by one goroutine.
type Conn struct {
	net.Conn
	in   *bufio.Reader
	body []byte
}

// Answer is what came back.
type Answer struct {
	Status    int
	Bytes     int           // of the body
	Records   int           // how often the body holds the text that is counted
	FirstByte time.Duration // from the request's first byte to the body's
	Body      []byte        // the first keptBody bytes, valid until the next request
}

// Dial connects to a server.
func Dial(addr string) (*Conn, error) {
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	return &Conn{Conn: c, in: bufio.NewReaderSize(c, 64<<10)}, nil
}

// Request writes a request as bytes. An empty body sends none.
func Request(method, path, token, body string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: bench\r\n", method, path)
	if token != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", token)
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.WriteString(body)
	return b.Bytes()
}

// Do sends a request and reads its answer to the end. What comes of the body goes to sink too, unless that is nil.
func (c *Conn) Do(request []byte, sink io.Writer) (a Answer, err error) {
	began := time.Now()
	if err := c.SetDeadline(began.Add(patience)); err != nil {
		return a, err
	}
	if _, err := c.Write(request); err != nil {
		return a, err
	}
	length, err := c.head(&a)
	if err != nil {
		return a, err
	}
	b := &body{counted: counter{text: recordMark}, kept: c.body[:0], sink: sink, began: began}
	switch {
	case length >= 0:
		err = b.take(c.in, length)
	default:
		err = b.chunks(c.in)
	}
	c.body = b.kept
	a.Bytes, a.Records, a.FirstByte, a.Body = b.bytes, b.counted.n, b.first, b.kept
	return a, err
}

// recordMark is what an asset has once.
var recordMark = []byte(`"AssetID":`)

// head reads the status and the headers and returns the length of the body, -1 for chunks.
func (c *Conn) head(a *Answer) (length int, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("no HTTP: %q", line)
	}
	if a.Status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, fmt.Errorf("no HTTP: %q", line)
	}
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return length, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			length = -1
		}
	}
}

// body takes in what comes of a body.
type body struct {
	counted counter
	kept    []byte
	bytes   int
	first   time.Duration
	began   time.Time
	sink    io.Writer
}

// take takes n bytes from where they lie in the reader's buffer.
func (b *body) take(in *bufio.Reader, n int) error {
	for n > 0 {
		if _, err := in.Peek(1); err != nil {
			return err
		}
		p, err := in.Peek(min(n, in.Buffered()))
		if err != nil {
			return err
		}
		if b.bytes == 0 {
			b.first = time.Since(b.began)
		}
		b.bytes += len(p)
		b.counted.count(p)
		if room := keptBody - len(b.kept); room > 0 {
			b.kept = append(b.kept, p[:min(room, len(p))]...)
		}
		if b.sink != nil {
			if _, err := b.sink.Write(p); err != nil {
				return err
			}
		}
		n -= len(p)
		if _, err := in.Discard(len(p)); err != nil {
			return err
		}
	}
	return nil
}

func (b *body) chunks(in *bufio.Reader) error {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseUint(string(bytes.TrimRight(line, "\r\n")), 16, 31)
		if err != nil {
			return fmt.Errorf("no chunk: %w", err)
		}
		if err := b.take(in, int(size)); err != nil {
			return err
		}
		if _, err := in.Discard(2); err != nil {
			return err
		}
		if size == 0 {
			return nil
		}
	}
}

// counter counts a text in what comes in pieces.
type counter struct {
	text []byte
	tail []byte // the end of what came, too short for a whole text
	n    int
}

func (c *counter) count(p []byte) {
	c.n += bytes.Count(p, c.text)
	most := len(c.text) - 1
	if len(c.tail) > 0 {
		seam := append(c.tail, p[:min(most, len(p))]...)
		c.n += bytes.Count(seam, c.text)
		if len(p) < most {
			c.tail = seam[max(0, len(seam)-most):]
			return
		}
	}
	c.tail = append(c.tail[:0], p[max(0, len(p)-most):]...)
}
