package main

import (
	"encoding/json"
	"io"
	"log"
	"path/filepath"

	"github.com/swaggo/swag"

	"github.com/musterhq/muster/server/api"
)

// document runs swag over the annotations of a dialect, as "swag init -p pascalcase" does, and adds what only the types
// of Go and the rows know. Pascal case is what members without a json tag have; where a vendor has another, tags say so.
// The folders are those of all packages whose types a dialect can answer with; one within another would give every type
// twice. There is one document for each contract.
func document(module string, d *api.Dialect, manual bool) ([]byte, error) {
	dialect, file := filepath.Split(annotationsFile(module, d))
	folders := []string{dialect, filepath.Join(module, "server", "api"), filepath.Join(module, "store"), filepath.Join(module, "authz")}
	p := swag.New(swag.SetDebugger(log.New(io.Discard, "", 0)), swag.SetStrict(true))
	p.PropNamingStrategy = swag.PascalCase
	if err := p.ParseAPIMultiSearchDir(folders, file, 0); err != nil {
		return nil, err
	}
	swagger := p.GetSwagger()
	refineAll(swagger.Definitions, d)
	answers(swagger, d, manual)
	if err := rename(swagger, d.Models); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(swagger, "", "  ")
	return append(text, '\n'), err
}
