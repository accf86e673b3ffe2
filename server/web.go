package server

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/rs/cors"

	"github.com/musterhq/muster/server/api"
)

const contentSecurityPolicy = "Content-Security-Policy"

// answerPolicy is for answers that are no page: should a browser show one nevertheless, nothing in it runs or loads.
const answerPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

// protection is what every answer says to browsers: to keep it out of caches, not to take it for something else, and to keep it
// away from other sites' pages. The values are shared by all answers, which may replace them but not change them.
var protection = []struct {
	name  string
	value []string
}{
	{"X-Content-Type-Options", []string{"nosniff"}},
	{"Cache-Control", []string{"no-store"}},
	{contentSecurityPolicy, []string{answerPolicy}},
	{"Referrer-Policy", []string{"no-referrer"}},
	{"Cross-Origin-Resource-Policy", []string{"same-origin"}},
	{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
}

func (s *Server) protect(c *gin.Context) {
	header := c.Writer.Header()
	for _, p := range protection {
		header[p.name] = p.value
	}
	c.Next()
}

// byHTTPSOnly tells browsers to come by HTTPS for a year, to the name by which they reached the server and to none below
// it. They believe it behind a certificate that they trust only.
func byHTTPSOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		next.ServeHTTP(w, r)
	})
}

// CheckOrigin returns an error unless text is one exact origin as browsers write it: https://portal.example:8443.
// There are no patterns, since any page that matches one could act as whoever has its browser signed in.
func CheckOrigin(text string) error {
	u, err := url.Parse(text)
	exact := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.Scheme+"://"+u.Host == text &&
		!strings.Contains(text, "*") && strings.ToLower(text) == text && !(u.Scheme == "https" && u.Port() == "443") && !(u.Scheme == "http" && u.Port() == "80")
	if !exact {
		return fmt.Errorf("an exact origin such as https://portal.example is expected, not %q", text)
	}
	return nil
}

// share lets the pages of the given origins call the API and read its answers, with the cookies that the browser has
// for it. No other page can: without the headers that this sends, a browser keeps the answers from it.
func share(origins []string) gin.HandlerFunc {
	shared := cors.New(cors.Options{
		AllowedOrigins:   origins,
		AllowCredentials: true,
		AllowedMethods:   []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch},
		AllowedHeaders:   []string{"Authorization", "Content-Type"},
		ExposedHeaders:   []string{api.RequestID, "Retry-After"},
		MaxAge:           600,
	})
	return func(c *gin.Context) {
		shared.HandlerFunc(c.Writer, c.Request)
		if c.Request.Method == http.MethodOptions && c.GetHeader("Access-Control-Request-Method") != "" {
			c.AbortWithStatus(http.StatusNoContent)
			return
		}
		c.Next()
	}
}
