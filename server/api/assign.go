package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/musterhq/muster/store"
)

// assign sets v from a parsed value. name is the member's, with its path, for errors.
func assign(v reflect.Value, name string, tree any) error {
	if v.Kind() == reflect.Pointer {
		if tree == nil {
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Struct:
		return assignStruct(v, name, tree)
	case reflect.Slice:
		return assignSlice(v, name, tree)
	case reflect.String:
		return assignString(v, name, tree)
	case reflect.Int:
		return assignInt(v, name, tree)
	case reflect.Bool:
		switch b := tree.(type) {
		case nil:
		case bool:
			v.SetBool(b)
		case string:
			if b != "" {
				return setBool(v, name, b)
			}
		default:
			return store.Invalid("%s: true or false is expected", name)
		}
		return nil
	}
	return fmt.Errorf("%s: a member cannot be a %s", name, v.Type())
}

// known are the fields of the types of bodies, of which there are only so many: to find them takes longer than to read a body.
var known sync.Map // reflect.Type → []reflect.StructField

func fieldsOf(t reflect.Type) []reflect.StructField {
	if fields, ok := known.Load(t); ok {
		return fields.([]reflect.StructField)
	}
	fields, _ := known.LoadOrStore(t, reflect.VisibleFields(t))
	return fields.([]reflect.StructField)
}

// fromText is a struct that a bare text stands for, too.
type fromText interface{ FromText(string) }

func assignStruct(v reflect.Value, name string, tree any) error {
	if text, isText := tree.(string); isText {
		if short, ok := v.Addr().Interface().(fromText); ok {
			short.FromText(text)
			return nil
		}
	}
	members, ok := tree.(object)
	if !ok && tree != nil {
		return store.Invalid("%s: an object is expected", named(name))
	}
	kind, kinds, err := assignKind(v, members)
	if err != nil {
		return err
	}
	for _, f := range fieldsOf(v.Type()) {
		rules, is := rulesOf(f, kind, kinds)
		if f.Anonymous || !f.IsExported() || !is {
			continue
		}
		member := WireName(f)
		given, present := members[strings.ToLower(member)]
		if name != "" {
			member = name + "." + member
		}
		if err := assign(v.FieldByIndex(f.Index), member, given); err != nil {
			return err
		}
		if err := validate(rules, v.FieldByIndex(f.Index), member, present, given); err != nil {
			return err
		}
	}
	return nil
}

// WireName is what a member is called in bodies and answers: what its json tag says or, without one, its own name.
func WireName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return cmp.Or(name, f.Name)
}

// assignKind sets the member by which bodies of several kinds differ, a text tagged with their names: kinds:"Cat,Dog". The
// first is meant when it is missing. The kind is empty for a struct that has no such member.
func assignKind(v reflect.Value, members object) (kind string, kinds []string, err error) {
	for _, f := range fieldsOf(v.Type()) {
		if kinds = kindsOf(f); kinds == nil {
			continue
		}
		if given := members[strings.ToLower(f.Name)]; given == nil || given == "" {
			kind = kinds[0]
		} else if i := slices.IndexFunc(kinds, func(k string) bool { s, ok := given.(string); return ok && strings.EqualFold(s, k) }); i >= 0 {
			kind = kinds[i]
		} else {
			return "", nil, store.Invalid("%s: one of %s is expected", f.Name, strings.Join(kinds, ", "))
		}
		v.FieldByIndex(f.Index).SetString(kind)
		return kind, kinds, nil
	}
	return "", nil, nil
}

// kindsOf returns the kinds of a body of which a member says the kind, nil for another member.
func kindsOf(f reflect.StructField) []string {
	if names, ok := f.Tag.Lookup("kinds"); ok {
		return strings.Split(names, ",")
	}
	return nil
}

// rulesOf returns the rules of a field in a body of some kind, of those that there are, and whether it is a member of that at
// all. One that has a tag of the kind's name is, with the rules of that tag; one of all kinds has a tag of none. The one that
// says the kind has been set before.
func rulesOf(f reflect.StructField, kind string, kinds []string) (rules string, is bool) {
	if rules, is = f.Tag.Lookup(kind); is && kind != "" {
		return rules, true
	}
	ofOthers := kindsOf(f) != nil || slices.ContainsFunc(kinds, func(k string) bool { _, has := f.Tag.Lookup(k); return has })
	return f.Tag.Get("binding"), !ofOthers
}

// validate checks the rules of a binding tag.
func validate(rules string, v reflect.Value, member string, present bool, given any) error {
	if rules == "" {
		return nil
	}
	for rule := range strings.SplitSeq(rules, ",") {
		rule, argument, _ := strings.Cut(rule, "=")
		switch rule {
		case "required":
			if given == nil || given == "" {
				return store.Invalid("%s is required", member)
			}
		case "present":
			if !present {
				return store.Invalid("%s is required (it may be empty)", member)
			}
		case "min":
			least, err := strconv.Atoi(argument)
			if err != nil {
				return err
			}
			if n := reflect.Indirect(v); n.IsValid() && given != nil && given != "" && n.Int() < int64(least) {
				return store.Invalid("%s: %d or more is expected", member, least)
			}
		case "max":
			limit, err := strconv.Atoi(argument)
			if err != nil {
				return err
			}
			if v.Kind() == reflect.Pointer {
				v = reflect.Indirect(v)
			}
			if v.Kind() == reflect.String && utf8.RuneCountInString(v.String()) > limit {
				return store.Invalid("%s is longer than %d characters", member, limit)
			}
		}
	}
	return nil
}

func assignSlice(v reflect.Value, name string, tree any) error {
	if tree == nil || tree == "" {
		return nil
	}
	items, ok := tree.([]any)
	if !ok {
		return store.Invalid("%s: a list is expected", named(name))
	}
	list := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		if err := assign(list.Index(i), fmt.Sprintf("%s[%d]", name, i), item); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

func assignString(v reflect.Value, name string, tree any) error {
	switch s := tree.(type) {
	case nil:
	case string:
		if err := printable(name, s); err != nil {
			return err
		}
		v.SetString(s)
	default:
		return store.Invalid("%s: a text is expected", named(name))
	}
	return nil
}

// printable refuses what no name or text of the API can mean.
func printable(name, s string) error {
	if !utf8.ValidString(s) {
		return store.Invalid("%s is not UTF-8", name)
	}
	if slices.Contains([]byte(s), 0) {
		return store.Invalid("%s has a NUL character", name)
	}
	return nil
}

func assignInt(v reflect.Value, name string, tree any) error {
	switch n := tree.(type) {
	case nil:
	case json.Number:
		return setInt(v, named(name), n.String())
	case string:
		if n != "" {
			return setInt(v, named(name), n)
		}
	default:
		return store.Invalid("%s: a whole number is expected", named(name))
	}
	return nil
}

func named(member string) string {
	if member == "" {
		return "the body"
	}
	return member
}
