package plugins

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a cell may hold is decided in this package and nowhere else, for all formats: texts here, addresses in address.go, MAC addresses
// in mac.go, names in names.go and numbers in number.go. docs/formats.md has a table of it.

// maxQuoted is how many characters of a cell are repeated to the user.
const maxQuoted = 60

// Text returns s trimmed, or nothing if s is one of the words that scanners write into a cell they know nothing for. It takes off
// the ="…" that keeps a spreadsheet from reading a text as a number. It allocates nothing.
func Text(s string) string {
	for {
		s = strings.TrimSpace(s)
		inner, found := strings.CutPrefix(s, `="`)
		if found {
			inner, found = strings.CutSuffix(inner, `"`)
		}
		if !found {
			break
		}
		s = inner
	}
	if len(s) > len("No registered hostname") {
		return s
	}
	switch s {
	case "-", "'-", "NA", "CVE-MAP-NOMATCH":
		return ""
	}
	for _, word := range [...]string{"n/a", "unknown", "null", "No registered hostname"} {
		if len(s) == len(word) && strings.EqualFold(s, word) {
			return ""
		}
	}
	return s
}

// Quote returns a text of a file in a shape fit for a sentence that is told to the user: on one line, in quotes and no longer
// than 60 characters.
func Quote(s string) string {
	const longest = maxQuoted * utf8.UTFMax // what is behind that is not looked at: a cell may have megabytes
	s = strings.TrimSpace(s)
	cut := oneLine(s[:min(len(s), longest)])
	if short := clip(cut, maxQuoted); len(short) < len(cut) || len(s) > longest {
		cut = short + "…"
	}
	return `"` + strings.ReplaceAll(cut, `"`, "'") + `"`
}

// bare returns the text of a cell that holds a word or a list of words, without what spreadsheets and exports put around one:
// blanks, quotes, the apostrophe and the ="…" that mark a text, and characters that nobody sees.
func bare(s string) string {
	if strings.ContainsFunc(s, invisible) {
		s = strings.Map(func(r rune) rune {
			if invisible(r) {
				return -1
			}
			return r
		}, s)
	}
	for {
		t := Text(s)
		if n := len(t); n > 1 && t[0] == t[n-1] && (t[0] == '"' || t[0] == '\'') {
			t = t[1 : n-1]
		} else if n > 0 && t[0] == '\'' {
			t = t[1:]
		}
		if t == s {
			return s
		}
		s = t
	}
}

// invisible reports whether a character has no width, such as a zero-width space or a mark of direction.
func invisible(r rune) bool { return r >= 0xad && unicode.Is(unicode.Cf, r) }

// separates reports whether a character stands between the parts of a list.
func separates(r rune) bool {
	return endsItem(r) || unicode.IsSpace(r) || unicode.IsControl(r)
}

// endsItem is separates for the parts of a list that may have blanks in them.
func endsItem(r rune) bool { return r == ',' || r == ';' || r == '|' || r == '\n' }
