package store

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/store/record"
)

var updateDocs = flag.Bool("update", false, "rewrite docs/keys.md")

// keysFile is the document that says what the keys look like.
const keysFile = "../docs/keys.md"

func TestKeysAreDocumented(t *testing.T) {
	t.Parallel()
	want := keysDocument(t)
	if *updateDocs {
		if err := os.WriteFile(keysFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(keysFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what schema.go says; go test ./store -run TestKeys -update makes it anew", keysFile)
	}
}

const keysHead = `# Keys

Every key of a store, made from ` + "`store/schema.go`" + ` by ` + "`go test ./store -run TestKeys -update`" + `. A change here needs a new
` + "`SchemaVersion`" + ` and a migration.

` + "```" + `
key = tag kind tuple      tag: two letters of the collection or link;  kind: one byte;  both readable in a dump

=     record      <place><id>              → JSON
@     pointer     <id>                     → <place><id>, where the record lies; only in collections with a place
a-z   index       <indexed><place><id>     → <place><id>; many records may share what is indexed
                  <indexed>                → <place><id>; unique: one record can have it
!     guard       <index kind><indexed>    → nothing; there while a guarded index has entries for what is indexed
#     count       <count kind><counted>    → <sum:8>: how many records have what is counted; none for zero
+     sequence                             → <next:8>, the first id that is not leased
> <   link        <a><b>                   → <value:8>, and the same the other way
~     mark        <id>                     → nothing; there while an audit waits for its seal
!     store       a name, without a tag    → a fact about the store itself
` + "```" + `

A tuple is its parts, one behind the other, in an encoding whose byte order is the order of the tuples:

| part | bytes |
|---|---|
| ` + "`<number:8>`" + ` | big-endian, the sign bit flipped |
| ` + "`<sum:8>`" + ` | little-endian, two's complement; only in values |
| ` + "`<time:8>`" + ` | its nanoseconds since 1970 as a number |
| ` + "`<address:16>`" + ` | an IP address; IPv4 lies at ` + "`::ffff:a.b.c.d`" + `, so that a CIDR or a range is one scan |
| ` + "`<text 00 00>`" + ` | UTF-8, NUL as ` + "`00 FF`" + `, and two NULs at the end |
| ` + "`<text folded 00 00>`" + ` | the same without regard to case, and with accents composed |

Ids are leased in blocks of %d, in transactions of their own. A collection whose ids are those of other records, such as User
Secret, leases none and has no sequence.
`

// keysDocument writes the document.
func keysDocument(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, keysHead, record.Leased)
	written := schema().Declared()
	source := parseSource(t)
	for _, group := range source.groups {
		title, rest, _ := strings.Cut(strings.Join(strings.Fields(group.comment), " "), ".")
		fmt.Fprintf(&b, "\n## %s\n", title)
		if rest = strings.TrimSpace(rest); rest != "" {
			fmt.Fprintf(&b, "\n%s\n", rest)
		}
		for _, d := range group.declarations {
			describes := written[0].Describe()
			written = written[1:]
			if describes.Record == nil {
				writeLink(&b, describes)
			} else {
				w := collectionWriter{Description: describes, declaration: d, methods: source.methods, t: t}
				w.write(&b)
			}
		}
	}
	writeStoreKeys(&b)
	return b.Bytes()
}

func writeStoreKeys(b *bytes.Buffer) {
	fmt.Fprint(b, "\n## The store itself\n\n| key | value | |\n|---|---|---|\n")
	values := map[string]string{
		"schema":            "`<version:8>` | the version of all that stands here",
		signingKeys:         "sealed | the keys that sign tokens",
		defaultOrganization: "text | the id of the Organization that a Workgroup gets when nobody names one",
		record.AuditHead:    "`<blocks:8><audits:8>`, two hashes | the end of the audits' seals",
	}
	for _, key := range schema().Keys() {
		fmt.Fprintf(b, "| `%s` | %s |\n", key, values[strings.TrimPrefix(key, "!")])
	}
	fmt.Fprintf(b, "| `%s<UserID:8>` | `<epoch:8>` | moves when what the user may do changes; that of user %d moves for everybody |\n",
		epochKey(0)[:3], everyone)
	fmt.Fprintf(b, "| `%s` | `<next:8>` | the first epoch that is not leased |\n", record.SequenceKey(epochTag))
	fmt.Fprintf(b, "| `%s` | `<next:8>` | the first id of an API registration's address rules that is not leased |\n", record.SequenceKey(ruleIDs))
	fmt.Fprintf(b, "| `%s<AuditID:8>` | nothing | there while the audit waits for its seal |\n", record.UnsealedKey(0)[:3])
}

func writeLink(b *bytes.Buffer, d record.Description) {
	fmt.Fprintf(b, "\n### %s `%s`\n\nA link, %s.\n\n| key | value | |\n|---|---|---|\n", d.Name, d.Tag, d.Audits)
	from, to := typed(d.From, d.Sides[0], ""), typed(d.To, d.Sides[1], "")
	value := "`<0:8>`"
	if d.Value != "" {
		value = "`<" + d.Value + ":8>`"
	}
	fmt.Fprintf(b, "| `%s%c%s%s` | %s | forth |\n", d.Tag, record.KindForth, from, to, value)
	fmt.Fprintf(b, "| `%s%c%s%s` | %s | back |\n", d.Tag, record.KindBack, to, from, value)
}

// collectionWriter writes the table of one collection.
type collectionWriter struct {
	record.Description
	*declaration
	methods map[string]string
	t       *testing.T
}

func (w collectionWriter) write(b *bytes.Buffer) {
	tag := w.Description.Tag
	member, _ := w.Record.FieldByName(w.ID)
	id := typed(w.ID, member.Type, "")
	tail := id
	if w.Placed {
		tail = w.parts(w.place) + id
	}
	fmt.Fprintf(b, "\n### %s `%s`\n\n%s.\n\n| key | value | |\n|---|---|---|\n", w.Name, tag, strings.ToUpper(w.Audits[:1])+w.Audits[1:])
	fmt.Fprintf(b, "| `%s%c%s` | JSON | the record |\n", tag, record.KindRecord, tail)
	if w.Placed {
		fmt.Fprintf(b, "| `%s%c%s` | `%s` | where the record lies |\n", tag, record.KindPointer, id, tail)
	}
	for i, ix := range w.Description.Indexes {
		indexed := w.parts(w.declaration.Indexes[i])
		says := "index"
		if ix.Guarded {
			says = "guarded index"
		}
		if ix.Unique == "" {
			fmt.Fprintf(b, "| `%s%c%s%s` | `%s` | ", tag, ix.Kind, indexed, tail, tail)
		} else {
			says = "unique: \"by that " + ix.Unique + "\""
			fmt.Fprintf(b, "| `%s%c%s` | `%s` | ", tag, ix.Kind, indexed, tail)
		}
		if isOptional(w.declaration.Indexes[i]) {
			says += "; none for an empty member"
		}
		fmt.Fprintf(b, "%s |\n", says)
		if ix.Guarded {
			fmt.Fprintf(b, "| `%s%c%c%s` | nothing | guards `%s%c` |\n", tag, record.KindGuard, ix.Kind, indexed, tag, ix.Kind)
		}
	}
	for i, kind := range w.Description.Counts {
		fmt.Fprintf(b, "| `%s%c%c%s` | `<sum:8>` | count |\n", tag, record.KindCount, kind, w.parts(w.declaration.Counts[i]))
	}
	if w.Leases {
		fmt.Fprintf(b, "| `%s` | `<next:8>` | ids begin at %d |\n", record.SequenceKey(tag), w.Lowest)
	}
}

// parts writes the parts of a key from the expression that makes it. An expression of a new shape ends the test:
// teach it here.
func (w collectionWriter) parts(e ast.Expr) string {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return w.member(e, "")
	}
	method, isMethod := call.Fun.(*ast.SelectorExpr)
	if isMethod && method.Sel.Name == "Fold" {
		return w.member(unconverted(call.Args[0]), " folded")
	}
	if isMethod && len(call.Args) == 0 {
		switch w.methods[w.Record.Name()+"."+method.Sel.Name] {
		case "netip.Addr":
			return "<" + method.Sel.Name + ":16>"
		case "int", "Time", "GroupKind":
			return "<" + method.Sel.Name + ":8>"
		case "string":
			return "<" + method.Sel.Name + " 00 00>"
		}
	}
	if function, ok := call.Fun.(*ast.Ident); ok {
		switch function.Name {
		case "K":
			var all strings.Builder
			for _, part := range call.Args {
				all.WriteString(w.parts(part))
			}
			return all.String()
		case "int": // of a type of its own
			return w.parts(call.Args[0])
		case "whileOpen", "onceClosed":
			return w.parts(call.Args[1])
		case "unlessNil":
			return w.member(call.Args[0], "")
		case "unlessEmpty":
			return w.member(unconverted(call.Args[0]), " folded")
		}
	}
	w.t.Fatalf("%s has a key that this test cannot describe: %T", w.Name, call.Fun)
	return ""
}

// member writes one part that is a member of the record.
func (w collectionWriter) member(e ast.Expr, folded string) string {
	selector, ok := e.(*ast.SelectorExpr)
	if !ok {
		w.t.Fatalf("%s has a key that this test cannot describe: %T", w.Name, e)
	}
	field, _ := w.Record.FieldByName(selector.Sel.Name)
	return typed(field.Name, field.Type, folded)
}

// typed writes one part of a type.
func typed(name string, of reflect.Type, folded string) string {
	if of.Kind() == reflect.String {
		return "<" + name + folded + " 00 00>"
	}
	return "<" + name + ":8>"
}

// unconverted is e without a conversion to string.
func unconverted(e ast.Expr) ast.Expr {
	if conversion, ok := e.(*ast.CallExpr); ok && len(conversion.Args) == 1 {
		return conversion.Args[0]
	}
	return e
}

// isOptional reports whether the expression makes no key of an empty member.
func isOptional(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	function, ok := call.Fun.(*ast.Ident)
	return ok && slices.Contains([]string{"unlessEmpty", "unlessNil", "whileOpen", "onceClosed"}, function.Name)
}
