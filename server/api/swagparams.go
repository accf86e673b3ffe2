package api

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// spellings gives every path that Gin knows the one spelling that a document can have: a segment that rows call {id}
// and {name} is {idOrName}.
func spellings(rows []Route) map[string]string {
	named := map[string][][]string{} // by the path and the segment's position
	for _, r := range rows {
		p := r.pattern
		key := p.ginPath()
		if named[key] == nil {
			named[key] = make([][]string, len(p.segments))
		}
		for i, s := range p.segments {
			name := parameterName(s)
			if !slices.ContainsFunc(named[key][i], func(n string) bool { return strings.EqualFold(n, name) }) {
				named[key][i] = append(named[key][i], name)
			}
		}
	}
	spelled := map[string]string{}
	for key, names := range named {
		segments := split(key)
		for i, s := range segments {
			segments[i] = names[i][0]
			for _, other := range names[i][1:] {
				segments[i] += "Or" + strings.ToUpper(other[:1]) + other[1:]
			}
			if strings.HasPrefix(s, ":") {
				segments[i] = "{" + segments[i] + "}"
			}
		}
		spelled[key] = join(segments)
	}
	return spelled
}

// parameter is one in the path, the query or the body.
type parameter struct {
	name, in, schema string
	required         bool
	texts            []string // what it is, by row
}

// String is the parameter as swag reads it. Quotes cannot be in its text.
func (p parameter) String() string {
	text := strings.ReplaceAll(strings.Join(p.texts, " Or: "), `"`, "'")
	return fmt.Sprintf("%s %s %s %t %q", p.name, p.in, p.schema, p.required, text)
}

// parameters are those of all rows of an operation: path, query, body. One of the query is required if all rows are
// picked by it.
func (p *printer) parameters(rows []*Route) (all []*parameter, err error) {
	shape := rows[0].pattern
	spelled := split(p.paths[shape.ginPath()])
	for i, s := range shape.segments {
		if !isParameter(s) {
			continue
		}
		one := &parameter{name: parameterName(spelled[i]), in: "path", schema: "integer", required: true}
		for _, r := range rows {
			if err := p.fromPath(one, r, parameterName(r.pattern.segments[i])); err != nil {
				return nil, err
			}
		}
		all = append(all, one)
	}
	for _, r := range rows {
		if all, err = p.fromQuery(all, r); err != nil {
			return nil, err
		}
	}
	for _, one := range all {
		if one.in == "query" {
			one.required = !slices.ContainsFunc(rows, func(r *Route) bool { return !strings.EqualFold(r.pattern.query, one.name) })
		}
	}
	return p.fromBody(all, rows)
}

// fromPath adds what a row says of a parameter in the path, which is a number if it is one for all rows.
func (p *printer) fromPath(one *parameter, r *Route, name string) error {
	for _, s := range r.plan.uri {
		if s.name != name {
			continue
		}
		text, err := p.comments.of(r.in, s.index)
		if err != nil {
			return err
		}
		if f := r.in.FieldByIndex(s.index); !isNumber(f.Type) {
			one.schema = "string"
		}
		one.tell(text)
		return nil
	}
	return fmt.Errorf("no field is filled from {%s}", name)
}

// fromQuery adds the parameters that a row takes from the query.
func (p *printer) fromQuery(all []*parameter, r *Route) ([]*parameter, error) {
	for _, s := range r.plan.form {
		f := r.in.FieldByIndex(s.index)
		text, err := p.comments.of(r.in, s.index)
		if err != nil {
			return nil, err
		}
		known := slices.IndexFunc(all, func(p *parameter) bool { return p.in == "query" && strings.EqualFold(p.name, s.name) })
		if known < 0 {
			known = len(all)
			all = append(all, &parameter{name: f.Tag.Get("form"), in: "query", schema: primitive(f.Type)})
		}
		all[known].tell(text)
	}
	return all, nil
}

// fromBody adds the body, which has to be the same for all rows that take one.
func (p *printer) fromBody(all []*parameter, rows []*Route) ([]*parameter, error) {
	var body *parameter
	for _, r := range rows {
		if r.body == nil {
			continue
		}
		if r.body == reflect.TypeFor[Stream]() {
			return nil, errors.New("it reads a Stream: Takes has to say of what")
		}
		schema, err := p.reference(shapeOf(r.body))
		if err != nil {
			return nil, err
		}
		if body == nil {
			body = &parameter{name: "body", in: "body", schema: schema, required: true, texts: []string{"The members of the body, in any letter case."}}
			all = append(all, body)
		}
		if body.schema != schema {
			return nil, fmt.Errorf("the body of %s is another", r.Path)
		}
	}
	return all, nil
}

// tell adds a text unless it was said already.
func (p *parameter) tell(text string) {
	if !slices.Contains(p.texts, text) {
		p.texts = append(p.texts, text)
	}
}

// primitive is how a document calls the type of a parameter.
func primitive(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch _, isText := reflect.New(t).Interface().(encoding.TextUnmarshaler); {
	case isText:
		return "string"
	case t.Kind() == reflect.Int:
		return "integer"
	case t.Kind() == reflect.Bool:
		return "boolean"
	}
	return "string"
}
