package server

import (
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"github.com/musterhq/muster/docs"
	"github.com/musterhq/muster/server/api"
)

// pages serves a Swagger page for each door, below /swagger/ and the door's name, with the others a click away; / and
// /swagger/ lead to the first.
func pages(e *gin.Engine, dialects []*api.Dialect) {
	first, others := "", links(dialects)
	for _, d := range dialects {
		name := strings.ToLower(d.Name)
		base, document := "/swagger/"+name+"/", "/swagger/"+name+".json"
		page := v5emb.NewHandlerWithConfig(swgui.Config{
			Title: d.Title, SwaggerJSON: document, BasePath: base, PrependHTML: others,
			SettingsUI: map[string]string{ // JavaScript values
				"docExpansion":            `"list"`,
				"defaultModelExpandDepth": "3", // an array, its objects, what is said of their members
				"persistAuthorization":    "true", "displayRequestDuration": "true",
			},
		})
		e.GET(base+"*file", gin.WrapH(page))
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

// links lead from each page to all.
func links(dialects []*api.Dialect) template.HTML {
	var b strings.Builder
	b.WriteString(`<nav style="font-family:sans-serif;padding:8px 20px">`)
	for _, d := range dialects {
		fmt.Fprintf(&b, `<a style="margin-right:20px" href="/swagger/%s/">%s</a>`, strings.ToLower(d.Name), template.HTMLEscapeString(d.Title))
	}
	b.WriteString("</nav>")
	return template.HTML(b.String())
}

// lead redirects from one path to another.
func lead(e *gin.Engine, from, to string) {
	e.GET(from, func(c *gin.Context) { c.Redirect(http.StatusFound, to) })
}
