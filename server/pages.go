package server

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/swaggest/swgui/v5emb"

	"github.com/musterhq/muster/docs"
	"github.com/musterhq/muster/server/api"
)

// pageFiles are the page, its script and its style. The one that comes with Swagger UI has both within the page, which a
// strict Content-Security-Policy forbids.
//
//go:embed page
var pageFiles embed.FS

// pagePolicy lets a page load what this server serves and nothing else, and show itself in no frame. Swagger UI has its
// icons as data: in its style sheet.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// doorPage is what a door's page is made of. Doors are the pages of all, which it leads to.
type doorPage struct {
	Title, Base, Document string
	Doors                 []doorPage
}

// pages serves a Swagger page for each door, below /swagger/ and the door's name, with the others a click away; / and
// /swagger/ lead to the first. The documents are those of the contract that is served.
func pages(e *gin.Engine, dialects []*api.Dialect, manual bool) {
	first := ""
	var doors []doorPage
	for _, d := range dialects {
		doors = append(doors, doorPage{Title: d.Title, Base: "/swagger/" + strings.ToLower(d.Name) + "/"})
	}
	for _, d := range dialects {
		name := strings.ToLower(d.Name)
		base, document := "/swagger/"+name+"/", "/swagger/"+name+".json"
		e.GET(base+"*file", page(doorPage{d.Title, base, document, doors}))
		e.GET(document, func(c *gin.Context) { c.Data(http.StatusOK, "application/json", docs.Swagger(name, manual)) })
		lead(e, strings.TrimSuffix(base, "/"), base)
		if first == "" {
			first = base
		}
	}
	for _, path := range []string{"/", "/swagger", "/swagger/"} {
		lead(e, path, first)
	}
}

// page serves a Swagger page at its base, with the files that it consists of beside it.
func page(p doorPage) gin.HandlerFunc {
	var text bytes.Buffer
	templates := template.Must(template.ParseFS(pageFiles, "page/page.html"))
	if err := templates.Execute(&text, p); err != nil {
		panic(err) // the page is part of the program
	}
	ui := v5emb.New(p.Title, p.Document, p.Base)
	return func(c *gin.Context) {
		c.Header(contentSecurityPolicy, pagePolicy)
		switch file := c.Param("file"); file {
		case "/":
			c.Data(http.StatusOK, "text/html; charset=utf-8", text.Bytes())
		case "/page.js", "/page.css":
			c.FileFromFS("page"+file, http.FS(pageFiles))
		default:
			ui.ServeHTTP(c.Writer, c.Request)
		}
	}
}

// lead redirects from one path to another.
func lead(e *gin.Engine, from, to string) {
	e.GET(from, func(c *gin.Context) { c.Redirect(http.StatusFound, to) })
}
