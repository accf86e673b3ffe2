package lab

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/store"
)

var update = flag.Bool("update", false, "rewrite docs/lab.schema.json and the tables of docs/lab.md")

// The documents that are made from the types of this package and their comments.
const (
	schemaFile = "../docs/lab.schema.json"
	labFile    = "../docs/lab.md"
)

// TestTheDocumentsAreCurrent compares them with what the types say.
func TestTheDocumentsAreCurrent(t *testing.T) {
	t.Parallel()
	says := readComments(t)
	types := typesOf(reflect.TypeFor[File](), nil)
	document := read(t, labFile)
	for _, c := range []struct{ file, want string }{
		{schemaFile, schemaOf(t, types, says)},
		{labFile, withTables(t, document, types, says)},
	} {
		if *update {
			check(t, os.WriteFile(c.file, []byte(c.want), 0o644))
			continue
		}
		is(t, c.file+" (go test ./lab -run TestTheDocuments -update makes it anew)", read(t, c.file), c.want)
	}
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// TestTheExamplesLoad loads the examples of docs/lab.md, one after the other.
func TestTheExamplesLoad(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	blocks := yamlBlock.FindAllStringSubmatch(read(t, labFile), -1)
	for _, block := range blocks {
		text := block[1]
		if !strings.Contains(text, "muster: 1") {
			text = "muster: 1\n" + text
		}
		f, err := Parse("docs/lab.md", []byte(text))
		if err == nil {
			_, err = Load(t.Context(), db, f, LoadOptions{Values: func(Source) (string, error) { return strings.Repeat("secret", 7), nil }})
		}
		if err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
	if len(blocks) < 15 {
		t.Errorf("%d examples", len(blocks))
	}
}

// typesOf lists the types of items that can be reached from one, in the order of the file.
func typesOf(t reflect.Type, all []reflect.Type) []reflect.Type {
	if slices.Contains(all, t) {
		return all
	}
	all = append(all, t)
	for _, m := range membersOf(t) {
		if item := itemType(m.Type); item != nil {
			all = typesOf(item, all)
		}
	}
	return all
}

// itemType is the type of the items in a member, nil if it has none.
func itemType(t reflect.Type) reflect.Type {
	if t == namesType || t == entriesType {
		return nil
	}
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct && t.Elem() != timeType {
		return t.Elem()
	}
	return nil
}

// comments are those of types ("User") and members ("User.Groups").
type comments map[string]string

func readComments(t *testing.T) comments {
	t.Helper()
	says := comments{}
	files, err := filepath.Glob("*.go")
	check(t, err)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		check(t, err)
		for _, d := range parsed.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.TYPE {
				continue
			}
			spec := g.Specs[0].(*ast.TypeSpec)
			says[spec.Name.Name] = strings.Join(strings.Fields(g.Doc.Text()), " ")
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range s.Fields.List {
					for _, name := range field.Names {
						says[spec.Name.Name+"."+name.Name] = strings.TrimSpace(field.Comment.Text())
					}
				}
			}
		}
	}
	return says
}

// of is the comment of a member, which an embedded type may have.
func (c comments) of(t *testing.T, in reflect.Type, m member) string {
	t.Helper()
	if len(m.Index) > 1 {
		in = in.Field(m.Index[0]).Type
	}
	said := c[in.Name()+"."+m.Name]
	if said == "" {
		t.Errorf("%s.%s has no comment", in.Name(), m.Name)
	}
	return said
}

type object = map[string]any

// schemaOf is the JSON Schema of a lab file.
func schemaOf(t *testing.T, types []reflect.Type, says comments) string {
	t.Helper()
	definitions := object{}
	for _, of := range types {
		properties, required := object{}, []string{}
		for _, m := range membersOf(of) {
			property := propertyOf(m)
			property["description"] = says.of(t, of, m)
			if m.preset {
				property["default"] = true
			}
			if properties[m.label()] = property; m.required {
				required = append(required, m.label())
			}
		}
		definitions[of.Name()] = object{
			"type": "object", "description": says[of.Name()], "properties": properties, "required": required, "additionalProperties": false,
		}
	}
	root := definitions["File"].(object)
	delete(definitions, "File")
	root["properties"].(object)["muster"].(object)["const"] = Version
	root["$schema"], root["$id"], root["title"], root["$defs"] = "https://json-schema.org/draft/2020-12/schema", Schema, "muster lab file", definitions
	text, err := json.MarshalIndent(root, "", "  ")
	check(t, err)
	return string(text) + "\n"
}

func propertyOf(m member) object {
	of := m.Type
	switch keys, values, _ := strings.Cut(m.choices, ":"); {
	case of == namesType:
		return object{"anyOf": []any{text(m.choices), object{"type": "array", "items": text(m.choices), "uniqueItems": true}}}
	case of == entriesType && m.choices != "":
		return object{"type": "object", "propertyNames": object{"enum": valuesOf(keys)}, "additionalProperties": text(values)}
	case of == entriesType:
		return object{"type": "object", "additionalProperties": object{
			"anyOf": []any{text(""), object{"type": "array", "items": text(""), "uniqueItems": true}},
		}}
	case itemType(of) != nil && of.Kind() == reflect.Slice:
		return object{"type": "array", "items": object{"$ref": "#/$defs/" + itemType(of).Name()}}
	case itemType(of) != nil:
		return object{"$ref": "#/$defs/" + itemType(of).Name()}
	}
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	switch {
	case of == timeType:
		return object{"type": "string", "format": "date-time"}
	case of.Kind() == reflect.Int:
		return object{"type": "integer"}
	case of.Kind() == reflect.Bool:
		return object{"type": "boolean"}
	}
	return text(m.choices)
}

func text(choices string) object {
	o := object{"type": "string"}
	if values := valuesOf(choices); values != nil {
		o["enum"] = values
	}
	return o
}

var table = regexp.MustCompile(`(?s)<!-- members of (\w+) -->\n.*?<!-- end -->`)

// withTables is a document with its tables as they should be, one for each type.
func withTables(t *testing.T, document string, types []reflect.Type, says comments) string {
	t.Helper()
	written := []string{"File"}
	document = table.ReplaceAllStringFunc(document, func(old string) string {
		name := table.FindStringSubmatch(old)[1]
		i := slices.IndexFunc(types, func(of reflect.Type) bool { return of.Name() == name })
		if i < 0 {
			t.Errorf("there is no type %s", name)
			return old
		}
		written = append(written, name)
		var b strings.Builder
		fmt.Fprintf(&b, "<!-- members of %s -->\n%s\n\n| %s | | |\n|---|---|---|\n", name, says[name], name)
		for _, m := range membersOf(types[i]) {
			kind := kindOfMember(m)
			if m.required {
				kind += ", required"
			}
			if m.preset {
				kind += ", default true"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m.label(), kind, strings.ReplaceAll(says.of(t, types[i], m), "|", `\|`))
		}
		return b.String() + "<!-- end -->"
	})
	for _, of := range types {
		if !slices.Contains(written, of.Name()) {
			t.Errorf("there is no table for %s", of.Name())
		}
	}
	return document
}

// kindOfMember says in a table what a member is.
func kindOfMember(m member) string {
	of := m.Type
	switch {
	case of == namesType:
		return "names"
	case of == entriesType:
		return "mapping"
	case itemType(of) != nil && of.Kind() == reflect.Slice:
		return "list of " + itemType(of).Name()
	case itemType(of) != nil:
		return itemType(of).Name()
	}
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	return map[reflect.Type]string{
		reflect.TypeFor[string](): "text", reflect.TypeFor[int](): "number", reflect.TypeFor[bool](): "true or false", reflect.TypeFor[store.Time](): "time",
	}[of]
}
