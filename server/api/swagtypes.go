package api

import (
	"errors"
	"fmt"
	"path"
	"reflect"
	"strings"
)

// shape is how a body or an answer looks to a document.
type shape struct {
	of      reflect.Type // nil: there is none
	list    bool         // an array of it
	counted bool         // {TotalCount, Data} with it
	paged   bool         // counted, if the caller says so
	said    string       // how they say so; empty: by a limit
}

// shapeOf looks through pointers, lists and what this package wraps around answers.
func shapeOf(t reflect.Type) shape {
	if s, ok := reflect.Zero(t).Interface().(interface{ shape() shape }); ok {
		return s.shape()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return shapeOf(t.Elem())
	case reflect.Slice:
		return shape{of: shapeOf(t.Elem()).of, list: true}
	}
	return shape{of: t}
}

func (None) shape() shape { return shape{} }

func (Reply[T]) shape() shape { return shapeOf(reflect.TypeFor[T]()) }

func (Record[T]) shape() shape { return shapeOf(reflect.TypeFor[T]()) }

func (Streamed[T]) shape() shape { return shapeOf(reflect.TypeFor[T]()) }

func (StreamedList[T]) shape() shape {
	return shape{of: reflect.TypeFor[T](), list: true, paged: true, said: "`version=3.2`"}
}

func (Page[T]) shape() shape { return shape{of: reflect.TypeFor[T](), list: true, paged: true} }

func (WholeList[T]) shape() shape { return shape{of: reflect.TypeFor[T](), list: true} }

func (CountedPage[T]) shape() shape { return shape{of: reflect.TypeFor[T](), counted: true} }

// total is how a counted page looks, for documents.
type total[T any] struct {
	TotalCount int `example:"1"` // Number of records in the whole list.
	Data       []T // The records from offset on, at most limit of them.
}

// Bodies returns the types that the row takes as a body, answers with and refuses with, those of their elements for lists,
// and nil for none. They are for what documents say of them.
func (r Route) Bodies() (request, answer, refusal reflect.Type) {
	if r.body != nil {
		request = shapeOf(r.body).of
	}
	return request, shapeOf(r.out).of, r.refusal
}

// Answer is how what a row answers with looks to a document.
type Answer struct {
	Of      reflect.Type // nil: there is no body
	List    bool         // it is an array, unless the caller asks for a piece of it
	Counted bool         // it is, or can be, a piece of a list with its TotalCount
}

// Answer returns how the row's answer looks.
func (r Route) Answer() Answer {
	s := shapeOf(r.out)
	return Answer{s.of, s.list, s.counted || s.paged && r.takesLimit()}
}

// OwnRefusals returns the statuses of refusal whose body is usually not the door's error.
func (r Route) OwnRefusals() []int { return r.ownRefusals }

// ListUnder reports whether the row's one record is put into a list under a contract. Records that stand alone are not.
func (r Route) ListUnder(manual bool) bool { return manual && r.manualList }

// schema is an answer as swag reads it: its kind and its type, nothing for no body.
func (p *printer) schema(t reflect.Type) (string, error) {
	s := shapeOf(t)
	if s.of == nil {
		return "", nil
	}
	name, err := p.name(s.of)
	kind := "object"
	switch {
	case s.list:
		kind = "array"
	case s.counted:
		p.imports[reflect.TypeFor[Route]().PkgPath()] = true
		name = fmt.Sprintf("%s[%s]", strings.TrimSuffix(reflect.TypeFor[total[int]]().String(), "[int]"), name)
	case s.of.PkgPath() == "":
		kind = name
	}
	return fmt.Sprintf("{%s} %s", kind, name), err
}

// told is a schema in the words of a sentence.
func told(schema string) string {
	kind, name, _ := strings.Cut(schema, " ")
	name = name[strings.LastIndex(name, ".")+1:]
	switch kind {
	case "":
		return "without a body"
	case "{array}":
		return "an array of " + name
	}
	return "one " + name
}

// reference is a body as swag reads it.
func (p *printer) reference(s shape) (string, error) {
	if s.of == nil {
		return "", errors.New("a body has to have a type")
	}
	name, err := p.name(s.of)
	if s.list {
		name = "[]" + name
	}
	return name, err
}

// name is how the file refers to a type: swag looks it up in the source.
func (p *printer) name(t reflect.Type) (string, error) {
	switch {
	case t.PkgPath() == "" && (t.Kind() == reflect.String || t.Kind() == reflect.Int || t.Kind() == reflect.Bool):
		return primitive(t), nil
	case t.PkgPath() == "":
		return "", fmt.Errorf("a document has no name for %s", t)
	case path.Base(t.PkgPath()) == p.pkg:
		return t.Name(), nil
	}
	p.imports[t.PkgPath()] = true
	return t.String(), nil
}
