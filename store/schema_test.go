package store

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// declared are all collections and links of a store; TestTheSchemaIsComplete says so.
var declared = schema().Declared()

func TestTagsTellCollectionsAndLinksApart(t *testing.T) {
	t.Parallel()
	taken := map[string]string{epochTag: "the epochs"}
	for _, d := range declared {
		d := d.Describe()
		if len(d.Tag) != 2 || strings.Trim(d.Tag, "abcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("the tag of %s is %q, not two small letters", d.Name, d.Tag)
		}
		if other, twice := taken[d.Tag]; twice {
			t.Errorf("%s and %s have the same tag %q", other, d.Name, d.Tag)
		}
		taken[d.Tag] = d.Name
	}
}

func TestKindsTellTheIndexesOfACollectionApart(t *testing.T) {
	t.Parallel()
	for _, d := range declared {
		d, taken := d.Describe(), map[byte]bool{}
		for _, ix := range d.Indexes {
			if ix.Kind < 'a' || 'z' < ix.Kind {
				t.Errorf("an index of %s has the kind %q, not a small letter", d.Name, ix.Kind)
			}
			if taken[ix.Kind] {
				t.Errorf("two indexes of %s have the kind %q", d.Name, ix.Kind)
			}
			taken[ix.Kind] = true
		}
	}
}

// What is forgotten in the list would be missing from docs/keys.md, from Verify and from the walk that ends every test.
func TestTheSchemaIsComplete(t *testing.T) {
	t.Parallel()
	written := []string{}
	for _, group := range parseSource(t).groups {
		for _, d := range group.declarations {
			written = append(written, d.Tag)
		}
	}
	listed := []string{}
	for _, d := range declared {
		listed = append(listed, d.Describe().Tag)
	}
	equal(t, "tags in schema.go and in the registry", listed, written)
}

// source is what the compiler knows of the schema and the running program does not: how it is grouped, and what is
// within the functions that make keys.
type source struct {
	groups  []sourceGroup
	methods map[string]string // what those without arguments return: "Asset.address" → "netip.Addr"
}

// sourceGroup is one var ( … ) of a schema.go.
type sourceGroup struct {
	comment      string
	declarations []*declaration
}

// declaration is a collection or a link, with the expressions of the keys that its records have.
type declaration struct {
	variable, Tag string
	place         ast.Expr
	Indexes       []ast.Expr
	Counts        []ast.Expr
}

// parseSource reads the source of this package and of package record, whose own collections come first.
func parseSource(t *testing.T) *source {
	t.Helper()
	s := &source{methods: map[string]string{}}
	own, err := filepath.Glob("record/*.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(own, files...) {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				s.method(d)
			case *ast.GenDecl:
				if filepath.Base(name) == "schema.go" && d.Tok == token.VAR && d.Lparen.IsValid() {
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
			case *ast.CallExpr:
				switch called := n.Fun.(type) {
				case *ast.IndexListExpr: // record.NewCollection[int, Asset](&registry, "as", …)
					d.Tag = literal(n.Args[1])
				case *ast.SelectorExpr:
					switch receiver, _ := called.X.(*ast.Ident); called.Sel.Name {
					case "SortedBy":
						d.place = returned(n)
					case "IndexBy", "UniqueBy", "GuardedBy":
						of[receiver.Name].Indexes = append(of[receiver.Name].Indexes, returned(n))
					case "CountBy":
						of[receiver.Name].Counts = append(of[receiver.Name].Counts, returned(n))
					}
				}
			}
			return true
		})
		if d.Tag != "" {
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
