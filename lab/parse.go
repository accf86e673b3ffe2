package lab

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The limits of a lab file.
const (
	MaxSize   = 16 << 20 // bytes
	maxNested = 100      // columns to the right, or brackets within each other
)

// Parse reads a lab file, of which name is only for errors. What is not understood is refused: unknown and repeated members,
// other types than expected, values that there are none of; anchors, aliases, tags and a second document, which nobody needs
// here and which can blow up. The error is an *Error and never quotes a secret.
func Parse(name string, text []byte) (f *File, err error) {
	d := &decoder{file: name}
	if len(text) > MaxSize {
		return nil, d.wrong(1, "", "a lab file has at most %d MiB", MaxSize>>20)
	}
	if !utf8.Valid(text) {
		return nil, d.wrong(1, "", "a lab file is UTF-8")
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	defer func() {
		if r := recover(); r != nil {
			f, err = nil, d.wrong(1, "", "not YAML: %v", "the text confuses the parser")
		}
	}()
	tokens := lexer.Tokenize(string(text))
	if err := d.admit(tokens); err != nil {
		return nil, err
	}
	root, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, d.syntax(err)
	}
	var body ast.Node
	for _, doc := range root.Docs {
		switch {
		case doc.Body == nil:
		case body != nil:
			return nil, d.wrong(lineOf(doc.Body), "", "a second document begins")
		default:
			body = doc.Body
		}
	}
	f = &File{}
	if body == nil {
		return nil, d.wrong(1, "", "the file is empty; it begins with muster: %d", Version)
	}
	if err := d.item(body, f, ""); err != nil {
		return nil, err
	}
	if f.Muster != Version {
		return nil, d.wrong(f.members["muster"], "muster", "version %d is not known, only %d is", f.Muster, Version)
	}
	return f, nil
}

// admit refuses what must not reach the parser.
func (d *decoder) admit(tokens token.Tokens) error {
	brackets := 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceEntryType, token.MappingKeyType:
			if t.Position.Column > maxNested {
				return d.wrong(t.Position.Line, "", "nested too deep")
			}
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			return d.wrong(t.Position.Line, "", "anchors and aliases are not read here")
		case token.TagType:
			return d.wrong(t.Position.Line, "", "tags are not read here")
		case token.DirectiveType:
			return d.wrong(t.Position.Line, "", "directives are not read here")
		case token.SequenceStartType, token.MappingStartType:
			if brackets++; brackets > maxNested {
				return d.wrong(t.Position.Line, "", "nested too deep")
			}
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		}
	}
	return nil
}

var positioned = regexp.MustCompile(`\[(\d+):\d+\]`)

// syntax is the error of the parser, without the lines of the file that it shows.
func (d *decoder) syntax(err error) error {
	line, text := 1, "not YAML"
	var told interface {
		GetMessage() string
		GetToken() *token.Token
	}
	if errors.As(err, &told) {
		text = "not YAML: " + told.GetMessage()
		if t := told.GetToken(); t != nil && t.Position != nil {
			line = t.Position.Line
		}
	} else if m := positioned.FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1])
	}
	return d.wrong(line, "", "%s", text)
}

func (d *decoder) wrong(line int, path, format string, args ...any) error {
	return &Error{d.file, max(line, 1), path, fmt.Errorf(format, args...)}
}

func lineOf(n ast.Node) int {
	if n == nil {
		return 1
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 1
}
