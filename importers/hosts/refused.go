package hosts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/musterhq/muster/plugins"
)

// quoted is how many of the things that are refused are repeated to the user.
const quoted = 3

// Refused counts what is not imported of a file, one kind of thing in each, and remembers the first few. The zero Refused has
// none.
type Refused struct {
	Count int
	texts []string
	first []string
}

// Add counts a thing that is at a place, "line 3", and looks like the text, which may be empty.
func (r *Refused) Add(place, text string) {
	r.Count++
	if len(r.first) == quoted {
		return
	}
	if text != "" {
		text = plugins.Quote(text)
		place += ": " + text
	}
	if !slices.Contains(r.texts, text) {
		r.texts = append(r.texts, text)
		r.first = append(r.first, place)
	}
}

// String returns how many there are and the first ones: `7, in line 3: "the rest of", line 9: "an output"`.
func (r *Refused) String() string {
	text := fmt.Sprintf("%d, in %s", r.Count, strings.Join(r.first, ", "))
	if r.Count > len(r.first) {
		text += " and others"
	}
	return text
}

// Warn tells the user of what was refused, if there is any.
func (r *Refused) Warn(f plugins.File, what string) {
	if r.Count > 0 {
		f.Warn(what + ": " + r.String())
	}
}
