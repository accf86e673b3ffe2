// Package elements reads the XML exports of scanners with encoding/xml, and bounds what encoding/xml does not: the size of
// a token (16 MiB), the depth (64), the attributes of an element (256). Control characters and bytes that are not UTF-8 are
// cleaned, a DOCTYPE is passed over, nothing is ever fetched and no entity of the document expanded.
package elements

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/musterhq/muster/importers/text"
	"github.com/musterhq/muster/plugins"
)

// ErrNotXML is returned for a file that does not begin like XML; the text says what it looks like.
var ErrNotXML = errors.New("the file is not XML")

// Reader steps through the elements of a document, the outer before the inner ones.
type Reader struct {
	Root string // the name of the root element
	Tail string // a sentence about what follows the root element and is not read, when Next has returned io.EOF

	tokens  *tokens
	decoder *xml.Decoder
	start   *xml.StartElement // that Next returned last, or will return
	fresh   bool              // it is still to be returned
}

// Open reads up to the root element. Its errors are text.ErrEmpty, an ErrNotXML, or say what is wrong in which line. All
// reading ends with ctx.
func Open(ctx context.Context, f io.Reader) (*Reader, error) {
	file, err := text.Open(f)
	if err != nil {
		return nil, err
	}
	t := newTokens(ctx, file)
	r := &Reader{tokens: t, decoder: xml.NewTokenDecoder(t)}
	for {
		token, err := r.decoder.Token()
		if err == io.EOF {
			return nil, text.ErrEmpty
		}
		if data, isText := token.(xml.CharData); isText && blank(data) {
			continue
		}
		start, isElement := token.(xml.StartElement)
		kind := plugins.LooksLike(file.Head)
		switch {
		case err != nil && ctx.Err() == nil && !strings.HasPrefix(kind, "XML"), err == nil && !isElement:
			if kind == "" {
				kind = "text"
			}
			if plugins.IsArchive(kind) {
				kind += ": unpack it and import the files in it"
			}
			return nil, fmt.Errorf("%w: it looks like %s", ErrNotXML, kind)
		case err != nil:
			return nil, err
		}
		r.Root, r.start, r.fresh = start.Name.Local, &start, true
		return r, nil
	}
}

// Next returns the next element: the root, then those inside of what Next returned before unless that was read by Decode or
// Skip. At the end of the root it returns io.EOF, unless another document with the same root follows, as in reports that were
// put one behind another. The error says what is wrong in which line.
func (r *Reader) Next() (*xml.StartElement, error) {
	if r.fresh {
		r.fresh = false
		return r.start, nil
	}
	for {
		behind := len(r.tokens.open) == 0
		token, err := r.decoder.Token()
		if behind && !r.goesOn(token) {
			return nil, r.stop(err)
		}
		if err != nil {
			return nil, err
		}
		if start, isElement := token.(xml.StartElement); isElement {
			r.start = &start
			return r.start, nil
		}
	}
}

// goesOn reports whether a token that follows the root element is white space or begins another of the kind.
func (r *Reader) goesOn(token xml.Token) bool {
	switch token := token.(type) {
	case xml.CharData:
		return blank(token)
	case xml.StartElement:
		return token.Name.Local == r.Root
	}
	return false
}

// stop ends the document behind its root, whatever follows, but not silently.
func (r *Reader) stop(err error) error {
	if err == r.tokens.ctx.Err() && err != nil {
		return err
	}
	if err != io.EOF {
		r.Tail = fmt.Sprintf("what follows the element <%s> in line %d is not read", r.Root, r.Line())
	}
	return io.EOF
}

// Depth returns how many elements are around the one that Next returned: 0 for the root. Decode and Skip leave it behind.
func (r *Reader) Depth() int { return len(r.tokens.open) - 1 }

// Path returns the names of the elements from the root to the one that Next returned. It is valid until the next call.
func (r *Reader) Path() []string { return r.tokens.open }

// Line returns the number of the line that is being read, from 1.
func (r *Reader) Line() int {
	line, _ := r.tokens.decoder.InputPos()
	return line
}

// Decode reads the element that Next returned, with all that is in it, into v as encoding/xml does. The error says what is
// wrong in which line.
func (r *Reader) Decode(v any) error {
	if err := r.decoder.DecodeElement(v, r.start); err != nil {
		return r.explain(err)
	}
	return nil
}

// Skip reads past the element that Next returned.
func (r *Reader) Skip() error { return r.decoder.Skip() }

// explain adds the line to an error about a value, such as a text where a number should be, of which it repeats nothing.
func (r *Reader) explain(err error) error {
	if r.tokens.failed {
		return err
	}
	return fmt.Errorf("line %d: <%s>: a value of the wrong kind", r.Line(), r.start.Name.Local)
}
