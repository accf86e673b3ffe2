package api

import (
	"encoding"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// spellings gives every path that Gin knows the one spelling that a document can have. A segment that rows call by different
// names is {id} if one of them calls it so, else what the first calls it.
func spellings(rows []Route) map[string]string {
	spelled := map[string][]string{}
	for _, r := range rows {
		key := r.pattern.ginPath()
		if spelled[key] == nil {
			spelled[key] = slices.Clone(r.pattern.segments)
		}
		for i, s := range r.pattern.segments {
			if s == "{id}" {
				spelled[key][i] = s
			}
		}
	}
	paths := map[string]string{}
	for key, segments := range spelled {
		literal := split(key)
		for i, s := range segments {
			if !isParameter(s) {
				segments[i] = literal[i]
			}
		}
		paths[key] = join(segments)
	}
	return paths
}

// parameter is one in the path, the query, the body or a form.
type parameter struct {
	name, in, schema string
	required         bool
	texts            []string          // what it is, by row
	tag              reflect.StructTag // of the field that it fills
	example          string            // what the page fills in; empty: nothing
}

// String is the parameter as swag reads it. Quotes cannot be in its text.
func (p parameter) String() string {
	text := strings.Join(p.texts, " Or: ")
	if p.in == "query" && !p.required && p.tag.Get("enums") == "" && p.tag.Get("example") != "" {
		text += " For example: " + p.tag.Get("example") // in words, since the page would send what it fills in
	}
	text = strings.ReplaceAll(text, `"`, "'")
	line := fmt.Sprintf("%s %s %s %t %q", p.name, p.in, p.schema, p.required, text)
	if enums := p.tag.Get("enums"); enums != "" {
		line += fmt.Sprintf(" enums(%s)", enums)
	}
	if value := p.tag.Get("default"); value != "" {
		line += fmt.Sprintf(" default(%s)", value)
	}
	if limit := ruleOf(p.tag.Get("binding"), "max"); limit != "" {
		line += fmt.Sprintf(" maxlength(%s)", limit)
	}
	if p.example != "" {
		line += fmt.Sprintf(" extensions(x-example=%s)", p.example)
	}
	return line
}

// ruleOf returns the argument of a rule in a binding tag, empty if there is none.
func ruleOf(rules, name string) string {
	for rule := range strings.SplitSeq(rules, ",") {
		if key, argument, _ := strings.Cut(rule, "="); key == name {
			return argument
		}
	}
	return ""
}

// hasRule reports whether a binding tag has a rule.
func hasRule(rules, name string) bool {
	for rule := range strings.SplitSeq(rules, ",") {
		if key, _, _ := strings.Cut(rule, "="); key == name {
			return true
		}
	}
	return false
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
			if err := p.fromPath(one, r, i); err != nil {
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
			one.required = hasRule(one.tag.Get("binding"), "required") ||
				!slices.ContainsFunc(rows, func(r *Route) bool {
					return !slices.Contains(strings.Split(r.pattern.query, "&"), strings.ToLower(one.name))
				})
			switch {
			case one.required && rows[0].acts():
				one.example = "Nowhere"
			case one.required:
				one.example = one.tag.Get("example")
			}
		}
	}
	return p.fromBody(all, rows)
}

// fromPath adds what a row says of a parameter in the path, which is a number if it is one for all rows.
func (p *printer) fromPath(one *parameter, r *Route, segment int) error {
	name := parameterName(r.pattern.segments[segment])
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
		if one.example == "" {
			one.example = p.exampleOf(r, segment)
		}
		return nil
	}
	return fmt.Errorf("no field is filled from {%s}", name)
}

// acts reports whether trying the row with what exists could do harm.
func (r *Route) acts() bool { return r.Method == http.MethodDelete || r.harmful }

// exampleOf is what the page fills in for a parameter in the path: something that the demo has or, where a try could do harm,
// something that nobody has.
func (p *printer) exampleOf(r *Route, segment int) string {
	noun := ""
	if segment > 0 {
		noun = r.pattern.segments[segment-1]
	}
	example := p.examples[noun]
	if !r.acts() || example == "" {
		return example
	}
	if _, err := strconv.Atoi(example); err == nil {
		return "999999"
	}
	return "00000000-0000-4000-8000-000000000000"
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
			all = append(all, &parameter{name: f.Tag.Get("form"), in: "query", schema: primitive(f.Type), tag: f.Tag})
		}
		all[known].tell(text)
	}
	return all, nil
}

// fromBody adds the body, which has to be the same for all rows that take one, or the members of a form.
func (p *printer) fromBody(all []*parameter, rows []*Route) ([]*parameter, error) {
	var body *parameter
	for _, r := range rows {
		if r.body == nil {
			continue
		}
		if r.body == reflect.TypeFor[Stream]() {
			return nil, errors.New("it reads a Stream: Takes has to say of what")
		}
		if r.form || r.file != "" {
			return p.fromForm(all, r)
		}
		schema, err := p.reference(shapeOf(r.body))
		if err != nil {
			return nil, err
		}
		if body == nil {
			body = &parameter{name: "body", in: "body", schema: schema, required: needsBody(r.body), texts: []string{"The members of the body, in any letter case."}}
			all = append(all, body)
		}
		if body.schema != schema {
			return nil, fmt.Errorf("the body of %s is another", r.Path)
		}
	}
	return all, nil
}

// needsBody reports whether a body of that type may not be left out: because a member of it may not, or because it is a list.
func needsBody(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return true
	}
	return slices.ContainsFunc(BodyFields(t), func(f BodyField) bool { return f.Required })
}

// fromForm adds the members of a body that is sent as a form, and the file that comes with it.
func (p *printer) fromForm(all []*parameter, r *Route) ([]*parameter, error) {
	for _, f := range reflect.VisibleFields(r.body) {
		text, err := p.comments.of(r.body, f.Index)
		if err != nil {
			return nil, err
		}
		all = append(all, &parameter{
			name: WireName(f), in: "formData", schema: primitive(f.Type), required: hasRule(f.Tag.Get("binding"), "required"),
			texts: []string{text}, tag: f.Tag, example: f.Tag.Get("example"),
		})
	}
	if r.file != "" {
		all = append(all, &parameter{name: "file", in: "formData", schema: "file", required: true, texts: []string{r.file}})
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
