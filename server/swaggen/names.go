package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/go-openapi/spec"
)

var referred = regexp.MustCompile(`"#/definitions/([^"]+)"`)

// rename calls the definitions what the vendors' documents call them: store.Asset is an Asset, insight.assetFields, which
// callers send, an AssetRequest. What is not referred to is left out.
func rename(swagger *spec.Swagger, models map[string]string) error {
	unreferred(swagger)
	taken, renamed := map[string]string{}, spec.Definitions{}
	for old, definition := range swagger.Definitions {
		name := modelName(old, models)
		if other, twice := taken[name]; twice {
			return fmt.Errorf("%s and %s would both be called %s", old, other, name)
		}
		taken[name], renamed[name] = old, definition
	}
	swagger.Definitions = renamed
	text, err := json.Marshal(swagger)
	if err != nil {
		return err
	}
	text = referred.ReplaceAllFunc(text, func(ref []byte) []byte {
		old := referred.FindSubmatch(ref)[1]
		return bytes.Replace(ref, old, []byte(modelName(string(old), models)), 1)
	})
	*swagger = spec.Swagger{}
	return json.Unmarshal(text, swagger)
}

// unreferred removes definitions until all that are left are referred to.
func unreferred(swagger *spec.Swagger) {
	for {
		text, _ := json.Marshal(swagger)
		used := map[string]bool{}
		for _, m := range referred.FindAllSubmatch(text, -1) {
			used[string(m[1])] = true
		}
		before := len(swagger.Definitions)
		for name := range swagger.Definitions {
			if !used[name] {
				delete(swagger.Definitions, name)
			}
		}
		if len(swagger.Definitions) == before {
			return
		}
	}
}

// modelName is what a document calls a type that swag calls package.type.
func modelName(name string, models map[string]string) string {
	name = name[strings.LastIndex(name, ".")+1:]
	if own, has := models[name]; has {
		return own
	}
	if body, is := strings.CutSuffix(name, "Fields"); is {
		name = body + "Request"
	}
	first := []rune(name)
	first[0] = unicode.ToUpper(first[0])
	return string(first)
}
