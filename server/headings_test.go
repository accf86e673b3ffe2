package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/server/idaas"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/server/metaaccess"
)

// manuals are the vendors' documents, by the door that each is of: the list of its headings, and how many there are.
var manuals = map[string]struct {
	list     string
	headings int
}{
	insight.Name:    {"insight.txt", 104},
	idaas.Name:      {"entrust.txt", 8},
	metaaccess.Name: {"opswat.txt", 1},
}

// heading is a line of testdata/manual with those below it.
type heading struct {
	method, path, rest string
	ours               bool     // not in the document
	asks               []string // the query parameters
	takes, answers     []*form  // the kinds of bodies, and of answers
}

// headingsOf are those of a door, by method and path.
func headingsOf(t *testing.T, door string) map[string]*heading {
	t.Helper()
	manual, known := manuals[door]
	if !known {
		t.Fatal("which document is this door's?")
	}
	text, err := os.ReadFile("../testdata/manual/" + manual.list)
	must(t, err)
	if door == insight.Name {
		beyond, err := os.ReadFile("../testdata/manual/insight-beyond.txt")
		must(t, err)
		text = append(text, beyond...)
	}
	headings, documented := map[string]*heading{}, 0
	var last *heading
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		asks, isAsks := strings.CutPrefix(line, "\tasks ")
		takes, isTakes := strings.CutPrefix(line, "\ttakes ")
		answers, isAnswers := strings.CutPrefix(line, "\tanswers ")
		switch {
		case isAsks:
			last.asks = strings.Fields(asks)
		case isTakes:
			last.takes = formsOf(t, takes)
		case isAnswers:
			last.answers = formsOf(t, answers)
		case !strings.HasPrefix(line, "#"):
			columns := strings.SplitN(line, "\t", 3)
			last = &heading{method: columns[0], path: columns[1], rest: columns[2], ours: strings.Contains(line, "\tours")}
			headings[last.method+" "+last.path] = last
			if !last.ours {
				documented++
			}
		}
	}
	if documented != manual.headings {
		t.Errorf("the list has %d headings of the document, want %d", documented, manual.headings)
	}
	return headings
}

// form is what a body or an answer looks like: one word for a plain value, a list, an object, or one of several kinds.
type form struct {
	word    string
	list    *form
	members []member
	kinds   []*form
}

type member struct {
	name, value string // value is what it always is; empty: anything
	optional    bool   // it may be absent
	form        *form  // nil: a plain value
}

var formToken = regexp.MustCompile(`[\[\]{}|]|[^\s\[\]{}|]+`)

func formsOf(t *testing.T, text string) []*form {
	t.Helper()
	f, rest := parseForm(formToken.FindAllString(text, -1))
	if len(rest) > 0 {
		t.Fatalf("%q: what is %q?", text, rest[0])
	}
	if f.kinds != nil {
		return f.kinds
	}
	return []*form{f}
}

// parseForm reads up to what closes the form around it.
func parseForm(tokens []string) (f *form, rest []string) {
	f = &form{}
	for len(tokens) > 0 {
		switch tokens[0] {
		case "]", "}":
			return f, tokens
		case "|":
			var other *form
			other, tokens = parseForm(tokens[1:])
			if other.kinds == nil {
				other = &form{kinds: []*form{other}}
			}
			return &form{kinds: append([]*form{f}, other.kinds...)}, tokens
		case "[":
			f.list, tokens = parseForm(tokens[1:])
			tokens = tokens[1:]
		case "{":
			f.members, tokens = parseMembers(tokens[1:])
		default:
			f.word, tokens = strings.TrimSpace(f.word+" "+tokens[0]), tokens[1:]
		}
	}
	return f, nil
}

func parseMembers(tokens []string) (members []member, rest []string) {
	members = []member{}
	for tokens[0] != "}" {
		m := member{}
		m.name, m.value, _ = strings.Cut(tokens[0], "=")
		m.name, m.optional = strings.CutSuffix(m.name, "?")
		tokens = tokens[1:]
		if tokens[0] == "[" || tokens[0] == "{" {
			end := tokens[0]
			m.form = &form{}
			if end == "[" {
				m.form.list, tokens = parseForm(tokens[1:])
				tokens = tokens[1:]
			} else {
				m.form.members, tokens = parseMembers(tokens[1:])
			}
		}
		members = append(members, m)
	}
	return members, tokens[1:]
}

// match says how a value differs from the form; seen gathers the forms that values were found to have.
func (f *form) match(value []byte, seen map[*form]bool) error {
	value = bytes.TrimSpace(value)
	switch {
	case f.kinds != nil:
		var err error
		for _, kind := range f.kinds {
			if err = kind.match(value, seen); err == nil {
				return nil
			}
		}
		return fmt.Errorf("of no kind: %w", err)
	case f.list != nil:
		var elements []json.RawMessage
		if err := json.Unmarshal(value, &elements); err != nil {
			return err
		}
		for _, e := range elements {
			if err := f.list.match(e, seen); err != nil {
				return err
			}
		}
	case f.members != nil:
		if err := f.matchMembers(value, seen); err != nil {
			return err
		}
	case f.word == "nothing" && len(value) > 0, f.word == "string" && value[0] != '"', f.word == "int" && bytes.Trim(value, "-0123456789") != nil:
		return fmt.Errorf("%s, want %s", value, f.word)
	}
	seen[f] = true
	return nil
}

func (f *form) matchMembers(value []byte, seen map[*form]bool) error {
	names, values, err := pairs(value)
	if err != nil {
		return err
	}
	var want []string
	var members []member
	for _, m := range f.members {
		if !m.optional || slices.Contains(names, m.name) {
			want, members = append(want, m.name), append(members, m)
		}
	}
	if !slices.Equal(names, want) {
		return fmt.Errorf("the members are\n%v, want\n%v", names, want)
	}
	for i, m := range members {
		if m.form != nil {
			if err := m.form.match(values[i], seen); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
		} else if m.value != "" && string(values[i]) != `"`+m.value+`"` {
			return fmt.Errorf("%s is %s, want %s", m.name, values[i], m.value)
		} else if bytes.ContainsAny(values[i][:1], "{[") {
			return fmt.Errorf("%s is %s, want a plain value", m.name, values[i])
		}
	}
	return nil
}

// pairs are the members of an object in the order in which they stand.
func pairs(object []byte) (names []string, values []json.RawMessage, err error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, nil, fmt.Errorf("%s is no object", object)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, nil, err
		}
		names, values = append(names, name.(string)), append(values, value)
	}
	return names, values, nil
}

// within are the form and all in it that must have been seen for it to be shown whole.
func (f *form) within() (all []*form) {
	all = []*form{f}
	if f.kinds != nil {
		all = nil
	}
	inner := slices.Clone(f.kinds)
	if f.list != nil {
		inner = append(inner, f.list)
	}
	for _, m := range f.members {
		if m.form != nil {
			inner = append(inner, m.form)
		}
	}
	for _, i := range inner {
		all = append(all, i.within()...)
	}
	return all
}

func (f *form) String() string {
	switch {
	case f.kinds != nil:
		return fmt.Sprint(f.kinds)
	case f.list != nil:
		return fmt.Sprintf("[%v]", f.list)
	case f.members != nil:
		var names []string
		for _, m := range f.members {
			names = append(names, m.name)
		}
		return fmt.Sprint("{", strings.Join(names, " "), "}")
	}
	return f.word
}
