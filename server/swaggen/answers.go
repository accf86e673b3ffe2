package main

import (
	"cmp"
	"maps"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/go-openapi/spec"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// alternatives is where an answer has the other forms that it may take: Swagger 2.0 knows one form only.
const alternatives = "x-oneOf"

// answers gives each operation the answers of its rows under a contract, by their status. swag has written that of one row.
func answers(swagger *spec.Swagger, d *api.Dialect, manual bool) {
	for _, rows := range d.Operations() {
		o := operation(swagger, rows[0])
		forms := map[int][]*spec.Schema{}
		o.Responses.Default = nil
		for _, r := range rows {
			delete(o.Responses.StatusCodeResponses, r.Status(false))
		}
		for _, r := range rows {
			status := r.Status(manual)
			if forms[status] = append(forms[status], nil); status != http.StatusNoContent {
				forms[status] = append(forms[status], shapes(swagger, r, manual)...)
			}
		}
		for _, status := range rows[0].OwnRefusals() { // a body that cannot be read is refused as everywhere
			refusal := o.Responses.StatusCodeResponses[status]
			refusal.AddExtension(alternatives, []*spec.Schema{reference(reflect.TypeOf(d.Error(0, store.ErrNotFound)))})
			o.Responses.StatusCodeResponses[status] = refusal
		}
		exemplify(o, rows, d)
		for status, all := range forms {
			o.Responses.StatusCodeResponses[status] = success(all)
		}
	}
}

// operation finds the operation of a row.
func operation(swagger *spec.Swagger, r *api.Route) *spec.Operation {
	wanted, _, _ := strings.Cut(r.Path, "?")
	for p, item := range swagger.Paths.Paths {
		if alike(p, path.Join("/", wanted)) {
			return map[string]*spec.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete}[r.Method]
		}
	}
	return nil
}

// alike reports whether two paths differ in the names of their parameters only.
func alike(a, b string) bool {
	return slices.EqualFunc(strings.Split(a, "/"), strings.Split(b, "/"), func(x, y string) bool {
		return x == y || strings.HasPrefix(x, "{") && strings.HasPrefix(y, "{")
	})
}

// success is an answer that has one of some forms, the longest list of which comes first: it is what clients ask for most.
func success(forms []*spec.Schema) spec.Response {
	var all []*spec.Schema
	for _, s := range forms {
		if s != nil && !slices.ContainsFunc(all, func(o *spec.Schema) bool { return reflect.DeepEqual(s, o) }) {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b *spec.Schema) int { return cmp.Compare(rank(a), rank(b)) })
	answer := spec.Response{ResponseProps: spec.ResponseProps{Description: "OK"}}
	if len(all) > 0 {
		answer.Schema = all[0]
	}
	if len(all) > 1 {
		answer.AddExtension(alternatives, all[1:])
	}
	return answer
}

func rank(s *spec.Schema) int {
	if s.Items != nil {
		return 0
	}
	return 1
}

// shapes are the forms of a row's answer; nil stands for no body.
func shapes(swagger *spec.Swagger, r *api.Route, manual bool) (forms []*spec.Schema) {
	answer := r.Answer()
	if answer.Of == nil {
		return []*spec.Schema{nil}
	}
	usual, alone := records(swagger, r, manual)
	if !answer.List && !answer.Counted {
		for i, one := range append(usual, alone...) {
			if r.ListUnder(manual) && i < len(usual) {
				one = spec.ArrayProperty(one)
			}
			forms = append(forms, one)
		}
		return forms
	}
	for _, one := range append(usual, alone...) {
		if answer.List {
			forms = append(forms, spec.ArrayProperty(one))
		}
	}
	if answer.Counted {
		if one := usual[0]; one.Ref.String() == "" {
			whole := page(one)
			return append(forms, &whole)
		}
		name := definitionName(answer.Of) + "Page"
		swagger.Definitions[name] = page(usual[0])
		forms = append(forms, spec.RefSchema("#/definitions/"+name))
	}
	return forms
}

// records are the schemas of the records that a row answers with under a contract, and of those that stand alone.
func records(swagger *spec.Swagger, r *api.Route, manual bool) (usual, alone []*spec.Schema) {
	one := reference(r.Answer().Of)
	if !manual {
		return []*spec.Schema{one}, nil
	}
	printed, other := r.Printed()
	if printed == nil {
		return []*spec.Schema{one}, nil
	}
	usual = []*spec.Schema{only(swagger, *one, printed)}
	if other != nil {
		alone = []*spec.Schema{only(swagger, *one, other)}
	}
	return usual, alone
}

// only is a schema with some of its members, in their printed spelling.
func only(swagger *spec.Swagger, of spec.Schema, members []api.Member) *spec.Schema {
	whole := swagger.Definitions[path.Base(of.Ref.String())]
	part := spec.Schema{SchemaProps: spec.SchemaProps{Type: whole.Type, Properties: spec.SchemaProperties{}}}
	for _, m := range members {
		for name, property := range whole.Properties {
			if !strings.EqualFold(name, m.Name) {
				continue
			}
			property.Extensions = maps.Clone(property.Extensions)
			if m.Of != nil {
				description := property.Description
				property = *spec.ArrayProperty(only(swagger, *property.Items.Schema, m.Of))
				property.Description = description
			}
			if !slices.Contains(whole.Required, name) { // a record that lacks it has null there
				property.AddExtension("x-nullable", true)
			}
			part.Properties[m.Name] = property
			part.Required = append(part.Required, m.Name)
		}
	}
	slices.Sort(part.Required)
	return &part
}

// reference is the schema of a type.
func reference(t reflect.Type) *spec.Schema {
	switch {
	case t.PkgPath() != "":
		return spec.RefSchema("#/definitions/" + definitionName(t))
	case t.Kind() == reflect.Int:
		return &spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"integer"}}}
	}
	return spec.StringProperty()
}

// page is a piece of a list of records.
func page(of *spec.Schema) spec.Schema {
	total := spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"integer"}, Description: "Number of records in the whole list."}}
	total.Example = 1
	data := *spec.ArrayProperty(of)
	data.Description = "The records from offset on, at most limit of them."
	return spec.Schema{SchemaProps: spec.SchemaProps{
		Type: []string{"object"}, Required: []string{"Data", "TotalCount"}, Properties: spec.SchemaProperties{"TotalCount": total, "Data": data},
	}}
}
