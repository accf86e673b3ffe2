package lab

import (
	"fmt"
	"strings"
)

// Place is where something stands in a lab file.
type Place struct {
	file    string
	line    int
	path    string         // Workgroups[1].Assets[3]
	members map[string]int // the lines of its members
}

func (p *Place) place() *Place { return p }

// placed is whatever stands in a lab file.
type placed interface{ place() *Place }

// Error says what is wrong with a lab file, and where.
type Error struct {
	File string
	Line int
	Path string // of the item or the member: Workgroups[1].Assets[3].MacAddress; empty: the file
	Err  error
}

// Error names file, line and path.
func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
	}
	return fmt.Sprintf("%s:%d: %s: %v", e.File, e.Line, e.Path, e.Err)
}

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }

// wrong is the Error of an item. If the text begins with the name of a member, as those of the store do, it is the line of that
// member that is meant; what the store calls PlatformID is Platform in the file.
func (p *Place) wrong(err error) error {
	e := &Error{p.file, p.line, p.path, err}
	name, _, _ := strings.Cut(err.Error(), " ")
	name, _, _ = strings.Cut(strings.TrimSuffix(name, ":"), "[")
	for _, name := range []string{name, strings.TrimSuffix(name, "ID")} {
		if line, given := p.members[name]; given {
			e.Line = line
			break
		}
	}
	return e
}

// Name is one name in a list of names.
type Name struct {
	Place
	Text string
}

// Names are a list of names. A single one may be given without a list.
type Names []*Name

// Entry is one member of a mapping whose members are names, too.
type Entry struct {
	Place
	Key   string
	Names Names
}

// Entries are such a mapping, in the order of the file.
type Entries []*Entry

// names makes Names of texts, for a dump.
func names(texts ...string) Names {
	all := Names{}
	for _, t := range texts {
		all = append(all, &Name{Text: t})
	}
	return all
}
