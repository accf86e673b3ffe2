package lab

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/musterhq/muster/store"
)

// decoder brings a parsed file into its types. It is not the library's own, since that tells no lines of what it has read, quotes
// the file in its errors, secrets included, and takes 10 for a text.
type decoder struct{ file string }

// The types that a member of an item may have, beside pointers to texts, numbers, booleans, times and items.
var (
	namesType   = reflect.TypeFor[Names]()
	entriesType = reflect.TypeFor[Entries]()
	timeType    = reflect.TypeFor[store.Time]()
)

// member is a member of an item's type, as its field and the field's tags say.
type member struct {
	reflect.StructField
	required bool
	preset   bool   // true unless the file says otherwise
	choices  string // a key of choices
}

// membersOf lists the members of an item's type. Those of an embedded struct are the item's.
func membersOf(t reflect.Type) (all []member) {
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous || !f.IsExported() {
			continue
		}
		tag := strings.Split(f.Tag.Get("lab"), ",")
		all = append(all, member{f, slices.Contains(tag, "required"), slices.Contains(tag, "default=true"), f.Tag.Get("choices")})
	}
	return all
}

// label is how the file spells a member.
func (m *member) label() string {
	if m.Name == "Muster" {
		return "muster"
	}
	return m.Name
}

// item reads a mapping into a struct with a Place.
func (d *decoder) item(n ast.Node, into placed, path string) error {
	mapping, ok := n.(ast.MapNode)
	if !ok {
		return d.wrong(lineOf(n), path, "members are expected, this is %s", kindOf(n))
	}
	at := into.place()
	*at = Place{d.file, lineOf(n), path, map[string]int{}}
	v := reflect.ValueOf(into).Elem()
	members := membersOf(v.Type())
	entries := mapping.MapRange()
	for first := true; entries.Next(); first = false {
		key, line := entries.Key().GetToken().Value, lineOf(entries.Key())
		if first {
			at.line = line
		}
		i := slices.IndexFunc(members, func(m member) bool { return m.label() == key })
		if i < 0 {
			return d.wrong(line, path, "there is no member %q%s", key, meant(members, key))
		}
		if before := at.members[key]; before != 0 {
			return d.wrong(line, under(path, key), "given twice, first in line %d", before)
		}
		at.members[key] = line
		if err := d.value(entries.Value(), v.FieldByIndex(members[i].Index), under(path, key), members[i].choices); err != nil {
			return err
		}
	}
	for _, m := range members {
		if m.required && at.members[m.label()] == 0 {
			return d.wrong(at.line, path, "%s is required", m.label())
		}
	}
	return nil
}

// meant guesses which member somebody meant.
func meant(members []member, key string) string {
	for _, m := range members {
		if strings.EqualFold(m.label(), key) || strings.EqualFold(m.label(), key+"ID") || strings.EqualFold(m.label()+"ID", key) || strings.EqualFold(m.label()+"s", key) || strings.EqualFold(m.label(), key+"s") {
			return fmt.Sprintf("; %s is meant?", m.label())
		}
	}
	return ""
}

// under is the path of a member.
func under(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// value reads the value of a member.
func (d *decoder) value(n ast.Node, into reflect.Value, path, choices string) error {
	if _, null := n.(*ast.NullNode); null || n == nil {
		return d.wrong(lineOf(n), path, "there is no value; leave the member out, or give an empty text, list or mapping")
	}
	switch t := into.Type(); {
	case t == namesType:
		return d.names(n, into.Addr().Interface().(*Names), path, choices)
	case t == entriesType:
		return d.entries(n, into.Addr().Interface().(*Entries), path, choices)
	case t.Kind() == reflect.Slice:
		return d.list(n, into, path)
	case t.Kind() == reflect.Pointer:
		into.Set(reflect.New(t.Elem()))
		if item, ok := into.Interface().(placed); ok {
			return d.item(n, item, path)
		}
		return d.value(n, into.Elem(), path, choices)
	}
	return d.scalar(n, into, path, choices)
}

// list reads a list of items.
func (d *decoder) list(n ast.Node, into reflect.Value, path string) error {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return d.wrong(lineOf(n), path, "a list is expected, this is %s", kindOf(n))
	}
	into.Set(reflect.MakeSlice(into.Type(), len(list.Values), len(list.Values)))
	for i, one := range list.Values {
		item := reflect.New(into.Type().Elem().Elem())
		into.Index(i).Set(item)
		if err := d.item(one, item.Interface().(placed), fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

// names reads a list of texts, or one.
func (d *decoder) names(n ast.Node, into *Names, path, choices string) error {
	values := []ast.Node{n}
	if list, ok := n.(*ast.SequenceNode); ok {
		values = list.Values
	}
	*into = Names{}
	before := map[string]int{}
	for i, one := range values {
		name := &Name{Place: Place{file: d.file, line: lineOf(one), path: path}}
		if len(values) > 1 {
			name.path = fmt.Sprintf("%s[%d]", path, i)
		}
		if err := d.value(one, reflect.ValueOf(&name.Text).Elem(), name.path, choices); err != nil {
			return err
		}
		if line := before[name.Text]; line != 0 {
			return d.wrong(name.line, name.path, "given twice, first in line %d", line)
		}
		before[name.Text] = name.line
		*into = append(*into, name)
	}
	return nil
}

// entries reads a mapping of free names to names.
func (d *decoder) entries(n ast.Node, into *Entries, path, choices string) error {
	mapping, ok := n.(ast.MapNode)
	if !ok {
		return d.wrong(lineOf(n), path, "a mapping is expected, this is %s", kindOf(n))
	}
	*into = Entries{}
	keys, values, _ := strings.Cut(choices, ":")
	for entries := mapping.MapRange(); entries.Next(); {
		e := &Entry{Place: Place{file: d.file, line: lineOf(entries.Key()), path: path}}
		if err := d.scalar(entries.Key(), reflect.ValueOf(&e.Key).Elem(), path, keys); err != nil {
			return err
		}
		e.path = under(path, e.Key)
		for _, other := range *into {
			if other.Key == e.Key {
				return d.wrong(e.line, e.path, "given twice, first in line %d", other.line)
			}
		}
		if err := d.value(entries.Value(), reflect.ValueOf(&e.Names).Elem(), e.path, values); err != nil {
			return err
		}
		*into = append(*into, e)
	}
	return nil
}

// scalar reads a text, a number, a boolean or a time, each only as itself.
func (d *decoder) scalar(n ast.Node, into reflect.Value, path, choices string) error {
	expected := "a text"
	text, isText := textOf(n)
	switch {
	case into.Type() == timeType:
		if expected = "a time such as 2024-12-06T17:59:40Z"; isText {
			if err := into.Addr().Interface().(*store.Time).UnmarshalJSON([]byte(`"` + text + `"`)); err == nil {
				return nil
			}
		}
	case into.Kind() == reflect.String && isText:
		if known := valuesOf(choices); known != nil && !slices.Contains(known, text) {
			return d.wrong(lineOf(n), path, "%q is none of: %s", text, strings.Join(known, ", "))
		}
		into.SetString(text)
		return nil
	case into.Kind() == reflect.Int:
		expected = "a whole number"
		if whole, ok := n.(*ast.IntegerNode); ok {
			if number, fits := whole.Value.(uint64); fits && number < 1<<31 {
				into.SetInt(int64(number))
				return nil
			}
			if number, fits := whole.Value.(int64); fits && number > -1<<31 && number < 1<<31 {
				into.SetInt(number)
				return nil
			}
			expected = "a whole number below 2147483648"
		}
	case into.Kind() == reflect.Bool:
		expected = "true or false"
		if b, ok := n.(*ast.BoolNode); ok {
			into.SetBool(b.Value)
			return nil
		}
	case kindOf(n) != "a list" && kindOf(n) != "a mapping":
		expected = "a text is expected, so put it in quotes: this is " + kindOf(n)
		return d.wrong(lineOf(n), path, "%s", expected)
	}
	return d.wrong(lineOf(n), path, "%s is expected, this is %s", expected, kindOf(n))
}

// textOf returns the text of a node that is one.
func textOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}

// kindOf says what a node is.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return "a text"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.NullNode:
		return "nothing"
	case *ast.SequenceNode:
		return "a list"
	case ast.MapNode:
		return "a mapping"
	}
	return "something else"
}
