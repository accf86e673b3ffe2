package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/musterhq/muster/store"
)

// maxDepth is how deep a body may be nested.
const maxDepth = 64

// Decode reads a JSON body into v, a pointer to a struct or a slice, as forgivingly as the original: members in any
// letter case, unknown ones ignored, numbers and booleans also as strings, null and absent the same. It
// is strict about what cannot be meant (trailing data, a member twice, nesting over 64, bytes that are no UTF-8) and
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
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return store.Invalid("the form cannot be read: %v", err)
	}
	tree := object{}
	for name, value := range values {
		name = strings.ToLower(name)
		if _, twice := tree[name]; twice || len(value) > 1 {
			return store.Invalid("%s is given twice", name)
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
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	tree, err := value(d, 0)
	if err != nil {
		return nil, notJSON(err, len(body))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, store.Invalid("the body has something behind its JSON value")
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

func value(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return t, nil
	}
	if depth == maxDepth {
		return nil, store.Invalid("the body is nested deeper than %d", maxDepth)
	}
	if delim == '[' {
		list := []any{}
		for d.More() {
			item, err := value(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		_, err = d.Token()
		return list, err
	}
	members := object{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		folded := strings.ToLower(name.(string))
		if _, twice := members[folded]; twice {
			return nil, store.Invalid("%s is given twice", name)
		}
		if members[folded], err = value(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err = d.Token()
	return members, err
}
