package main

import (
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/go-openapi/spec"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// refiner adds to the definitions that swag made of the source what the binder and the encoder know of the types.
type refiner struct {
	definitions spec.Definitions
	done        map[string]bool
}

// refineAll refines the definitions of all bodies first, since a type that is both has the rules of a body.
func refineAll(definitions spec.Definitions, d *api.Dialect) {
	inline(definitions)
	r := refiner{definitions, map[string]bool{}}
	for _, row := range d.Routes {
		request, _, _ := row.Bodies()
		r.body(request)
	}
	for _, row := range d.Routes {
		_, answer, refusal := row.Bodies()
		r.answer(answer)
		r.answer(refusal)
	}
	r.answer(reflect.TypeOf(d.Error(0, store.ErrNotFound)))
}

// definitionName is what swag calls a type.
func definitionName(t reflect.Type) string { return path.Base(t.PkgPath()) + "." + t.Name() }

// element is what a type is, or is a list of.
func element(t reflect.Type) reflect.Type {
	for t != nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice) {
		t = t.Elem()
	}
	return t
}

// begin returns the definition of a type that is to be refined, and false if there is none or it is done.
func (r refiner) begin(t reflect.Type) (name string, definition spec.Schema, ok bool) {
	if t == nil || t.Kind() != reflect.Struct {
		return "", definition, false
	}
	name = definitionName(t)
	definition, ok = r.definitions[name]
	if !ok || r.done[name] {
		return "", definition, false
	}
	r.done[name] = true
	return name, definition, true
}

// body refines the definition of what callers send, and of what is within it.
func (r refiner) body(t reflect.Type) {
	t = element(t)
	name, definition, ok := r.begin(t)
	if !ok {
		return
	}
	definition.Required = nil
	example := map[string]any{}
	for _, f := range api.BodyFields(t) {
		wire := api.WireName(f.StructField)
		member, known := definition.Properties[wire]
		if !known {
			continue
		}
		r.body(f.Type)
		if f.Required {
			definition.Required = append(definition.Required, wire)
		}
		if f.Null {
			member.AddExtension("x-nullable", true)
		}
		if f.MaxLength > 0 {
			limit := int64(f.MaxLength)
			member.MaxLength = &limit
		}
		for _, kind := range f.Kinds {
			member.Enum = append(member.Enum, kind)
		}
		if value := r.example(member); value != nil && f.Usual && f.Tag.Get("prefill") != "-" {
			example[wire] = value
		}
		definition.Properties[wire] = member
	}
	slices.Sort(definition.Required)
	if len(example) > 0 {
		definition.Example = example
	}
	r.definitions[name] = definition
}

// example is a value of a schema, nil if none is given.
func (r refiner) example(s spec.Schema) any {
	switch {
	case s.Example != nil:
		return s.Example
	case s.Items != nil && s.Items.Schema != nil:
		if item := r.example(*s.Items.Schema); item != nil {
			return []any{item}
		}
	case len(s.AllOf) > 0:
		return r.example(s.AllOf[0])
	}
	if name := path.Base(s.Ref.String()); name != "." {
		return r.definitions[name].Example
	}
	return nil
}

// answer refines the definition of what callers get. Members are there whether or not they have a value, but those that the
// tags leave out and those of a part that may be missing.
func (r refiner) answer(t reflect.Type) {
	t = element(t)
	name, definition, ok := r.begin(t)
	if !ok {
		return
	}
	definition.Required = nil
	for _, f := range reflect.VisibleFields(t) {
		wire := api.WireName(f)
		member, known := definition.Properties[wire]
		if f.Anonymous || !known {
			continue
		}
		r.answer(f.Type)
		if canBeNull(f.Type) {
			member.AddExtension("x-nullable", true)
		}
		if f.Type == reflect.TypeFor[store.Time]() {
			member.Format = "date-time"
		}
		if !strings.Contains(f.Tag.Get("json"), "omitempty") && !optional(t, f.Index) {
			definition.Required = append(definition.Required, wire)
		}
		definition.Properties[wire] = member
	}
	slices.Sort(definition.Required)
	r.definitions[name] = definition
}

// canBeNull reports whether some value of a type is written as null.
func canBeNull(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[store.Time](), reflect.TypeFor[store.Text]():
		return true
	}
	return t.Kind() == reflect.Pointer
}

// optional reports whether a field lies in an embedded part that is a pointer and so may be missing.
func optional(t reflect.Type, index []int) bool {
	for i := 1; i < len(index); i++ {
		if t.FieldByIndex(index[:i]).Type.Kind() == reflect.Pointer {
			return true
		}
	}
	return false
}

// inline writes the values of a number or a text where they are expected: a definition of its own would be a model without
// members, and lose what is said of the member.
func inline(definitions spec.Definitions) {
	for _, definition := range definitions {
		for name, member := range definition.Properties {
			ref := member.Ref
			if len(member.AllOf) == 1 {
				ref = member.AllOf[0].Ref
			}
			values, ok := definitions[path.Base(ref.String())]
			if !ok || slices.Contains(values.Type, "object") {
				continue
			}
			description, example := member.Description, member.Example
			member = values
			member.Description, member.Example, member.Extensions = description, example, nil
			definition.Properties[name] = member
		}
	}
}
