package server

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"github.com/musterhq/muster/docs"
	"github.com/musterhq/muster/server/api"
)

// pages serves a Swagger page for each door; / and /swagger/ lead to the first.
func pages(e *gin.Engine, dialects []*api.Dialect) {
	for _, d := range dialects {
		name := strings.ToLower(d.Name)
		base, document := "/swagger/"+name+"/", "/swagger/"+name+".json"
		page := v5emb.NewHandlerWithConfig(swgui.Config{
			Title: d.Title, SwaggerJSON: document, BasePath: base,
			SettingsUI: map[string]string{"docExpansion": `"none"`, "persistAuthorization": "true", "displayRequestDuration": "true"},
		})
		e.GET(base+"*file", gin.WrapH(page))
		e.GET(document, func(c *gin.Context) { c.Data(http.StatusOK, "application/json", docs.Swagger(name)) })
	}
	first := "/swagger/" + strings.ToLower(dialects[0].Name) + "/"
	for _, path := range []string{"/", "/swagger", "/swagger/"} {
		e.GET(path, func(c *gin.Context) { c.Redirect(http.StatusFound, first) })
	}
}
