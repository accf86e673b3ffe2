package main

import (
	"encoding/json"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/go-openapi/spec"
	"github.com/google/go-cmp/cmp"

	"github.com/musterhq/muster/docs"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/api"
)

const module = "../.."

func TestSwaggerIsCurrent(t *testing.T) {
	t.Parallel()
	for _, d := range server.Dialects() {
		of := func(manual bool) func(string, *api.Dialect) ([]byte, error) {
			return func(module string, d *api.Dialect) ([]byte, error) { return document(module, d, manual) }
		}
		for _, made := range []struct {
			file string
			by   func(module string, d *api.Dialect) ([]byte, error)
		}{
			{annotationsFile(module, d), annotations},
			{documentFile(module, d, false), of(false)},
			{documentFile(module, d, true), of(true)},
		} {
			t.Run(made.file, func(t *testing.T) {
				t.Parallel()
				want, err := made.by(module, d)
				if err != nil {
					t.Fatal(err)
				}
				got, err := os.ReadFile(made.file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), string(got)); diff != "" {
					t.Errorf("it is not what the rows say; go generate ./docs brings it up to date (-rows +file)\n%s", diff)
				}
			})
		}
	}
}

// documented is the document of a dialect as the server has it.
func documented(t *testing.T, d *api.Dialect) *spec.Swagger {
	t.Helper()
	var s spec.Swagger
	if err := json.Unmarshal(docs.Swagger(d.Name, false), &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

func TestEveryRowIsDocumentedWithItsPermission(t *testing.T) {
	t.Parallel()
	for _, d := range server.Dialects() {
		s := documented(t, d)
		deprecated := map[*spec.Operation]bool{} // whether all rows of it are
		for _, r := range d.Routes {
			t.Run(r.Method+" "+r.Path, func(t *testing.T) {
				o := operation(s, &r)
				if o == nil {
					t.Fatal("the document does not have it")
				}
				if all, known := deprecated[o]; known {
					deprecated[o] = all && r.IsDeprecated()
				} else {
					deprecated[o] = r.IsDeprecated()
				}
				told := "Required permissions: " + r.Need.String() + "."
				if r.IsOpen() {
					told = "Required permissions: none, the caller need not be signed in."
				}
				alone := o.Summary == r.Summary && strings.HasPrefix(o.Description, told)
				amongOthers := strings.Contains(o.Summary, r.Summary) && strings.Contains(o.Description+"\n", "- `"+r.Method+" "+r.Path+"`: "+r.Summary+" "+told)
				if !alone && !amongOthers {
					t.Errorf("neither %q nor %q tells %q and %q", o.Summary, o.Description, r.Summary, told)
				}
				if secured := len(o.Security) > 0; secured == r.IsOpen() {
					t.Errorf("a session is asked for: %t", secured)
				}
				if _, ok := o.Responses.StatusCodeResponses[r.Status(false)]; !ok {
					t.Errorf("status %d is not among the answers", r.Status(false))
				}
			})
		}
		for o, all := range deprecated {
			if o.Deprecated != all {
				t.Errorf("%s: deprecated is %t, of its rows %t", o.Summary, o.Deprecated, all)
			}
		}
	}
}

func TestEveryMemberOfABodyIsDescribed(t *testing.T) {
	t.Parallel()
	for _, d := range server.Dialects() {
		s := documented(t, d)
		for _, r := range d.Routes {
			o := operation(s, &r)
			if o == nil {
				continue // the test above says so
			}
			for _, p := range o.Parameters {
				if p.Description == "" {
					t.Errorf("%s %s: %s has no description", r.Method, r.Path, p.Name)
				}
				if p.In == "body" {
					described(t, s, p.Schema, r.Method+" "+r.Path)
				}
			}
		}
	}
}

// described checks the members of a schema and of all within it.
func described(t *testing.T, s *spec.Swagger, schema *spec.Schema, where string) {
	t.Helper()
	if name := path.Base(schema.Ref.String()); name != "." {
		definition, ok := s.Definitions[name]
		if !ok {
			t.Fatalf("%s: there is no definition of %s", where, name)
		}
		schema = &definition
	}
	if schema.Items != nil {
		described(t, s, schema.Items.Schema, where+"[]")
	}
	for _, part := range schema.AllOf {
		described(t, s, &part, where)
	}
	if slices.Contains(schema.Type, "object") && len(schema.Properties) == 0 {
		t.Errorf("%s has no members", where)
	}
	for name, member := range schema.Properties {
		if member.Description == "" && !slices.ContainsFunc(member.AllOf, func(s spec.Schema) bool { return s.Description != "" }) {
			t.Errorf("%s: %s has no description", where, name)
		}
		described(t, s, &member, where+"."+name)
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	for _, d := range server.Dialects() {
		s := documented(t, d)
		if s.Host != "" || len(s.Schemes) > 0 {
			t.Errorf("%s: host %q, schemes %q: the page has to call the server that it came from", d.Name, s.Host, s.Schemes)
		}
		if s.BasePath != d.Base || s.Info.Title != d.Title {
			t.Errorf("it is %q at %q, want %q at %q", s.Info.Title, s.BasePath, d.Title, d.Base)
		}
		if len(d.Schemes) == 0 || len(s.SecurityDefinitions) != len(d.Schemes) {
			t.Errorf("%s: the Authorize button knows %d ways, its callers %d", d.Name, len(s.SecurityDefinitions), len(d.Schemes))
		}
		for _, scheme := range d.Schemes {
			known := s.SecurityDefinitions[scheme.Name]
			if known == nil || known.Type != "apiKey" || known.In != scheme.In || known.Name != scheme.Parameter {
				t.Errorf("%s: the Authorize button sets %+v, want %+v", d.Name, known, scheme)
			}
		}
	}
}

func TestDocumentKnowsTheTypesOfMembers(t *testing.T) {
	t.Parallel()
	s := documented(t, server.Dialects()[0])
	asset, changed := s.Definitions["Asset"], s.Definitions["ChangedAssetRequest"]
	for _, c := range []struct {
		name       string
		definition spec.Schema
		member     string
		format     string
		nullable   bool
		required   bool
	}{
		{"a date", asset, "CreateDate", "date-time", true, true},
		{"a text that is null when empty", asset, "DnsName", "", true, true},
		{"a plain text", asset, "AssetName", "", false, true},
		{"a text that has to be there", changed, "AssetName", "", false, true},
		{"a text that has to be there, empty or not", changed, "DnsName", "", true, true},
		{"a number that can be null", s.Definitions["Attribute"], "ParentAttributeID", "", true, true},
		{"a number that can be null in a request", s.Definitions["AttributeRequest"], "ValueInt", "", true, false},
		{"a text that may be left out", changed, "Description", "", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			member := c.definition.Properties[c.member]
			if !slices.Contains(member.Type, "string") && !slices.Contains(member.Type, "integer") || member.Format != c.format {
				t.Errorf("%s is a %v of format %q", c.member, member.Type, member.Format)
			}
			if nullable, _ := member.Extensions.GetBool("x-nullable"); nullable != c.nullable {
				t.Errorf("%s: x-nullable is %t", c.member, nullable)
			}
			if required := slices.Contains(c.definition.Required, c.member); required != c.required {
				t.Errorf("%s: required is %t", c.member, required)
			}
		})
	}
}
