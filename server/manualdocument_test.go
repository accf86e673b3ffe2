package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/musterhq/muster/server"
)

// schema is what a Swagger document says of a value.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       string            `json:"type"`
	Items      *schema           `json:"items"`
	Properties map[string]schema `json:"properties"`
	AllOf      []schema          `json:"allOf"`
}

// notSaid is what a document leaves out, by heading: the Id in the body of a registration, which is not taken, and the members
// of a record that swag does not read, since only another row of the operation answers with it.
var notSaid = map[string]string{
	"POST ApiRegistrations": "Id", "PUT ApiRegistrations/{id}": "Id", "GET Entitlements?groupIDs": "SmartRuleType",
}

// swagger is a Swagger document, as far as this test reads it.
type swagger struct {
	Paths map[string]map[string]struct {
		Parameters []struct {
			Name, In string
			Schema   *schema
		}
		Responses map[string]struct {
			Schema *schema
			Others []schema `json:"x-oneof"`
		}
	}
	Definitions map[string]schema
}

// TestTheDocumentIsThatOfTheContract compares the documents that are served under --contract manual with the headings: each
// has its query parameters, its status, the members of its body and those of its answers, as they are spelled there.
func TestTheDocumentIsThatOfTheContract(t *testing.T) {
	t.Parallel()
	l := newFixture(t, true)
	for _, d := range server.Dialects() {
		t.Run(d.Name, func(t *testing.T) {
			var s swagger
			must(t, json.Unmarshal(l.request("GET", "/swagger/"+strings.ToLower(d.Name)+".json", "", nil).Body.Bytes(), &s))
			for name, h := range headingsOf(t, d.Name) {
				if !h.ours {
					s.says(t, name, h)
				}
			}
		})
	}
}

// says compares an operation with a heading.
func (s *swagger) says(t *testing.T, name string, h *heading) {
	wanted, _, _ := strings.Cut("/"+h.path, "?")
	wanted = strings.TrimSuffix(wanted, "/")
	for at, operations := range s.Paths {
		o, ok := operations[strings.ToLower(h.method)]
		if !ok || !samePath(strings.TrimSuffix(at, "/"), wanted) {
			continue
		}
		var query, sent []string
		for _, p := range o.Parameters {
			switch {
			case p.In == "query":
				query = append(query, p.Name)
			case p.In == "formData":
				sent = append(sent, p.Name)
			case p.Schema != nil:
				sent = append(sent, s.membersOf(*p.Schema)...)
			}
		}
		for _, asked := range h.asks {
			if asked != "access_token" && !slices.Contains(query, asked) { // which is how the document says who calls
				t.Errorf("%s: the query parameters are %q, without %s", name, query, asked)
			}
		}
		for _, kind := range h.takes {
			for _, m := range kind.record().members {
				if !slices.Contains(sent, m.name) && notSaid[name] != m.name {
					t.Errorf("%s: the body has %q, without %s", name, sent, m.name)
				}
			}
		}
		answer, ok := o.Responses[strconv.Itoa(h.printedStatus(t))]
		if !ok {
			t.Errorf("%s: no answer has the status %d", name, h.printedStatus(t))
		}
		var forms []string
		if answer.Schema != nil {
			forms = append(forms, s.told(*answer.Schema))
		}
		for _, other := range answer.Others {
			forms = append(forms, s.told(other))
		}
		for _, kind := range h.answers {
			for _, want := range kind.told() {
				if left := notSaid[name]; want != "" && !slices.Contains(forms, want) && (left == "" || !strings.Contains(want, left)) {
					t.Errorf("%s: the document answers\n%s, without\n%s", name, strings.Join(forms, "\n"), want)
				}
			}
		}
		return
	}
	t.Errorf("%s is no operation", name)
}

// samePath reports whether two paths differ in the names of their parameters only.
func samePath(a, b string) bool {
	return slices.EqualFunc(strings.Split(a, "/"), strings.Split(b, "/"), func(x, y string) bool {
		return x == y || strings.HasPrefix(x, "{") && strings.HasPrefix(y, "{")
	})
}

// resolved is a schema that refers to no other.
func (s *swagger) resolved(one schema) schema {
	for one.Ref != "" || len(one.AllOf) == 1 {
		if one.Ref != "" {
			one = s.Definitions[path.Base(one.Ref)]
		} else {
			one = one.AllOf[0]
		}
	}
	return one
}

// membersOf are those of an object, or of the objects in a list.
func (s *swagger) membersOf(one schema) []string {
	if one = s.resolved(one); one.Items != nil {
		return s.membersOf(*one.Items)
	}
	return slices.Sorted(maps.Keys(one.Properties))
}

// told is a schema as form.told says one: the members of an object by name, since a document has no order, and what is in them.
func (s *swagger) told(one schema) string {
	one = s.resolved(one)
	switch {
	case one.Items != nil:
		return "[" + s.told(*one.Items) + "]"
	case one.Properties != nil || one.Type == "object":
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(one.Properties)) {
			part := name
			if inner := s.resolved(one.Properties[name]); inner.Items != nil || inner.Properties != nil {
				part += s.told(inner)
			}
			parts = append(parts, part)
		}
		return "{" + strings.Join(parts, " ") + "}"
	case one.Type == "integer":
		return "int"
	}
	return one.Type
}

// told are the forms that a form allows, each by the names of its members in the order of the alphabet; nothing is "".
func (f *form) told() (all []string) {
	switch {
	case f.kinds != nil:
		for _, kind := range f.kinds {
			all = append(all, kind.told()...)
		}
	case f.list != nil:
		for _, inner := range f.list.told() {
			all = append(all, "["+inner+"]")
		}
	case f.members != nil:
		var parts []string
		for _, m := range f.members {
			if m.form != nil {
				m.name += m.form.told()[0]
			}
			parts = append(parts, m.name)
		}
		slices.Sort(parts)
		all = append(all, fmt.Sprint("{", strings.Join(parts, " "), "}"))
	case f.word == "nothing":
		all = append(all, "")
	default:
		all = append(all, f.word)
	}
	return all
}

// record is the object of a form, or of the list that it is.
func (f *form) record() *form {
	if f.list != nil {
		return f.list.record()
	}
	return f
}

// printedStatus is the status that the document prints.
func (h *heading) printedStatus(t *testing.T) int {
	status, err := strconv.Atoi(strings.Split(h.rest, "\t")[2])
	must(t, err)
	return status
}
