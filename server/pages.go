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

// pages serves a Swagger page for each door, below /swagger/ and the door's name; / and /swagger/ lead to the first.
func pages(e *gin.Engine, dialects []*api.Dialect) {
	first := ""
	for _, d := range dialects {
		name := strings.ToLower(d.Name)
		base, document := "/swagger/"+name+"/", "/swagger/"+name+".json"
		e.GET(base+"*file", page(d.Title, base, document))
		e.GET(document, func(c *gin.Context) { c.Data(http.StatusOK, "application/json", docs.Swagger(name)) })
		lead(e, strings.TrimSuffix(base, "/"), base)
		if first == "" {
			first = base
		}
	}
	for _, path := range []string{"/", "/swagger", "/swagger/"} {
		lead(e, path, first)
	}
}

// page serves a Swagger page at base, with the files that it consists of beside it.
func page(title, base, document string) gin.HandlerFunc {
	var text bytes.Buffer
	templates := template.Must(template.ParseFS(pageFiles, "page/page.html"))
	if err := templates.Execute(&text, struct{ Title, Base, Document string }{title, base, document}); err != nil {
		panic(err) // the page is part of the program
	}
	ui := v5emb.New(title, document, base)
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
