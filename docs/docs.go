// Package docs holds the Swagger documents of the doors, made from their tables of rows by go generate.
package docs

import "embed"

//go:generate go run ../server/swaggen ..

//go:embed *_swagger.json
var documents embed.FS

// Swagger returns the document of a door by its lower-case name, as it is under a contract; nil if there is none.
func Swagger(door string, manual bool) []byte {
	document, err := documents.ReadFile(SwaggerFile(door, manual))
	if err != nil {
		return nil
	}
	return document
}

// SwaggerFile is the name of the file of a door's document.
func SwaggerFile(door string, manual bool) string {
	if manual {
		door += "_manual"
	}
	return door + "_swagger.json"
}
