package elements

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/musterhq/muster/importers/text"
)

const (
	// maxToken is how many bytes a tag, a comment or the text of one element may have: 16 MiB and a little less, since the
	// buffer of encoding/xml doubles and is never to have 32.
	maxToken      = 16<<20 - 2*text.BufferBytes
	maxDepth      = 64
	maxAttributes = 256
)

// tokens is an xml.TokenReader with limits. Every error names the line.
type tokens struct {
	ctx     context.Context
	source  *source
	decoder *xml.Decoder
	open    []string // the names of the elements around
	texts   []int    // for each of them, and the document, the bytes of text directly in it
	count   int
	failed  bool // Token has returned an error
}

func newTokens(ctx context.Context, f *text.File) *tokens {
	t := &tokens{ctx: ctx, source: &source{File: f}, texts: make([]int, 1, maxDepth+1)}
	t.decoder = xml.NewDecoder(t.source)
	t.decoder.Entity = xml.HTMLEntity
	t.decoder.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // it is UTF-8 by now
	return t
}

// Token implements xml.TokenReader. It leaves out comments, instructions and the DOCTYPE; nothing that one of them names is
// ever fetched.
func (t *tokens) Token() (xml.Token, error) {
	for {
		if t.count++; t.count%1024 == 0 && t.ctx.Err() != nil {
			t.failed = true
			return nil, t.ctx.Err()
		}
		t.source.begin()
		token, err := t.decoder.RawToken()
		if err == nil {
			err = t.check(token)
		}
		if err != nil {
			t.failed = true
			return nil, t.locate(err)
		}
		switch token.(type) {
		case xml.StartElement, xml.EndElement, xml.CharData:
			return token, nil
		}
	}
}

// check keeps count of what is open.
func (t *tokens) check(token xml.Token) error {
	switch token := token.(type) {
	case xml.StartElement:
		if len(t.open) == maxDepth {
			return fmt.Errorf("elements are nested more than %d deep", maxDepth)
		}
		t.open = append(t.open, token.Name.Local)
		t.texts = append(t.texts, 0)
	case xml.EndElement:
		if len(t.open) == 0 {
			return errors.New("the end of an element that is not open")
		}
		if t.open[len(t.open)-1] != token.Name.Local {
			return fmt.Errorf("the end of another element inside of %s", t.place())
		}
		t.open, t.texts = t.open[:len(t.open)-1], t.texts[:len(t.texts)-1]
	case xml.CharData:
		if t.texts[len(t.open)] += len(token); t.texts[len(t.open)] > maxToken && len(t.open) > 0 {
			return text.ErrTooLong
		}
	}
	return nil
}

// locate says where the document is damaged, and how. It quotes nothing of the document but the names of elements: it might
// hold secrets.
func (t *tokens) locate(err error) error {
	line, _ := t.decoder.InputPos()
	malformed, isSyntax := errors.AsType[*xml.SyntaxError](err)
	switch {
	case t.source.failure != nil && t.source.failure != io.EOF && !errors.Is(t.source.failure, text.ErrTooLong):
		err = t.source.failure // the decoder has made a syntax error of some
	case errors.Is(err, text.ErrTooLong), errors.Is(t.source.failure, text.ErrTooLong):
		err = fmt.Errorf("%s holds more than 16 MiB", t.place())
	case err == io.EOF && len(t.open) == 0:
		return io.EOF
	case t.source.failure == io.EOF:
		err = fmt.Errorf("the file is cut off inside of %s", t.place())
	case isSyntax && strings.HasPrefix(malformed.Msg, "invalid character entity"):
		err = errors.New("an entity that XML does not define; entities of the document are not expanded")
	case isSyntax && quotes(malformed.Msg):
		err = errors.New("malformed XML")
	case isSyntax:
		err = errors.New("malformed XML: " + malformed.Msg)
	}
	return fmt.Errorf("line %d: %w", line, err)
}

// quotes reports whether a message of encoding/xml repeats what the document says.
func quotes(message string) bool {
	return strings.HasPrefix(message, "invalid XML name") || strings.HasPrefix(message, "invalid characters between")
}

// place names the innermost open element.
func (t *tokens) place() string {
	if len(t.open) == 0 {
		return "the document"
	}
	return "<" + t.open[len(t.open)-1] + ">"
}

// blank reports whether there is nothing but white space.
func blank(data xml.CharData) bool { return len(bytes.TrimSpace(data)) == 0 }
