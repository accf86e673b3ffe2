package lab

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The limits of a lab file. The parser takes about half a kilobyte for each mark, and time in the square of the members of a
// mapping; who has more than this has several files.
const (
	MaxSize    = 8 << 20 // bytes
	maxMarks   = 500_000 // colons, commas, dashes and brackets
	maxMembers = 500     // of a mapping
	maxNested  = 100     // columns to the right, or brackets within each other
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
	marks := 0
	for _, mark := range []string{":", ",", "-", "[", "{", "?"} {
		marks += bytes.Count(text, []byte(mark))
	}
	if marks > maxMarks {
		return nil, d.wrong(1, "", "too much for one file: more than %d colons, commas, dashes and brackets", maxMarks)
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
	body, err := d.only(root.Docs)
	if err != nil {
		return nil, err
	}
	f = &File{}
	if err := d.item(body, f, ""); err != nil {
		return nil, err
	}
	if f.Muster != Version {
		return nil, d.wrong(f.members["muster"], "muster", "version %d is not known, only %d is", f.Muster, Version)
	}
	return f, nil
}

// only returns what the one document of a file holds.
func (d *decoder) only(documents []*ast.DocumentNode) (body ast.Node, err error) {
	for _, document := range documents {
		switch {
		case document.Body == nil:
		case body != nil:
			return nil, d.wrong(lineOf(document.Body), "", "a second document begins")
		default:
			body = document.Body
		}
	}
	if body == nil {
		return nil, d.wrong(1, "", "the file is empty; it begins with muster: %d", Version)
	}
	return body, nil
}

// admit refuses what must not reach the parser.
func (d *decoder) admit(tokens token.Tokens) error {
	var open nesting
	for _, t := range tokens {
		says := ""
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			says = "anchors and aliases are not read here"
		case token.TagType:
			says = "tags are not read here"
		case token.DirectiveType:
			says = "directives are not read here"
		default:
			says = open.refuses(t)
		}
		if says != "" {
			return d.wrong(t.Position.Line, "", "%s", says)
		}
	}
	return nil
}

// nesting are the mappings and lists that a token lies within, the outermost first.
type nesting []nested

type nested struct {
	column  int // of its members; 0: in brackets
	members int
}

// refuses goes on to a token and says why it is too much; empty: it is not.
func (n *nesting) refuses(t *token.Token) string {
	column := t.Position.Column
	switch t.Type {
	case token.SequenceStartType, token.MappingStartType:
		*n = append(*n, nested{})
	case token.SequenceEndType, token.MappingEndType:
		n.leave(func(top nested) bool { return top.column != 0 })
		*n = (*n)[:max(len(*n)-1, 0)]
	case token.SequenceEntryType:
		n.leave(func(top nested) bool { return top.column > column })
		if column > maxNested {
			return "nested too deep"
		}
	case token.MappingKeyType:
		if column > maxNested {
			return "nested too deep"
		}
	case token.MappingValueType:
		if t.Prev != nil {
			column = t.Prev.Position.Column
		}
		n.leave(func(top nested) bool { return top.column > column })
		if top := len(*n) - 1; top < 0 || (*n)[top].column != 0 && (*n)[top].column < column {
			*n = append(*n, nested{column: column})
		}
		top := &(*n)[len(*n)-1]
		if top.members++; top.members > maxMembers {
			return fmt.Sprintf("a mapping has at most %d members", maxMembers)
		}
	}
	if len(*n) > maxNested {
		return "nested too deep"
	}
	return ""
}

// leave leaves what the token is not within any more.
func (n *nesting) leave(over func(nested) bool) {
	for len(*n) > 0 && over((*n)[len(*n)-1]) {
		*n = (*n)[:len(*n)-1]
	}
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
		message, _, _ := strings.Cut(told.GetMessage(), `"`) // behind it may be a piece of a password
		text = "not YAML: " + strings.TrimRight(message, ": ")
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
