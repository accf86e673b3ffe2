package main

import (
	"cmp"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/go-openapi/spec"

	"github.com/musterhq/muster/server/api"
)

// alternatives is where an answer has the other forms that it may take: Swagger 2.0 knows one form only.
const alternatives = "x-oneOf"

// answers gives each operation the answers of its rows under a contract, by their status. swag has written that of one row.
func answers(swagger *spec.Swagger, d *api.Dialect, manual bool) {
	for _, rows := range d.Operations() {
		o := operation(swagger, rows[0])
		forms := map[int][]*spec.Schema{}
		for _, r := range rows {
			delete(o.Responses.StatusCodeResponses, r.Status(false))
		}
		for _, r := range rows {
			status := r.Status(manual)
			forms[status] = append(forms[status], shapes(swagger, r, manual)...)
		}
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
func shapes(swagger *spec.Swagger, r *api.Route, manual bool) []*spec.Schema {
	answer := r.Answer()
	if answer.Of == nil {
		return []*spec.Schema{nil}
	}
	one := reference(answer.Of)
	if !answer.List && !answer.Counted {
		if list, alone := r.ListUnder(manual); list {
			forms := []*spec.Schema{spec.ArrayProperty(one)}
			if alone {
				forms = append(forms, one)
			}
			return forms
		}
		return []*spec.Schema{one}
	}
	var forms []*spec.Schema
	if answer.List {
		forms = append(forms, spec.ArrayProperty(one))
	}
	if answer.Counted {
		forms = append(forms, spec.RefSchema("#/definitions/"+page(swagger, answer.Of)))
	}
	return forms
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

// page returns the name of the definition of a page of records.
func page(swagger *spec.Swagger, t reflect.Type) string {
	name := definitionName(t) + "Page"
	total := spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"integer"}, Description: "Number of records in the whole list."}}
	total.Example = 1
	data := *spec.ArrayProperty(reference(t))
	data.Description = "The records from offset on, at most limit of them."
	swagger.Definitions[name] = spec.Schema{SchemaProps: spec.SchemaProps{
		Type: []string{"object"}, Required: []string{"Data", "TotalCount"}, Properties: spec.SchemaProperties{"TotalCount": total, "Data": data},
	}}
	return name
}
