package lab

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/store"
)

// Schema is where editors find what a lab file may hold.
const Schema = "https://raw.githubusercontent.com/musterhq/muster/main/docs/lab.schema.json"

// Write writes a file as YAML.
func (f *File) Write(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# yaml-language-server: $schema=%s\n", Schema)
	(&writer{b}).item(reflect.ValueOf(f).Elem(), "", "")
	return b.Flush()
}

// writer writes items. It is not the library's encoder, since it leaves out what is as in a new record, keeps short lists in a
// line, and quotes every text that some reader of YAML could take for something else.
type writer struct{ *bufio.Writer }

// item writes the members of an item, the first behind what is on the line already.
func (w *writer) item(v reflect.Value, first, indent string) {
	begin := first
	for _, m := range membersOf(v.Type()) {
		value := v.FieldByIndex(m.Index)
		if value.Kind() == reflect.Pointer && value.IsNil() || value.Kind() == reflect.Slice && value.IsNil() {
			continue
		}
		if indent == "" && value.Kind() == reflect.Slice {
			if value.Len() == 0 {
				continue
			}
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s%s:", begin, m.label())
		w.value(value, indent)
		begin = indent
	}
	if begin == first && strings.TrimSpace(first) != "" {
		fmt.Fprintf(w, "%s{}\n", first)
	}
}

// value writes what stands behind a member's colon.
func (w *writer) value(v reflect.Value, indent string) {
	switch t := v.Interface().(type) {
	case Names:
		fmt.Fprintf(w, " %s\n", list(t))
	case Entries:
		w.entries(t, indent)
	case *store.Time:
		fmt.Fprintf(w, " %q\n", t.String())
	case placed:
		fmt.Fprintln(w)
		w.item(v.Elem(), indent+"  ", indent+"  ")
	default:
		if v.Kind() == reflect.Slice {
			w.items(v, indent)
			return
		}
		fmt.Fprintf(w, " %s\n", scalar(reflect.Indirect(v)))
	}
}

func (w *writer) items(v reflect.Value, indent string) {
	if v.Len() == 0 {
		fmt.Fprintln(w, " []")
		return
	}
	fmt.Fprintln(w)
	for i := range v.Len() {
		w.item(v.Index(i).Elem(), indent+"  - ", indent+"    ")
	}
}

func (w *writer) entries(all Entries, indent string) {
	if len(all) == 0 {
		fmt.Fprintln(w, " {}")
		return
	}
	fmt.Fprintln(w)
	for _, e := range all {
		value := list(e.Names)
		if len(e.Names) == 1 {
			value = quote(e.Names[0].Text)
		}
		fmt.Fprintf(w, "%s  %s: %s\n", indent, quote(e.Key), value)
	}
}

func list(all Names) string {
	texts := make([]string, len(all))
	for i, n := range all {
		texts[i] = quote(n.Text)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

func scalar(v reflect.Value) string {
	if v.Kind() == reflect.String {
		return quote(v.String())
	}
	return fmt.Sprint(v.Interface())
}

// plain are texts that mean themselves to every reader of YAML, but for the words.
var (
	plain = regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9 _./()@\\+-]*[A-Za-z0-9_./()@+-])?$`)
	words = []string{"true", "false", "yes", "no", "on", "off", "y", "n", "null"}
)

// quote writes a text so that it is read as the same. What Go quotes, YAML reads: it has all the escapes.
func quote(s string) string {
	_, err := netip.ParseAddr(s)
	isAddress := err == nil && strings.Count(s, ".") == 3 && !strings.Contains(s, ":")
	if isAddress || plain.MatchString(s) && !slices.Contains(words, strings.ToLower(s)) {
		return s
	}
	return strconv.Quote(s)
}
