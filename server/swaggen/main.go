// Command swaggen makes what the Swagger pages show, for go generate: of each dialect's table of rows the annotations in
// server/<dialect>/swag_gen.go, and of those, with swag, the documents docs/<dialect>_swagger.json and, of the contract manual, docs/<dialect>_manual_swagger.json. Its argument is the
// folder of the module.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/musterhq/muster/docs"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/api"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: swaggen MODULE")
		os.Exit(2)
	}
	for _, d := range server.Dialects() {
		if err := generate(os.Args[1], d); err != nil {
			fmt.Fprintf(os.Stderr, "swaggen: %s: %v\n", d.Name, err)
			os.Exit(1)
		}
	}
}

// generate writes both files of a dialect.
func generate(module string, d *api.Dialect) error {
	source, err := annotations(module, d)
	if err != nil {
		return err
	}
	if err := os.WriteFile(annotationsFile(module, d), source, 0o644); err != nil {
		return err
	}
	for _, manual := range []bool{false, true} {
		text, err := document(module, d, manual)
		if err != nil {
			return err
		}
		if err := os.WriteFile(documentFile(module, d, manual), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// A dialect lives in the package of its name.
func annotationsFile(module string, d *api.Dialect) string {
	return filepath.Join(module, "server", d.Name, "swag_gen.go")
}

func documentFile(module string, d *api.Dialect, manual bool) string {
	return filepath.Join(module, "docs", docs.SwaggerFile(d.Name, manual))
}

func annotations(module string, d *api.Dialect) ([]byte, error) {
	var b bytes.Buffer
	err := d.WriteSwag(&b, d.Name, os.DirFS(module))
	return b.Bytes(), err
}
