package api

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/musterhq/muster/store"
)

// plan says where the fields of a request's type come from. It is made once a row, so that no reflection is left
// that could fail on a request.
type plan struct {
	uri, form []source
	body      []int // the index of Body, nil: none
	plain     bool  // Body is decoded and nothing else
	numeric   bool  // there are path values and all of them are numbers
}

type source struct {
	name  string // in the path as the row calls it, in the query folded
	shown string // as the document spells it, for errors
	index []int
}

func planOf(in reflect.Type) plan {
	var p plan
	for _, f := range reflect.VisibleFields(in) {
		if name, ok := f.Tag.Lookup("uri"); ok {
			p.uri = append(p.uri, source{name, name, f.Index})
			p.numeric = (p.numeric || len(p.uri) == 1) && isNumber(f.Type)
		}
		if name, ok := f.Tag.Lookup("form"); ok {
			p.form = append(p.form, source{strings.ToLower(name), name, f.Index})
		}
		if f.Name == "Body" {
			p.body = f.Index
			p.plain = f.Type != reflect.TypeFor[Stream]() && !reflect.PointerTo(f.Type).Implements(reflect.TypeFor[preparer]())
		}
	}
	return p
}

func isNumber(t reflect.Type) bool { return t.Kind() == reflect.Int || t == reflect.TypeFor[Number]() }

// Number is an id in a path of which digits that are no id may be tried as a name.
type Number struct {
	Int  int    // 0 if the digits are too many for an int
	Text string // as the caller spelled it
}

// UnmarshalText takes digits only.
func (n *Number) UnmarshalText(b []byte) error {
	n.Text = string(b)
	if id, err := strconv.Atoi(n.Text); err == nil {
		n.Int = id
	}
	return nil
}

// bind fills the fields that come from the path and the query.
func (r *Route) bind(c *gin.Context, query map[string]string, in reflect.Value) error {
	for i, s := range r.pattern.segments {
		if !isParameter(s) {
			continue
		}
		for _, source := range r.plan.uri {
			if source.name != parameterName(s) {
				continue
			}
			if err := setText(in.FieldByIndex(source.index), source.name, c.Param(position(i))); err != nil {
				return err
			}
		}
	}
	for _, source := range r.plan.form {
		if text, ok := query[source.name]; ok && text != "" {
			if err := setText(in.FieldByIndex(source.index), source.shown, text); err != nil {
				return err
			}
		}
	}
	return nil
}

// setText sets a field from the path or the query.
func setText(field reflect.Value, name, text string) error {
	if field.Kind() == reflect.Pointer {
		field.Set(reflect.New(field.Type().Elem()))
		field = field.Elem()
	}
	if u, ok := field.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			return store.Invalid("%s: %v", name, err)
		}
		return nil
	}
	switch field.Kind() {
	case reflect.String:
		if err := printable(name, text); err != nil {
			return err
		}
		field.SetString(text)
		return nil
	case reflect.Int:
		return setInt(field, name, text)
	case reflect.Bool:
		return setBool(field, name, text)
	}
	return fmt.Errorf("%s: a parameter cannot be a %s", name, field.Type())
}

func setInt(field reflect.Value, name, text string) error {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
	if err != nil {
		return store.Invalid("%s: a whole number from %d to %d is expected", name, -1<<31, 1<<31-1)
	}
	field.SetInt(n)
	return nil
}

func setBool(field reflect.Value, name, text string) error {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "1":
		field.SetBool(true)
	case "false", "0":
		field.SetBool(false)
	default:
		return store.Invalid("%s: true or false is expected", name)
	}
	return nil
}
