package main

import (
	"encoding/json"
	"io"
	"log"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/go-openapi/spec"
	"github.com/swaggo/swag"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

// document runs swag over the annotations of a dialect, as "swag init -p pascalcase" does, and adds what only the types
// of Go know. Pascal case is what members without a json tag have; where a vendor has another, tags say so. The folders are those of all packages whose types a dialect can answer with; one within another
// would give every type twice.
func document(module string, d *api.Dialect) ([]byte, error) {
	dialect, file := filepath.Split(annotationsFile(module, d))
	folders := []string{dialect, filepath.Join(module, "server", "api"), filepath.Join(module, "store"), filepath.Join(module, "authz")}
	p := swag.New(swag.SetDebugger(log.New(io.Discard, "", 0)), swag.SetStrict(true))
	p.PropNamingStrategy = swag.PascalCase
	if err := p.ParseAPIMultiSearchDir(folders, file, 0); err != nil {
		return nil, err
	}
	document := p.GetSwagger()
	for _, r := range d.Routes {
		request, answer := r.Bodies()
		refine(document.Definitions, request)
		refine(document.Definitions, answer)
	}
	text, err := json.MarshalIndent(document, "", "  ")
	return append(text, '\n'), err
}

// refine adds to the definition of a type, and of those within it, which members are dates, which may be null, and
// which have to be present.
func refine(definitions spec.Definitions, t reflect.Type) {
	for t != nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice) {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return
	}
	name := path.Base(t.PkgPath()) + "." + t.Name()
	definition, ok := definitions[name]
	if !ok {
		return
	}
	for _, f := range reflect.VisibleFields(t) {
		name := api.WireName(f)
		member, known := definition.Properties[name]
		if !known {
			continue
		}
		switch f.Type {
		case reflect.TypeFor[store.Time]():
			member.Format = "date-time"
			member.AddExtension("x-nullable", true)
		case reflect.TypeFor[store.Text](), reflect.TypeFor[*store.Text]():
			member.AddExtension("x-nullable", true)
		default:
			refine(definitions, f.Type)
		}
		definition.Properties[name] = member
		if slices.Contains(strings.Split(f.Tag.Get("binding"), ","), "present") && !slices.Contains(definition.Required, name) {
			definition.Required = append(definition.Required, name)
		}
	}
	definitions[name] = definition
}
