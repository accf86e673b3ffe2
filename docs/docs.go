// Package docs holds the Swagger documents of the doors, made from their tables of rows by go generate.
package docs

import "embed"

//go:generate go run ../server/swaggen ..

//go:embed *_swagger.json
var documents embed.FS

// Swagger returns the document of a door by its lower-case name, nil if there is none.
func Swagger(door string) []byte {
	document, err := documents.ReadFile(door + "_swagger.json")
	if err != nil {
		return nil
	}
	return document
}
