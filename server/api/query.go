package api

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/musterhq/muster/store"
)

// Query returns the parameters of a request by their names in lower case. Of several values the first counts, of several
// spellings the one that sorts last. An escape that is not one is ErrInvalid: without the parameter the answer
// would be another one, and nobody would notice.
func Query(r *http.Request) (map[string]string, error) {
	if r.URL.RawQuery == "" {
		return nil, nil
	}
	values, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, store.Invalid("the query cannot be read: %v; %% itself is written %%25", err)
	}
	byName := make(map[string]string, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		byName[strings.ToLower(name)] = values[name][0]
	}
	return byName, nil
}

// parseQuery reads a query or a form, in which a semicolon is a part of the value: package url drops such pairs, which
// an ASP.NET site does not.
func parseQuery(text string) (url.Values, error) {
	return url.ParseQuery(strings.ReplaceAll(text, ";", "%3B"))
}
