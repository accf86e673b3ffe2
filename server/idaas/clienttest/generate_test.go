// Package clienttest calls a running muster with a client that a stranger would make: generated from the document of the
// Entrust door. It is a module of its own, so that muster does not depend on the generator.
package clienttest

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

var update = flag.Bool("update", false, "generate the client anew")

const (
	document = "../../../docs/idaas_swagger.json"
	client   = "client_gen_test.go"
)

// TestTheClientIsCurrent generates the client from the document.
func TestTheClientIsCurrent(t *testing.T) {
	want, err := generate()
	must(t, err)
	if *update {
		must(t, os.WriteFile(client, []byte(want), 0o644))
		return
	}
	got, err := os.ReadFile(client)
	must(t, err)
	if string(got) != want {
		t.Errorf("%s is not what %s makes; go test -run TestTheClientIsCurrent -update does", client, document)
	}
}

// generate brings the document, which is Swagger 2.0, to OpenAPI 3 and makes the client of it.
func generate() (string, error) {
	text, err := os.ReadFile(document)
	if err != nil {
		return "", err
	}
	var old openapi2.T
	if err := json.Unmarshal(text, &old); err != nil {
		return "", err
	}
	converted, err := openapi2conv.ToV3(&old)
	if err != nil {
		return "", err
	}
	if text, err = converted.MarshalJSON(); err != nil {
		return "", err
	}
	spec, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return "", err
	}
	return codegen.Generate(spec, codegen.Configuration{
		PackageName: "clienttest",
		Generate:    codegen.GenerateOptions{Client: true, Models: true},
	}.UpdateDefaults())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
