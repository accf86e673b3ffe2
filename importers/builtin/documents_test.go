package builtin_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// documents rewrites XML: one to three reports in a file, each with addresses of its own, its hosts and their attributes in
// another order, without some of what is optional, with comments between the elements, with other quotes, line ends and
// another encoding.
type documents struct {
	host string   // the element that is a host
	drop []string // elements and attributes of a host that may be missing
}

// element is an element with all that is in it.
type element struct {
	name       string
	attributes []xml.Attr
	inside     []any // *element or text
}

func (d documents) rewrite(r *rand.Rand, content []byte) ([]byte, int) {
	root := parseDocument(content)
	if !d.shuffle(r, root) {
		return content, 1 // a case of another kind of report
	}
	times, nets := 1+r.IntN(3), r.Perm(100*256)
	label, encoder := "UTF-8", encoding.Encoding(unicode.UTF8)
	switch r.IntN(5) {
	case 1:
		encoder = unicode.UTF8BOM
	case 2:
		label, encoder = "windows-1252", charmap.Windows1252
	case 3:
		label, encoder = "UTF-16", unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case 4:
		label, encoder = "utf-16", unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	}
	var file strings.Builder
	for report := range times {
		if report == 0 && r.IntN(4) > 0 {
			fmt.Fprintf(&file, "<?xml version='1.0' encoding='%s'?>\n", label)
		}
		if r.IntN(3) == 0 {
			fmt.Fprintf(&file, "<!DOCTYPE %s SYSTEM \"http://nowhere.example/report.dtd\">\n", root.name)
		}
		var text strings.Builder
		root.write(r, &text)
		file.WriteString(renumbered(text.String(), nets[report]) + "\n")
	}
	encoded, err := encoder.NewEncoder().String(strings.ReplaceAll(file.String(), "\n", oneOf(r, "\n", "\r\n", "\r")))
	if err != nil {
		panic(err) // a case has a character that Windows-1252 has not
	}
	return []byte(encoded), times
}

func parseDocument(content []byte) *element {
	decoder := xml.NewDecoder(bytes.NewReader(content))
	parents := []*element{{}}
	for {
		token, err := decoder.RawToken()
		if err != nil {
			return parents[0].inside[0].(*element)
		}
		parent := parents[len(parents)-1]
		switch token := token.(type) {
		case xml.StartElement:
			child := &element{name: token.Name.Local, attributes: token.Copy().Attr}
			parent.inside = append(parent.inside, child)
			parents = append(parents, child)
		case xml.EndElement:
			parents = parents[:len(parents)-1]
		case xml.CharData:
			if text := string(token); len(parents) > 1 && strings.TrimSpace(text) != "" {
				parent.inside = append(parent.inside, text)
			}
		}
	}
}

// shuffle puts the hosts below e into another order and drops some of what they say. It reports whether there are any.
func (d documents) shuffle(r *rand.Rand, e *element) (found bool) {
	for _, inside := range e.inside {
		child, isElement := inside.(*element)
		switch {
		case isElement && child.name == d.host:
			found = true
			dropped := func(name string) bool { return slices.Contains(d.drop, name) && r.IntN(3) == 0 }
			child.attributes = slices.DeleteFunc(child.attributes, func(a xml.Attr) bool { return dropped(a.Name.Local) })
			child.inside = slices.DeleteFunc(child.inside, func(i any) bool {
				e, isElement := i.(*element)
				return isElement && dropped(e.name)
			})
		case isElement && d.shuffle(r, child):
			found = true
		}
	}
	if found && !slices.ContainsFunc(e.inside, func(i any) bool { e, is := i.(*element); return !is || e.name != d.host }) {
		r.Shuffle(len(e.inside), func(i, j int) { e.inside[i], e.inside[j] = e.inside[j], e.inside[i] })
	}
	return found
}

// write writes the element in one of the spellings that XML has for it.
func (e *element) write(r *rand.Rand, w *strings.Builder) {
	w.WriteString("<" + e.name)
	r.Shuffle(len(e.attributes), func(i, j int) { e.attributes[i], e.attributes[j] = e.attributes[j], e.attributes[i] })
	for _, a := range e.attributes {
		fmt.Fprintf(w, "%s%s=%s", oneOf(r, " ", "\n\t"), a.Name.Local, fmt.Sprintf(oneOf(r, `"%s"`, `'%s'`), escape(a.Value)))
	}
	if len(e.inside) == 0 && r.IntN(2) == 0 {
		w.WriteString("/>")
		return
	}
	w.WriteString(">")
	for _, inside := range e.inside {
		switch inside := inside.(type) {
		case string:
			if !strings.Contains(inside, "]]>") && r.IntN(2) == 0 {
				w.WriteString("<![CDATA[" + inside + "]]>")
			} else {
				w.WriteString(escape(inside))
			}
		case *element:
			w.WriteString(oneOf(r, "", "\n", "\n    ", "<!-- a comment with <IP value='203.0.113.77'> -->"))
			inside.write(r, w)
		}
	}
	w.WriteString("</" + e.name + ">")
}

func escape(text string) string {
	var escaped bytes.Buffer
	for _, c := range text {
		if c < utf8.RuneSelf && strings.ContainsRune(`<>&'"`, c) {
			fmt.Fprintf(&escaped, "&#x%x;", c)
		} else {
			escaped.WriteRune(c)
		}
	}
	return escaped.String()
}
