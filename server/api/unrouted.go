package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// Unrouted answers what no row matches, in the form of the door that was asked. Its 404 cannot be taken for that of a record that
// does not exist: it says that there is no such route, or that muster does not serve it.
func Unrouted(status int, dialects ...*Dialect) gin.HandlerFunc {
	return func(c *gin.Context) {
		method, path := c.Request.Method, c.Request.URL.Path
		d, rest := find(dialects, c.Request.URL.EscapedPath())
		switch operation := d.unserves(method, split(rest)); {
		case operation != "":
			Refuse(c, http.StatusNotFound, fmt.Errorf("muster does not serve %s of the %s API; no record was looked for", operation, d.Title), d)
		case status == http.StatusNotFound:
			Refuse(c, status, fmt.Errorf("there is no such route: %s %s", method, path), dialects...)
		default:
			Refuse(c, status, fmt.Errorf("%s %s: %s", method, path, strings.ToLower(http.StatusText(status))), dialects...)
		}
	}
}

// unserves returns the operation of the original that is meant, if it is one that muster does not serve: of several that
// match the one with the fewest parameters.
func (d *Dialect) unserves(method string, segments []string) (meant string) {
	if d == nil {
		return ""
	}
	fewest := len(segments) + 1
	for _, operation := range d.Unserved {
		its, path, _ := strings.Cut(operation, " ")
		if its != method {
			continue
		}
		if n, fits := parametersOf(split(path), segments); fits && n < fewest {
			meant, fewest = operation, n
		}
	}
	return meant
}

// parametersOf returns how many segments stand for parameters of a pattern, and whether the others match it.
func parametersOf(pattern, segments []string) (n int, fits bool) {
	if len(pattern) != len(segments) {
		return 0, false
	}
	for i, p := range pattern {
		switch {
		case isParameter(p):
			n++
		case !strings.EqualFold(p, segments[i]):
			return 0, false
		}
	}
	return n, true
}

// needsParameter is why no row was picked among those that share a method and a path: each is there with a parameter of
// the query only.
func needsParameter(c *gin.Context, rows []*Route) error {
	var names []string
	for _, r := range rows {
		if _, name, ok := strings.Cut(r.Path, "?"); ok {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return errors.New("there is no such route")
	}
	return fmt.Errorf("there is no such route without the parameter %s: %s %s", strings.Join(names, " or "), c.Request.Method, c.Request.URL.Path)
}
