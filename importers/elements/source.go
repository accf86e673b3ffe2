package elements

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/musterhq/muster/importers/text"
)

// source feeds the decoder byte by byte, which is how encoding/xml reads, and so can stop it in the middle of a token:
// encoding/xml itself holds a token of any size and an element of any number of attributes.
type source struct {
	*text.File
	within     place
	attributes int // of the tag so far
	failure    error
}

// place is what the source knows of the syntax around the next byte: as much as counting attributes takes.
type place int

const (
	inText place = iota
	behindLess
	inTag
	inSingle // quotes
	inDouble // quotes
	inOpaque // a comment, CDATA, DOCTYPE or instruction, until the decoder has read it
)

// begin tells the source that the decoder asks for its next token.
func (s *source) begin() {
	s.Allow(maxToken)
	if s.within == inOpaque {
		s.within = inText
	}
}

// ReadByte implements io.ByteReader, which encoding/xml looks for.
func (s *source) ReadByte() (byte, error) {
	c, err := s.Reader.ReadByte()
	if err != nil {
		s.failure = err
		return 0, err
	}
	switch s.within {
	case inText:
		switch c {
		case '<':
			s.within = behindLess
		case '&':
			c = s.reference()
		}
	case behindLess:
		s.within, s.attributes = inTag, 0
		if c == '!' || c == '?' {
			s.within = inOpaque
		}
	case inTag:
		switch c {
		case '>':
			s.within = inText
		case '"':
			s.within = inDouble
		case '\'':
			s.within = inSingle
		case '=':
			if s.attributes++; s.attributes > maxAttributes {
				s.failure = fmt.Errorf("an element with more than %d attributes", maxAttributes)
				return 0, s.failure
			}
		}
	case inSingle, inDouble:
		switch {
		case c == '&':
			c = s.reference()
		case c == '"' && s.within == inDouble, c == '\'' && s.within == inSingle:
			s.within = inTag
		}
	}
	return c, nil
}

// reference takes a reference to a character that XML does not allow, which would end the decoder, and makes a blank of it;
// another reference stays.
func (s *source) reference() byte {
	const longest = len("#x0000FFFE;") + 4 // some more zeros
	ahead, _ := s.Peek(longest)
	digits, found := bytes.CutPrefix(ahead, []byte("#"))
	if !found {
		return '&'
	}
	digits, _, found = bytes.Cut(digits, []byte(";"))
	if !found {
		return '&'
	}
	base, number := 10, digits
	if hex, isHex := bytes.CutPrefix(digits, []byte("x")); isHex {
		base, number = 16, hex
	}
	if code, err := strconv.ParseUint(string(number), base, 32); err != nil || allowed(rune(code)) {
		return '&'
	}
	_, _ = s.Discard(len("#") + len(digits) + len(";"))
	return ' '
}

// allowed reports whether XML 1.0 allows the character (2.2).
func allowed(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || ' ' <= r && r <= 0xd7ff || 0xe000 <= r && r <= 0xfffd || 0x10000 <= r && r <= 0x10ffff
}

// Read is for encoding/xml to believe that a source is an io.Reader; it uses ReadByte.
func (s *source) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, err := s.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = c
	return 1, nil
}
