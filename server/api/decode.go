package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/musterhq/muster/store"
)

// What a body may consist of. Short values take up to thirty times their text in memory, so it is their number that
// bounds it.
const (
	maxDepth  = 64
	maxValues = 20_000
)

// Decode reads a JSON body into v, a pointer to a struct or a slice, as forgivingly as the original: members in any
// letter case, unknown ones ignored, numbers and booleans also as strings, null and absent the same. It
// is strict about what cannot be meant (trailing data, a member twice, nesting over 64, more than 20,000 values, bytes that are no UTF-8) and
// about the rules in the binding tags: required, present, max=N (code points). The error names the member. Bodies of
// several kinds have a member tagged kinds, whose value says which other members there are; see assignKind. A type with a
// method TakesEmptyList has [] read as {}.
func Decode(body []byte, v any) error {
	tree, err := parse(body)
	if err != nil {
		return err
	}
	if list, ok := tree.([]any); ok && len(list) == 0 {
		if _, ok := v.(interface{ TakesEmptyList() }); ok {
			tree = nil
		}
	}
	return assign(reflect.ValueOf(v).Elem(), "", tree)
}

// decodeForm reads a form like a JSON object.
func decodeForm(body []byte, v any) error {
	values, err := parseQuery(string(body))
	if err != nil {
		return store.Invalid("the form cannot be read: %v", err)
	}
	tree := object{}
	for name, value := range values {
		name = strings.ToLower(name)
		if _, twice := tree[name]; twice || len(value) > 1 {
			return store.Invalid("%s is given twice", brief(name))
		}
		tree[name] = value[0]
	}
	return assign(reflect.ValueOf(v).Elem(), "", tree)
}

// object is a JSON object by its members' lower-case names.
type object map[string]any

// parse reads one JSON value into nil, bool, json.Number, string, []any or object. An empty body and "" are nil.
func parse(body []byte) (any, error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	if !utf8.Valid(body) {
		return nil, store.Invalid("the body is not UTF-8")
	}
	p := reading{Decoder: json.NewDecoder(bytes.NewReader(body)), left: maxValues}
	p.UseNumber()
	tree, err := p.value(0)
	if err != nil {
		return nil, notJSON(err, len(body))
	}
	if _, err := p.Token(); !errors.Is(err, io.EOF) {
		return nil, store.Invalid("unexpected data after the JSON value")
	}
	if tree == "" {
		tree = nil
	}
	return tree, nil
}

func notJSON(err error, size int) error {
	if errors.Is(err, store.ErrInvalid) {
		return err
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && syntax.Offset < int64(size) {
		return store.Invalid("the body is not JSON: %v at byte %d", syntax, syntax.Offset)
	}
	return store.Invalid("the body is not JSON: it ends too early")
}

// reading reads values as long as there are not too many.
type reading struct {
	*json.Decoder
	left int
}

func (p *reading) value(depth int) (any, error) {
	t, err := p.Token()
	if err != nil {
		return nil, err
	}
	if p.left--; p.left < 0 {
		return nil, store.Invalid("the body has more than %d values", maxValues)
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return t, nil
	}
	if depth == maxDepth {
		return nil, store.Invalid("the body is nested deeper than %d", maxDepth)
	}
	if delim == '[' {
		return p.list(depth)
	}
	return p.members(depth)
}

func (p *reading) list(depth int) (any, error) {
	list := []any{}
	for p.More() {
		item, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	_, err := p.Token()
	return list, err
}

func (p *reading) members(depth int) (any, error) {
	members := object{}
	for p.More() {
		name, err := p.Token()
		if err != nil {
			return nil, err
		}
		folded := strings.ToLower(name.(string))
		if _, twice := members[folded]; twice {
			return nil, store.Invalid("%s is given twice", brief(name.(string)))
		}
		if members[folded], err = p.value(depth + 1); err != nil {
			return nil, err
		}
	}
	_, err := p.Token()
	return members, err
}

// brief shortens what a caller has sent, for an error that quotes it.
func brief(s string) string {
	const longest = 64
	if r := []rune(s[:min(len(s), 4*longest+4)]); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return s
}
