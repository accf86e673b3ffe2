package api

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"reflect"
	"strings"
)

// comments are what stands behind the fields of types in the source.
type comments struct {
	source fs.FS
	read   map[string]map[string]string // by the package's path, then Type.Field
}

// module is the path of the module, of which source is the folder.
var module = strings.TrimSuffix(reflect.TypeFor[Route]().PkgPath(), "/server/api")

// of returns the comment of a field.
func (c *comments) of(t reflect.Type, index []int) (string, error) {
	field := t.FieldByIndex(index)
	if len(index) > 1 {
		t = t.FieldByIndex(index[:len(index)-1]).Type
	}
	if c.read[t.PkgPath()] == nil {
		if err := c.parse(t.PkgPath()); err != nil {
			return "", err
		}
	}
	text := c.read[t.PkgPath()][t.Name()+"."+field.Name]
	if text == "" {
		return "", fmt.Errorf("%s.%s has no comment to describe it", t, field.Name)
	}
	return text, nil
}

// parse reads the source of a package.
func (c *comments) parse(pkg string) error {
	files, err := fs.Glob(c.source, path.Join(strings.TrimPrefix(pkg, module+"/"), "*.go"))
	if err != nil {
		return err
	}
	texts := map[string]string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := fs.ReadFile(c.source, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool { return gather(texts, n) })
	}
	if c.read == nil {
		c.read = map[string]map[string]string{}
	}
	c.read[pkg] = texts
	return nil
}

// gather takes the comments of a type's fields; it is for ast.Inspect.
func gather(texts map[string]string, n ast.Node) bool {
	spec, ok := n.(*ast.TypeSpec)
	if !ok {
		return true
	}
	if s, ok := spec.Type.(*ast.StructType); ok {
		for _, f := range s.Fields.List {
			text := f.Doc.Text()
			if text == "" {
				text = f.Comment.Text()
			}
			for _, name := range f.Names {
				texts[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(text), " ")
			}
		}
	}
	return false
}
