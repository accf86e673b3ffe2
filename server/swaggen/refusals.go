package main

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/go-openapi/spec"

	"github.com/musterhq/muster/server/api"
)

// refusalTexts are what a door whose refusals are texts says, as an example for each status. Those that depend on the row are in
// refusalText.
var refusalTexts = map[int]string{
	http.StatusBadRequest:            "id: a whole number from -2147483648 to 2147483647 is expected",
	http.StatusUnauthorized:          "User not authenticated",
	http.StatusConflict:              "A User by that name already exists",
	http.StatusRequestEntityTooLarge: "the body is too large",
	http.StatusUnsupportedMediaType:  "the body must be JSON or a form",
	http.StatusServiceUnavailable:    "too much is under way; try again later",
}

// irregular are the things that a first segment does not name by itself.
var irregular = map[string]string{
	"": "EPM Policy", "epmpolicies": "EPM Policy", "Addresses": "Address", "ApiRegistrations": "API Registration",
	"Entitlements": "User Group", "Subscriptions": "Subscription Delivery",
}

var wordBegins = regexp.MustCompile(`([a-z])([A-Z])`)

// refusalText is what a row says, for instance, when it refuses with a status; empty where no text is usual.
func refusalText(status int, r *api.Route) string {
	switch {
	case status == http.StatusForbidden && len(r.Need) > 0:
		return r.Need.Required()
	case status == http.StatusNotFound:
		return thing(r.Path) + " 999999 not found"
	}
	return refusalTexts[status]
}

// exemplify gives the refusals of an operation that are texts an example: the page would show the word string.
func exemplify(o *spec.Operation, rows []*api.Route) {
	r := rows[max(0, slices.IndexFunc(rows, func(r *api.Route) bool { return len(r.Need) > 0 }))]
	for status, refusal := range o.Responses.StatusCodeResponses {
		if text := refusalText(status, r); text != "" && refusal.Schema != nil && refusal.Schema.Type.Contains("string") {
			refusal.Schema = spec.StringProperty().WithExample(text) // the one that is there belongs to all statuses
			o.Responses.StatusCodeResponses[status] = refusal
		}
	}
}

// thing is what the path of a row leads to first: a User Group for UserGroups/{id}/Users.
func thing(p string) string {
	first := strings.FieldsFunc(p, func(r rune) bool { return r == '/' || r == '?' })[0]
	if strings.HasPrefix(first, "{") {
		first = ""
	}
	if name, is := irregular[first]; is {
		return name
	}
	return wordBegins.ReplaceAllString(strings.TrimSuffix(first, "s"), "$1 $2")
}
