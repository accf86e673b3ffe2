package api

import (
	"net/http"
	"slices"
	"strings"
)

// operationID is what generated clients call an operation: the name that the row has, else a verb for its method and the
// nouns of its path, as in listWorkgroupAssets.
func operationID(r *Route) string {
	if r.name != "" {
		return r.name
	}
	var nouns []string
	for _, s := range r.pattern.segments {
		if !isParameter(s) && !beforeTag.MatchString(s) {
			nouns = append(nouns, strings.ToUpper(s[:1])+s[1:])
		}
	}
	verb, many := verb(r)
	for i, noun := range nouns {
		if !many || i < len(nouns)-1 {
			nouns[i] = singular(noun)
		}
	}
	id := verb + strings.Join(nouns, "")
	if q := r.pattern.query; q != "" {
		for i, one := range strings.Split(q, "&") {
			id += map[bool]string{true: "By", false: "And"}[i == 0] + strings.ToUpper(one[:1]) + one[1:]
		}
	}
	return id
}

// verb is what the row does with what its path names, and whether that is many things.
func verb(r *Route) (verb string, many bool) {
	last := r.pattern.segments[len(r.pattern.segments)-1]
	switch r.Method {
	case http.MethodPost:
		return "create", false
	case http.MethodPut:
		return "update", false
	case http.MethodDelete:
		return "delete", !isParameter(last) && r.pattern.query == ""
	}
	if answer := shapeOf(r.out); answer.list || answer.counted {
		return "list", true
	}
	return "get", false
}

// endings are of nouns, and what becomes of them when there is one thing.
var endings = [][2]string{{"sses", "ss"}, {"ies", "y"}, {"s", ""}}

func singular(noun string) string {
	i := slices.IndexFunc(endings, func(e [2]string) bool { return strings.HasSuffix(noun, e[0]) })
	if i < 0 {
		return noun
	}
	return strings.TrimSuffix(noun, endings[i][0]) + endings[i][1]
}
