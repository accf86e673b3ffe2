package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-openapi/spec"

	"github.com/musterhq/muster/docs"
	"github.com/musterhq/muster/importers/builtin"
	"github.com/musterhq/muster/server"
)

// zeroes are the members of requests whose example is 0, since that is what a caller sends who means nothing that exists.
var zeroes = []string{"AddressRuleRequest.Id", "PsrunRuleRequest.Id"}

// listed are the members that have one of a few values, of which the vendor's documents print the list.
var listed = []string{
	"AccessLevelID", "AccessType", "ActionType", "AzureInstance", "DefaultSessionType", "PermissionID", "RegistrationType", "RuleType", "SmartRuleType",
	"State", "UserType", "groupType", "operator", "order", "field", "grant_type",
	"ImportRequest.ImportType", "AddressRequest.Type", "AddressRuleRequest.Type", "AccessLevel.Name", "Group.type", "TokenAnswer.error",
}

// census counts the members of a document, and says what each lacks.
type census struct {
	members, examples, enums int
	faults                   []string
}

func TestEveryMemberHasADescriptionAnExampleAndItsValues(t *testing.T) {
	t.Parallel()
	for _, d := range server.Dialects() {
		for _, manual := range []bool{false, true} {
			t.Run(docs.SwaggerFile(d.Name, manual), func(t *testing.T) {
				t.Parallel()
				var s spec.Swagger
				if err := json.Unmarshal(docs.Swagger(d.Name, manual), &s); err != nil {
					t.Fatal(err)
				}
				c := count(&s)
				for _, fault := range c.faults {
					t.Error(fault)
				}
				t.Logf("%d members, all described, %d of them with an example of their own, %d with their values", c.members, c.examples, c.enums)
				if c.members == 0 {
					t.Error("the document has no members")
				}
			})
		}
	}
}

// count walks over the members of all definitions and of the answers that are written where they are used.
func count(s *spec.Swagger) *census {
	c := &census{}
	for _, name := range slices.Sorted(maps.Keys(s.Definitions)) {
		definition := s.Definitions[name]
		c.schema(name, &definition)
	}
	for p, item := range s.Paths.Paths {
		for method, o := range map[string]*spec.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete} {
			if o == nil {
				continue
			}
			c.words(method+" "+p, o)
			for status, answer := range o.Responses.StatusCodeResponses {
				c.schema(fmt.Sprintf("%s %s %d", method, p, status), answer.Schema)
			}
		}
	}
	return c
}

// words checks what an operation says in words: refusals that are texts have one for an example.
func (c *census) words(where string, o *spec.Operation) {
	for status, answer := range o.Responses.StatusCodeResponses {
		if s := answer.Schema; s != nil && status >= 400 && s.Type.Contains("string") {
			if text, _ := s.Example.(string); text == "" || text == "string" {
				c.faults = append(c.faults, fmt.Sprintf("%s %d has no example of what it says", where, status))
			}
		}
	}
}

func TestASummaryIsOneShortSentence(t *testing.T) {
	t.Parallel()
	for _, d := range server.Dialects() {
		for _, r := range d.Routes {
			if rest := strings.TrimSuffix(r.Summary, "."); strings.Contains(rest, ". ") || len(r.Summary) > 140 {
				t.Errorf("%s %s: %q is more than one short sentence", r.Method, r.Path, r.Summary)
			}
		}
	}
}

func (c *census) schema(where string, s *spec.Schema) {
	if s == nil {
		return
	}
	if s.Items != nil {
		c.schema(where+"[]", s.Items.Schema)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		member := s.Properties[name]
		c.member(where+"."+name, name, &member)
		c.schema(where+"."+name, &member)
	}
}

func (c *census) member(where, name string, m *spec.Schema) {
	fault := func(format string, values ...any) {
		c.faults = append(c.faults, where+" "+fmt.Sprintf(format, values...))
	}
	c.members++
	if strings.TrimSpace(m.Description) == "" {
		fault("has no description")
	}
	value := m
	for value.Items != nil && value.Items.Schema != nil {
		value = value.Items.Schema
	}
	enum := append(slices.Clone(m.Enum), value.Enum...)
	if len(enum) > 0 {
		c.enums++
	} else if slices.Contains(listed, name) || slices.Contains(listed, where) {
		fault("has one of a few values, and does not say which")
	}
	if path.Base(value.Ref.String()) != "." || len(value.AllOf) > 0 || len(value.Properties) > 0 {
		return // its example is made of those of its own members
	}
	if m.Example == nil {
		fault("has no example")
		return
	}
	c.examples++
	for _, lack := range lacks(m, value, enum, where) {
		fault("has the example %v, which %s", m.Example, lack)
	}
}

// lacks says what is wrong with the example of a member.
func lacks(m, value *spec.Schema, enum []any, where string) (all []string) {
	examples, isList := m.Example.([]any)
	if isList != (m.Items != nil) && !slices.Contains(m.Type, "object") {
		return []string{"is a list or is none, other than the member"}
	}
	if !isList {
		examples = []any{m.Example}
	}
	for _, example := range examples {
		if len(enum) > 0 && !slices.ContainsFunc(enum, func(e any) bool { return reflect.DeepEqual(e, example) }) {
			all = append(all, fmt.Sprintf("is not one of %v", enum))
		}
		switch v := example.(type) {
		case string:
			if !slices.Contains(value.Type, "string") || v == "" || v == "string" {
				all = append(all, "is no text of its kind")
			}
			if value.MaxLength != nil && int64(len([]rune(v))) > *value.MaxLength {
				all = append(all, "is too long")
			}
		case float64:
			sent := strings.Contains(where, "Request.") || strings.Contains(where, "Parms.")
			if !slices.Contains(value.Type, "integer") || v == 0 && sent && len(enum) == 0 && !slices.Contains(zeroes, where) {
				all = append(all, "is a number that the server would refuse")
			}
		case bool:
			if !slices.Contains(value.Type, "boolean") {
				all = append(all, "is true or false, other than the member")
			}
		}
	}
	return all
}

func TestTheValuesOfImportTypeAreTheImporters(t *testing.T) {
	t.Parallel()
	var want []string
	for _, importer := range builtin.Importers() {
		want = append(want, importer.Type)
	}
	slices.Sort(want)
	for _, manual := range []bool{false, true} {
		var s spec.Swagger
		if err := json.Unmarshal(docs.Swagger("insight", manual), &s); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, value := range s.Definitions["ImportRequest"].Properties["ImportType"].Enum {
			got = append(got, fmt.Sprint(value))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("the document lists %v, there are importers for %v", got, want)
		}
	}
}
