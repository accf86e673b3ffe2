package elements

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/musterhq/muster/importers/hosts"
	"github.com/musterhq/muster/plugins"
)

// Export describes a format by where its documents name a host.
type Export struct {
	// Hosts maps the path of an element that stands for a host, from the root, to what makes an empty value to decode it
	// into: "MetasploitV4/hosts/host". The first names of the paths are the roots of the format's documents.
	Hosts map[string]func() Host
	// Unsupported maps further roots, of documents that people take for one of these, to what is said of them.
	Unsupported map[string]string
}

// Host is an element that stands for a host. It has the members that a format wants, with the tags of encoding/xml; what it does
// not name is read past, whatever its size.
type Host interface {
	// Record returns what the element says.
	Record() plugins.Record
}

// types are the import types for the roots of documents, to help with the wrong one.
var types = map[string]string{
	"NexposeReport": "NEXPOSE", "NeXposeSimpleXML": "NEXPOSE",
	"SCAN": "QUALYSGUARD", "ASSET_DATA_REPORT": "QUALYSGUARD",
	"MetasploitV4": "METASPLOIT", "MetasploitV5": "METASPLOIT",
	"MetasploitExpressV1": "METASPLOIT", "MetasploitExpressV2": "METASPLOIT", "MetasploitExpressV3": "METASPLOIT", "MetasploitExpressV4": "METASPLOIT",
	"scanJob": "RETINARTD", "PasswordSafeImport": "PASSWORDSAFE",
}

// TypeOf returns the import type for documents with a root, empty for an unknown one.
func TypeOf(root string) string { return types[root] }

// Import has the signature of plugins.Importer.Import. It emits the hosts in the order in which the file names them, when
// the file has been read: what is said of one address in several places is merged, and memory grows with the hosts. Of a
// file that is damaged or cut off, the hosts until then are emitted before the error is returned.
func (e Export) Import(ctx context.Context, f plugins.File, emit func(plugins.Record) error) error {
	r, err := Open(ctx, f)
	if err != nil {
		return err
	}
	if roots := e.roots(); !slices.Contains(roots, r.Root) {
		return e.foreign(r.Root, roots)
	}
	var found hosts.List
	failure := e.read(r, &found)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if r.Tail != "" {
		f.Warn(r.Tail)
	}
	if err := found.Emit(emit); err != nil {
		return err
	}
	return failure
}

// Or returns an Import for a format that comes as XML and in another form: a file that begins like XML, in any encoding that
// is read, is imported as that, any other by other.
func (e Export) Or(other func(context.Context, plugins.File, func(plugins.Record) error) error) func(context.Context, plugins.File, func(plugins.Record) error) error {
	return func(ctx context.Context, f plugins.File, emit func(plugins.Record) error) error {
		in := bufio.NewReader(f.Reader)
		head, _ := in.Peek(1 << 10) // an error comes again
		f.Reader = in
		if Begins(head) {
			return e.Import(ctx, f, emit)
		}
		return other(ctx, f, emit)
	}
}

// Begins reports whether the first bytes of a file look like XML, in any encoding that is read.
func Begins(head []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(head, "\xef\xbb\xbf\xff\xfe\x00 \t\r\n"), []byte("<"))
}

// read takes in all hosts.
func (e Export) read(r *Reader, found *hosts.List) error {
	for {
		if _, err := r.Next(); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		empty := e.Hosts[strings.Join(r.Path(), "/")]
		if empty == nil {
			continue
		}
		line, host := r.Line(), empty()
		if err := r.Decode(host); err != nil {
			return err
		}
		record := host.Record().Normalized()
		if record.IPAddress == "" {
			record.Skip = fmt.Sprintf("line %d: %s", line, record.Skip)
		}
		if err := found.Add(record); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}

// roots returns the names of the format's roots in alphabetical order.
func (e Export) roots() []string {
	var all []string
	for path := range maps.Keys(e.Hosts) {
		root, _, _ := strings.Cut(path, "/")
		all = append(all, root)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// foreign says of a document with another root what it is.
func (e Export) foreign(root string, roots []string) error {
	if reason, known := e.Unsupported[root]; known {
		return fmt.Errorf("%s: %s", looksLike(root), reason)
	}
	return Foreign(root, roots...)
}

// Foreign returns the error for a document with a root that is none of those of a format: what the file is, and as what to
// import it if that is known.
func Foreign(root string, roots ...string) error {
	if typ := TypeOf(root); typ != "" {
		return fmt.Errorf("%s: import it as %s", looksLike(root), typ)
	}
	return fmt.Errorf("%s: looked for %s", looksLike(root), strings.Join(roots, " or "))
}

func looksLike(root string) string {
	return "the file looks like XML with the root " + plugins.Sentence(root)
}
