package elements_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/musterhq/muster/importers/elements"
	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/importertest"
)

// inventory is a format as an author would describe it.
var inventory = elements.Export{
	Hosts:       map[string]func() elements.Host{"inventory/hosts/host": func() elements.Host { return new(host) }},
	Unsupported: map[string]string{"summary": "a summary names no host"},
}

type host struct {
	Address string         `xml:"address,attr"`
	Name    elements.First `xml:"name"`
	System  string         `xml:"facts>os"`
	Ports   int            `xml:"ports"`
}

func (h *host) Record() plugins.Record {
	return plugins.Record{IPAddress: h.Address, AssetName: string(h.Name), OperatingSystem: h.System}
}

// read imports a text and returns the hosts, the warnings and the error's text.
func read(t *testing.T, content io.Reader) (hosts []plugins.Record, warnings []string, failure string) {
	t.Helper()
	i := plugins.Importer{Type: "INVENTORY", Import: inventory.Import}
	f := plugins.NewFile("", content, func(text string) { warnings = append(warnings, text) })
	err := plugins.Run(t.Context(), i, f, func(r plugins.Record) error {
		hosts = append(hosts, r)
		return nil
	})
	if err != nil {
		failure = err.Error()
	}
	return hosts, warnings, failure
}

// document wraps what is inside of <hosts>.
func document(hosts string) string { return "<inventory><hosts>\n" + hosts + "</hosts></inventory>" }

func TestExport(t *testing.T) {
	t.Parallel()
	type record = plugins.Record
	one := []record{{IPAddress: "192.0.2.1"}}
	const (
		first  = `<host address="192.0.2.1"/>`
		second = `<host address="192.0.2.2"/>`
	)
	for name, test := range map[string]struct {
		content string
		hosts   []record
		failure string
		warning string
	}{
		"a host": {
			document(`<host address="192.0.2.1"><name>n/a</name><name>srv01</name><name>x</name><facts><os>Linux</os></facts><ports>7</ports></host>`),
			[]record{{IPAddress: "192.0.2.1", AssetName: "srv01", OperatingSystem: "Linux"}}, "", "",
		},
		"what a host does not need":    {document(`<host address="192.0.2.1"><tests><test><p>x</p></test></tests><os>BSD</os></host>`), one, "", ""},
		"a host in another place":      {"<inventory>" + first + "<more><hosts>" + first + "</hosts></more></inventory>", nil, "", ""},
		"one address twice":            {document(first + `<host address="192.0.2.1"><name>srv01</name></host>`), []record{{IPAddress: "192.0.2.1", AssetName: "srv01"}}, "", ""},
		"no hosts":                     {"<inventory/>", nil, "", ""},
		"a document of no use":         {"<summary><hosts>" + first + "</hosts></summary>", nil, "the file looks like XML with the root summary: a summary names no host", ""},
		"a DOCTYPE before everything":  {"\n<!DOCTYPE x SYSTEM \"http://nowhere.example/x.dtd\" [<!ENTITY a 'it''s'>]>\n<?xml version=\"1.0\"?><!-- <a b='' --> " + document(first), one, "", ""},
		"a namespace":                  {`<i:inventory xmlns:i="urn:x" xmlns="urn:y"><i:hosts>` + first + `</i:hosts></i:inventory>`, one, "", ""},
		"CDATA and comments in a text": {document(`<host address="192.0.2.1"><name>srv<!-- a = "b" -->0<![CDATA[1 < <x a="]]></name></host>`), []record{{IPAddress: "192.0.2.1", AssetName: `srv01 < <x a="`}}, "", ""},
		"quotes and signs in CDATA":    {document(`<host address="192.0.2.1"><name><![CDATA[it's ` + strings.Repeat("=", 300) + ` "x]]></name></host><host address="192.0.2.2"` + attributes(255) + "/>"), []record{{IPAddress: "192.0.2.1", AssetName: "it's " + strings.Repeat("=", 123)}, {IPAddress: "192.0.2.2"}}, "", ""},
		"quotes and signs in comments": {document(`<!-- it's ` + strings.Repeat("=", 300) + ` "x <a b='-->` + first + `<!-- ' --><host address="192.0.2.2"` + attributes(256) + "/>"), one, "line 2: an element with more than 256 attributes", ""},
		"control characters":           {document("<host address=\"192.0.2.1\"><name>a\x01b\x0bc</name></host>"), []record{{IPAddress: "192.0.2.1", AssetName: "a b c"}}, "", ""},
		"references to such":           {document(`<host address="192.0.2.1&#0;"><name>a&#x1;b&#xFFFF;c&#65;&amp;&nbsp;&#000001;d</name></host>`), []record{{IPAddress: "192.0.2.1", AssetName: "a b cA& d"}}, "", ""},
		"bytes that are not UTF-8":     {document("<host address='192.0.2.1'><name>gr\xfcn</name></host>"), []record{{IPAddress: "192.0.2.1", AssetName: "grün"}}, "", ""},
		"Latin 1 as declared":          {"<?xml version='1.0' encoding='ISO-8859-1'?>" + document("<host address='192.0.2.1'><name>gr\xfcn</name></host>"), []record{{IPAddress: "192.0.2.1", AssetName: "grün"}}, "", ""},
		"Latin 2 as declared":          {"<?xml version='1.0' encoding='ISO-8859-2'?>" + document("<host address='192.0.2.1'><name>\xb3</name></host>"), []record{{IPAddress: "192.0.2.1", AssetName: "ł"}}, "", ""},
		"UTF-16 declared, but not so":  {"<?xml version='1.0' encoding='UTF-16'?>" + document(first), one, "", ""},
		"an encoding nobody knows":     {"<?xml version='1.0' encoding='X-KLINGON'?>" + document(first), nil, `the file says that its encoding is "X-KLINGON", which is not known`, ""},
		"two reports":                  {document(first) + "\n<?xml version='1.0'?>\n" + document(second), []record{{IPAddress: "192.0.2.1"}, {IPAddress: "192.0.2.2"}}, "", ""},
		"another document behind":      {document(first) + "\n<other><host/></other>", one, "", "what follows the element <inventory> in line 3 is not read"},
		"text behind":                  {document(first) + "\n\n-- \nend", one, "", "what follows the element <inventory> in line 5 is not read"},
		"garbage behind":               {document(first) + "\n<<<", one, "", "what follows the element <inventory> in line 3 is not read"},
		"as many attributes as may be": {document(`<host address="192.0.2.1"` + attributes(255) + "/>"), one, "", ""},
		"equal signs in a value":       {document(`<host address="192.0.2.1" a="` + strings.Repeat("=", 999) + `"><x>` + strings.Repeat("=", 999) + "</x></host>"), one, "", ""},
		"too many attributes":          {document(first + `<host address="192.0.2.2"` + attributes(256) + "/>"), one, "line 2: an element with more than 256 attributes", ""},
		"as deep as may be":            {document(first + strings.Repeat("<d>", 62) + strings.Repeat("</d>", 62)), one, "", ""},
		"too deep":                     {document(first + strings.Repeat("<d>", 63) + strings.Repeat("</d>", 63)), one, "line 2: elements are nested more than 64 deep", ""},
		"too deep inside of a host":    {document(first + `<host>` + strings.Repeat("<d>", 63)), one, "line 2: elements are nested more than 64 deep", ""},
		"cut off":                      {"<inventory><hosts>\n" + first + "\n" + `<host address="192.0.2.2"><name>`, one, "line 3: the file is cut off inside of <name>", ""},
		"cut off in a tag":             {"<inventory><hosts>\n" + first + `<host addr`, one, "line 2: the file is cut off inside of <hosts>", ""},
		"cut off between hosts":        {"<inventory><hosts>\n" + first, one, "line 2: the file is cut off inside of <hosts>", ""},
		"an end too many":              {document(first + "</x>"), one, "line 2: the end of another element inside of <hosts>", ""},
		"overlapping elements":         {document(first + "<a><b></a></b>"), one, "line 2: the end of another element inside of <b>", ""},
		"an entity of the document":    {"<!DOCTYPE i [<!ENTITY secret 'x'>]>" + document(first+"<x>&secret;</x>"), one, "line 2: an entity that XML does not define; entities of the document are not expanded", ""},
		"no XML inside":                {document(first + "<1>"), one, "line 2: malformed XML", ""},
		"a number that is none":        {document(first + "<host><ports>\nhunter2</ports></host>"), one, "line 3: <host>: a value of the wrong kind", ""},
		"another format":               {"<NexposeReport/>", nil, "the file looks like XML with the root NexposeReport: import it as NEXPOSE", ""},
		"an unknown format":            {"<kitchen/>", nil, "the file looks like XML with the root kitchen: looked for inventory", ""},
		"an empty file":                {"", nil, "the file is empty", ""},
		"blanks":                       {" \n\n ", nil, "the file is empty", ""},
		"CSV":                          {"Host,OS\n192.0.2.1,<inventory/>\n", nil, "the file is not XML: it looks like text", ""},
		"a zip archive":                {"PK\x03\x04\x00\x00", nil, "the file is not XML: it looks like a zip archive: unpack it and import the files in it", ""},
		"a web page":                   {"<!DOCTYPE html><html><p>", nil, "the file looks like XML with the root html: looked for inventory", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for way, content := range map[string]io.Reader{"at once": strings.NewReader(test.content), "in bytes": iotest.OneByteReader(strings.NewReader(test.content))} {
				hosts, warnings, failure := read(t, content)
				if diff := cmp.Diff(test.hosts, hosts); diff != "" || failure != test.failure || strings.Join(warnings, "|") != test.warning {
					t.Errorf("%s: error %q, warnings %q\n%s", way, failure, warnings, diff)
				}
			}
		})
	}
}

func attributes(n int) string {
	var all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, ` a%d="x = 'y'"`, i)
	}
	return all.String()
}

// filler is an endless text.
type filler struct{ text string }

func (f *filler) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], f.text)
	}
	return n, nil
}

// TestEndlessFiles shows that no part of a document costs more than its limit, and that reading it ends.
func TestEndlessFiles(t *testing.T) { // not parallel: it measures memory
	if info, _ := debug.ReadBuildInfo(); slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("16 MiB a byte at a time take minutes with the race detector, and there is one goroutine")
	}
	const begin = `<inventory><hosts><host address="192.0.2.1"/>`
	for name, test := range map[string]struct{ before, filler, failure string }{
		"a text":            {begin + "<host><name>", "blah ", "line 1: <name> holds more than 16 MiB"},
		"a text not needed": {begin + "<host><x>", "blah ", "line 1: <x> holds more than 16 MiB"},
		"texts in pieces":   {begin + "<host><name>", "<![CDATA[" + strings.Repeat("x", 1000) + "]]>", "line 1: <name> holds more than 16 MiB"},
		"lines":             {begin + "<host>", "\n", "holds more than 16 MiB"},
		"a tag":             {begin + "<host a='", "blah ", "line 1: <hosts> holds more than 16 MiB"},
		"a name":            {begin + "<", "blah", "line 1: <hosts> holds more than 16 MiB"},
		"attributes":        {begin + "<host ", "a='' ", "line 1: an element with more than 256 attributes"},
		"a comment":         {begin + "<!--", "blah ", "line 1: <hosts> holds more than 16 MiB"},
		"a DOCTYPE":         {"<!DOCTYPE x [", "<!ENTITY a 'b'>", "line 1: the document holds more than 16 MiB"},
		"nested elements":   {begin, "<d>", "line 1: elements are nested more than 64 deep"},
		"blanks before":     {"", " ", "the file is not XML: it looks like text"},
		"blanks behind":     {begin + "</hosts></inventory>", " ", ""},
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		began := time.Now()
		hosts, _, failure := read(t, io.MultiReader(strings.NewReader(test.before), &filler{test.filler}))
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		grown := (after.HeapSys - min(before.HeapSys, after.HeapSys)) >> 20
		t.Logf("%s: %d MiB, %s", name, grown, took)
		if !strings.HasSuffix(failure, test.failure) || grown > 64 {
			t.Errorf("%s: %q, the heap grew by %d MiB, after %s", name, failure, grown, took)
		}
		if want := strings.Count(test.before, "<host address"); len(hosts) != want {
			t.Errorf("%s: %d hosts", name, len(hosts))
		}
	}
}

func TestImportStops(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	file := func(tail io.Reader) plugins.File {
		return plugins.NewFile("", io.MultiReader(strings.NewReader("<inventory><hosts>"), tail), nil)
	}
	count := 0
	err := inventory.Import(t.Context(), file(strings.NewReader("<host/><host/></hosts></inventory>")), func(plugins.Record) error { count++; return full })
	if err != full || count != 1 {
		t.Errorf("%v after %d hosts", err, count)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := inventory.Import(ctx, file(&filler{"<host/>"}), nil); err != context.Canceled {
		t.Errorf("canceled: %v", err)
	}
	broken := errors.New("bad sector")
	if err := inventory.Import(t.Context(), file(iotest.ErrReader(broken)), nil); !errors.Is(err, broken) {
		t.Errorf("a broken file: %v", err)
	}
}

func TestOr(t *testing.T) {
	t.Parallel()
	for content, isXML := range map[string]bool{
		"<a/>": true, "\n <a/>": true, "\ufeff<a/>": true, "\xff\xfe<\x00a\x00": true, "\xfe\xff\x00<\x00a": true,
		"": false, "a,<b>": false, "\ufeffa": false, " ": false,
	} {
		var rest []byte
		read := inventory.Or(func(_ context.Context, f plugins.File, _ func(plugins.Record) error) (err error) {
			rest, err = io.ReadAll(f)
			return err
		})
		err := read(t.Context(), plugins.NewFile("", strings.NewReader(content), nil), nil)
		if isXML && (err == nil || rest != nil) || !isXML && (err != nil || string(rest) != content) {
			t.Errorf("%q: %v, %q", content, err, rest)
		}
	}
}

func FuzzElements(f *testing.F) {
	importertest.Fuzz(f, plugins.Importer{Type: "INVENTORY", Import: inventory.Import}, "testdata")
}
