package store

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/musterhq/muster/store/kv"
)

// described is what the tests ask of a collection or a link whatever its types are.
type described interface {
	describe() description
	follows(r kv.Reader, all map[string][]byte) error
}

// schema is all that schema.go declares, in its order; TestTheSchemaIsComplete says so.
var schema = func() (all []described) {
	for _, d := range registered {
		all = append(all, d.(described))
	}
	return all
}()

// description is what can be said of a collection or a link without looking into its functions.
type description struct {
	tag, name string

	// Of a collection.
	record  reflect.Type
	id      string // the name of the member that holds it
	placed  bool
	leases  bool // the ids are numbers that the store gives out
	lowest  int
	audits  string
	indexes []indexDescription
	counts  []byte // the kinds

	// Of a link.
	from, to, value string
	sides           [2]reflect.Type
}

type indexDescription struct {
	kind    byte
	unique  string
	guarded bool
}

func (c *Collection[ID, T]) describe() description {
	d := description{
		tag: c.tag, name: c.name, record: reflect.TypeFor[T](), id: c.idName(), placed: c.place != nil,
		leases: reflect.TypeFor[ID]().Kind() == reflect.Int, lowest: max(c.lowest, 1), audits: "audited",
	}
	switch {
	case c.silent:
		d.audits = "not audited"
	case c.secret:
		d.audits = "audited without values"
	}
	for _, ix := range c.indexes {
		d.indexes = append(d.indexes, indexDescription{ix.kind, ix.unique, ix.guarded})
	}
	for _, n := range c.counted {
		d.counts = append(d.counts, n.kind)
	}
	return d
}

func (l *Link[A, B]) describe() description {
	return description{
		tag: l.tag, name: l.name, from: l.from, to: l.to, value: l.value,
		sides: [2]reflect.Type{reflect.TypeFor[A](), reflect.TypeFor[B]()}, audits: "audited",
	}
}

func TestTagsTellCollectionsAndLinksApart(t *testing.T) {
	t.Parallel()
	taken := map[string]string{epochTag: "the epochs"}
	for _, d := range schema {
		d := d.describe()
		if len(d.tag) != 2 || strings.Trim(d.tag, "abcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("the tag of %s is %q, not two small letters", d.name, d.tag)
		}
		if other, twice := taken[d.tag]; twice {
			t.Errorf("%s and %s have the same tag %q", other, d.name, d.tag)
		}
		taken[d.tag] = d.name
	}
}

func TestKindsTellTheIndexesOfACollectionApart(t *testing.T) {
	t.Parallel()
	for _, d := range schema {
		d, taken := d.describe(), map[byte]bool{}
		for _, ix := range d.indexes {
			if ix.kind < 'a' || 'z' < ix.kind {
				t.Errorf("an index of %s has the kind %q, not a small letter", d.name, ix.kind)
			}
			if taken[ix.kind] {
				t.Errorf("two indexes of %s have the kind %q", d.name, ix.kind)
			}
			taken[ix.kind] = true
		}
	}
}

// What is forgotten in the list would be missing from docs/keys.md, from Verify and from the walk that ends every test.
func TestTheSchemaIsComplete(t *testing.T) {
	t.Parallel()
	declared := []string{}
	for _, group := range parseSource(t).groups {
		for _, d := range group.declarations {
			declared = append(declared, d.tag)
		}
	}
	listed := []string{}
	for _, d := range schema {
		listed = append(listed, d.describe().tag)
	}
	equal(t, "tags in schema.go and in declarations", listed, declared)
}

// source is what the compiler knows of the schema and the running program does not: how it is grouped, and what is
// within the functions that make keys.
type source struct {
	groups  []sourceGroup
	methods map[string]string // what those without arguments return: "Asset.address" → "netip.Addr"
}

// sourceGroup is one var ( … ) of schema.go.
type sourceGroup struct {
	comment      string
	declarations []*declaration
}

// declaration is a collection or a link, with the expressions of the keys that its records have.
type declaration struct {
	variable, tag string
	place         ast.Expr
	indexes       []ast.Expr
	counts        []ast.Expr
}

// parseSource reads the package's own source.
func parseSource(t *testing.T) *source {
	t.Helper()
	s := &source{methods: map[string]string{}}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				s.method(d)
			case *ast.GenDecl:
				if name == "schema.go" && d.Tok == token.VAR {
					s.groups = append(s.groups, sourceGroup{comment: d.Doc.Text()})
					s.declare(d)
				}
			}
		}
	}
	return s
}

// method notes what a method without arguments returns.
func (s *source) method(f *ast.FuncDecl) {
	if f.Recv == nil || f.Type.Params.NumFields() > 0 || f.Type.Results.NumFields() != 1 {
		return
	}
	pointer, ok := f.Recv.List[0].Type.(*ast.StarExpr)
	if !ok {
		return
	}
	if receiver, ok := pointer.X.(*ast.Ident); ok {
		s.methods[receiver.Name+"."+f.Name.Name] = types.ExprString(f.Type.Results.List[0].Type)
	}
}

// declare reads one var ( … ) of collections, links and indexes.
func (s *source) declare(group *ast.GenDecl) {
	of := map[string]*declaration{}
	to := &s.groups[len(s.groups)-1].declarations
	for _, spec := range group.Specs {
		spec := spec.(*ast.ValueSpec)
		d := &declaration{variable: spec.Names[0].Name}
		ast.Inspect(spec.Values[0], func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if n.Key.(*ast.Ident).Name == "tag" {
					d.tag = literal(n.Value)
				}
			case *ast.CallExpr:
				switch called := n.Fun.(type) {
				case *ast.IndexListExpr: // collection[int, Asset]("as", …)
					d.tag = literal(n.Args[0])
				case *ast.SelectorExpr:
					switch receiver, _ := called.X.(*ast.Ident); called.Sel.Name {
					case "in":
						d.place = returned(n)
					case "index", "unique", "guard":
						of[receiver.Name].indexes = append(of[receiver.Name].indexes, returned(n))
					case "counts":
						of[receiver.Name].counts = append(of[receiver.Name].counts, returned(n))
					}
				}
			}
			return true
		})
		if d.tag != "" {
			of[d.variable] = d
			*to = append(*to, d)
		}
	}
}

// literal is the value of a string literal, empty for any other expression.
func literal(e ast.Expr) string {
	if e, ok := e.(*ast.BasicLit); ok {
		text, _ := strconv.Unquote(e.Value)
		return text
	}
	return ""
}

// returned is what the function returns that a declaration ends with.
func returned(call *ast.CallExpr) ast.Expr {
	function := call.Args[len(call.Args)-1].(*ast.FuncLit)
	i := slices.IndexFunc(function.Body.List, func(s ast.Stmt) bool { _, ok := s.(*ast.ReturnStmt); return ok })
	return function.Body.List[i].(*ast.ReturnStmt).Results[0]
}
