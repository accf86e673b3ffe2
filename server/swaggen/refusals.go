package main

import (
	"errors"
	"net/http"
	"reflect"
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
	http.StatusNotAcceptable:         "limit: too many for one page: 1 to 50 is expected",
	http.StatusTooManyRequests:       "too many requests: 10 in any minute are allowed, the next one in 30 s",
	http.StatusServiceUnavailable:    "too much is under way; try again later",
}

const bodyEndsEarly = "the body is not JSON: it ends too early"

// firstRequired is what a row says of a body that lacks a member, or of a piece of a list that is too large.
func firstRequired(r *api.Route) string {
	if body, _, _ := r.Bodies(); body != nil && body.Kind() == reflect.Struct {
		for _, f := range api.BodyFields(body) {
			if f.Required {
				return api.WireName(f.StructField) + " is required"
			}
		}
		return bodyEndsEarly
	}
	return "limit: 1 to 100000 is expected"
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
	case status == http.StatusBadRequest && !strings.Contains(r.Path, "{"):
		return firstRequired(r)
	case status == http.StatusNotFound:
		return thing(r.Path) + " 999999 not found"
	}
	return refusalTexts[status]
}

// exemplify gives the refusals of an operation an example each: the page would show the word string, or one status for all.
func exemplify(o *spec.Operation, rows []*api.Route, d *api.Dialect) {
	r := rows[max(0, slices.IndexFunc(rows, func(r *api.Route) bool { return len(r.Need) > 0 }))]
	for status, refusal := range o.Responses.StatusCodeResponses {
		text := refusalText(status, r)
		switch {
		case text == "" || refusal.Schema == nil || slices.Contains(r.OwnRefusals(), status):
			continue
		case refusal.Schema.Type.Contains("string"):
			refusal.Schema = spec.StringProperty().WithExample(text) // the one that is there belongs to all statuses
		default:
			if status == http.StatusNotFound || status == http.StatusConflict {
				continue // their words for programs differ from row to row
			}
			if status == http.StatusBadRequest && strings.Contains(r.Path, "{") {
				text = bodyEndsEarly // the ids of these doors are no numbers
			}
			refusal.Examples = map[string]any{"application/json": d.Error(status, errors.New(text))}
		}
		o.Responses.StatusCodeResponses[status] = refusal
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
