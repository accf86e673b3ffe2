package server_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-openapi/spec"

	"github.com/musterhq/muster/docs"
	"github.com/musterhq/muster/server"
)

// served are the documents that a server shows under a contract, by the door's name.
type served map[string]*spec.Swagger

func servedUnder(t testing.TB, manual bool) served {
	t.Helper()
	documents := served{}
	for _, d := range server.Dialects() {
		var s spec.Swagger
		must(t, json.Unmarshal(docs.Swagger(d.Name, manual), &s))
		documents[d.Name] = &s
	}
	return documents
}

// faults says what of an answer the documents do not know: its status, a member, a type. Paths that they do not have at all are
// refused by the server and no matter of theirs.
func (s served) faults(method, target string, w *httptest.ResponseRecorder) []string {
	target, _, _ = strings.Cut(target, "?")
	if s == nil {
		return nil
	}
	for _, d := range server.Dialects() {
		for _, base := range append(slices.Clone(d.Aliases), d.Base) {
			if len(target) > len(base) && strings.EqualFold(target[:len(base)+1], base+"/") {
				document := s[d.Name]
				if o := operationAt(document, method, target[len(base):]); o != nil {
					return answerFaults(document, o, w)
				}
				return nil
			}
		}
	}
	return nil
}

// operationAt finds the operation that a path leads to: of those that fit, the one with the most literal segments.
func operationAt(s *spec.Swagger, method, asked string) (found *spec.Operation) {
	segments, most := strings.Split(strings.Trim(asked, "/"), "/"), -1
	for template, item := range s.Paths.Paths {
		o := map[string]*spec.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete}[method]
		literal := 0
		fits := slices.EqualFunc(segments, strings.Split(strings.Trim(template, "/"), "/"), func(segment, wanted string) bool {
			if strings.HasPrefix(wanted, "{") {
				return segment != ""
			}
			literal++
			return strings.EqualFold(segment, wanted)
		})
		if fits && o != nil && literal > most {
			found, most = o, literal
		}
	}
	return found
}

func answerFaults(s *spec.Swagger, o *spec.Operation, w *httptest.ResponseRecorder) []string {
	response, known := o.Responses.StatusCodeResponses[w.Code]
	switch {
	case !known:
		return []string{fmt.Sprintf("%s: status %d is not in the document", o.ID, w.Code)}
	case response.Schema == nil && w.Body.Len() > 0:
		return []string{fmt.Sprintf("%s: %d has a body, in the document it has none", o.ID, w.Code)}
	case response.Schema == nil:
		return nil
	}
	var value any
	if err := json.Unmarshal(w.Body.Bytes(), &value); err != nil {
		return []string{fmt.Sprintf("%s: %d is not JSON: %v", o.ID, w.Code, err)}
	}
	forms := []spec.Schema{*response.Schema}
	if others, ok := response.Extensions["x-oneof"]; ok {
		text, _ := json.Marshal(others)
		var more []spec.Schema
		if err := json.Unmarshal(text, &more); err != nil {
			return []string{err.Error()}
		}
		forms = append(forms, more...)
	}
	var all []string
	for _, form := range forms {
		faults := schemaFaults(s, form, value, fmt.Sprintf("%s %d", o.ID, w.Code))
		if len(faults) == 0 {
			return nil
		}
		all = append(all, faults...)
	}
	return all
}

// schemaFaults says where a value is not what a schema allows. Members that the schema does not name are faults too.
func schemaFaults(s *spec.Swagger, schema spec.Schema, value any, where string) []string {
	nullable, _ := schema.Extensions.GetBool("x-nullable")
	for name := path.Base(schema.Ref.String()); name != "."; name = path.Base(schema.Ref.String()) {
		schema = s.Definitions[name]
	}
	if len(schema.AllOf) == 1 {
		if value == nil && nullable {
			return nil
		}
		return schemaFaults(s, schema.AllOf[0], value, where)
	}
	wrong := func(what string) []string { return []string{fmt.Sprintf("%s: %s", where, what)} }
	if value == nil {
		if nullable {
			return nil
		}
		return wrong("null is not allowed")
	}
	if len(schema.Enum) > 0 && !slices.ContainsFunc(schema.Enum, func(e any) bool { return reflect.DeepEqual(e, value) }) {
		return wrong(fmt.Sprintf("%v is none of %v", value, schema.Enum))
	}
	switch v := value.(type) {
	case map[string]any:
		return objectFaults(s, schema, v, where)
	case []any:
		if schema.Items == nil {
			return wrong("a list is not allowed")
		}
		for i, item := range v {
			if faults := schemaFaults(s, *schema.Items.Schema, item, fmt.Sprintf("%s[%d]", where, i)); len(faults) > 0 {
				return faults
			}
		}
		return nil
	case string:
		if _, err := time.Parse(time.RFC3339, v); schema.Format == "date-time" && err != nil {
			return wrong(err.Error())
		}
	}
	if is := map[reflect.Kind]string{reflect.String: "string", reflect.Float64: "integer", reflect.Bool: "boolean"}[reflect.ValueOf(value).Kind()]; !slices.Contains(schema.Type, is) {
		return wrong(fmt.Sprintf("a %s, in the document it is %v", is, schema.Type))
	}
	return nil
}

func objectFaults(s *spec.Swagger, schema spec.Schema, members map[string]any, where string) (faults []string) {
	if !slices.Contains(schema.Type, "object") {
		return []string{where + ": an object is not allowed"}
	}
	for _, name := range schema.Required {
		if _, there := members[name]; !there {
			faults = append(faults, fmt.Sprintf("%s: %s is missing", where, name))
		}
	}
	for name, value := range members {
		member, known := schema.Properties[name]
		if !known {
			faults = append(faults, fmt.Sprintf("%s: the document does not know %s", where, name))
			continue
		}
		faults = append(faults, schemaFaults(s, member, value, where+"."+name)...)
	}
	return faults
}
