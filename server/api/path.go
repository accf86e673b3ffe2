package api

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

func split(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

func join(segments []string) string { return "/" + strings.Join(segments, "/") }

func isParameter(segment string) bool { return strings.HasPrefix(segment, "{") }

func parameterName(segment string) string { return strings.Trim(segment, "{}") }

func position(i int) string { return "p" + strconv.Itoa(i) }

// literals is a tree of what stands literally in the paths of all rows, so that a request in any letter case can be
// brought to the one spelling that Gin knows while parameters keep theirs.
type literals struct {
	spelled map[string]string // folded → as the rows spell it
	below   map[string]*literals
	any     *literals            // below a parameter
	exact   map[string]*literals // below, by the rows' spelling
}

func (l *literals) add(segments []string) {
	for _, s := range segments {
		if isParameter(s) {
			if l.any == nil {
				l.any = &literals{}
			}
			l = l.any
			continue
		}
		folded := strings.ToLower(s)
		if l.below[folded] == nil {
			if l.below == nil {
				l.below, l.spelled, l.exact = map[string]*literals{}, map[string]string{}, map[string]*literals{}
			}
			l.below[folded], l.spelled[folded] = &literals{}, s
			l.exact[s] = l.below[folded]
		}
		l = l.below[folded]
	}
}

// spell brings the segments of a request to the rows' spelling, escaped as Gin takes them.
func (l *literals) spell(segments []string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteByte('/')
		folded := strings.ToLower(s)
		if l != nil && l.below[folded] != nil {
			b.WriteString(l.spelled[folded])
			l = l.below[folded]
			continue
		}
		// Gin unescapes values as a query is, where + is a blank.
		b.WriteString(strings.ReplaceAll(url.PathEscape(s), "+", "%2B"))
		if l != nil {
			l = l.any
		}
	}
	return b.String()
}

// isSpelled reports whether a path has nothing but numbers and what the rows have, in their spelling.
func (l *literals) isSpelled(path string) bool {
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		switch {
		case l == nil || segment == "":
			return false
		case l.exact[segment] != nil:
			l = l.exact[segment]
		case strings.Trim(segment, "0123456789") == "":
			l = l.any
		default:
			return false
		}
	}
	return true
}

// NormalizePath serves paths as the original, an ASP.NET site, does: in any letter case, with or without a trailing slash,
// under a base or one of its aliases, directly and never by a redirect.
func NormalizePath(next http.Handler, dialects ...*Dialect) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d, rest := find(dialects, r.URL.EscapedPath())
		switch {
		case d == nil:
		case r.URL.RawPath == "" && d.paths.isSpelled(rest): // as most are
			if !strings.HasPrefix(r.URL.Path, d.Base) {
				r = redirected(r, d.Base+rest, "")
			}
		default:
			segments := split(rest)
			for i, s := range segments {
				if plain, err := url.PathUnescape(s); err == nil {
					segments[i] = plain
				}
			}
			r = redirected(r, d.Base+join(segments), d.Base+d.paths.spell(segments))
		}
		next.ServeHTTP(w, r)
	})
}

// redirected is a request for another path.
func redirected(r *http.Request, path, raw string) *http.Request {
	u := *r.URL
	u.Path, u.RawPath = path, raw
	r2 := *r
	r2.URL = &u
	return &r2
}

// find returns the dialect under whose base or alias a path lies, and the rest of the path.
func find(dialects []*Dialect, path string) (*Dialect, string) {
	for _, d := range dialects {
		if rest, ok := below(path, d.Base); ok {
			return d, rest
		}
		for _, alias := range d.Aliases {
			if rest, ok := below(path, alias); ok {
				return d, rest
			}
		}
	}
	return nil, ""
}

// below returns what follows a base in a path that lies under it.
func below(path, base string) (rest string, ok bool) {
	if len(path) < len(base) || !strings.EqualFold(path[:len(base)], base) {
		return "", false
	}
	rest = path[len(base):]
	return rest, rest == "" || rest[0] == '/'
}
