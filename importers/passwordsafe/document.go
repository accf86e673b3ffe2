package passwordsafe

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/musterhq/muster/importers/elements"
	"github.com/musterhq/muster/plugins"
)

const (
	maxUnknown = 50                         // unknown elements that are warned of
	maxSeen    = 1_000_000                  // addresses by which assets that come twice are recognised
	maxTexts   = 2 * plugins.MaxHostDetails // bytes that are held of an asset; one with so many is too large in any case
)

// format is what the elements of a kind of file mean, by their paths below the root.
type format struct {
	holders map[string]func(*document, *xml.StartElement) error // those that hold others, and what they begin
	values  map[string]func(*document) any                      // those that hold a value, and the members that it goes into
	within  string                                              // what holds the records
	settle  func(*document)                                     // completes a record; may be nil
}

// document is a file that is being read, one asset or functional account at a time.
type document struct {
	format
	reader *elements.Reader
	say    func(string)
	emit   func(plugins.Record) error
	failed error // of emit

	open    bool // there is a record
	record  plugins.Record
	line    int // where it begins
	texts   int // bytes of text that it holds
	account *plugins.ManagedAccount
	address address // of a host of the public format

	unknown []string // names of elements that were warned of
	seen    map[netip.Addr]bool
}

func newDocument(of format, r *elements.Reader, warn func(string), emit func(plugins.Record) error) *document {
	return &document{format: of, reader: r, say: warn, emit: emit, seen: map[netip.Addr]bool{}}
}

// read takes in all elements.
func (d *document) read() error {
	for {
		start, err := d.reader.Next()
		if err == nil {
			err = d.element(start)
		}
		switch {
		case d.failed != nil:
			return d.failed
		case err == io.EOF:
			return d.flush()
		case err != nil:
			return d.damaged(err)
		}
	}
}

// element takes in an element: it holds others, or a value, or is unknown and passed over with all that is in it.
func (d *document) element(start *xml.StartElement) error {
	path := strings.Join(d.reader.Path()[1:], "/")
	if begin := d.holders[path]; begin != nil {
		return begin(d, start)
	}
	if place := d.values[path]; place != nil {
		return d.value(place(d))
	}
	name := strings.Clone(plugins.Sentence(start.Name.Local))
	d.once(name, "an element <%s> has no meaning here; such ones are passed over", name)
	return d.reader.Skip()
}

// once warns of an element that is passed over, the first time that there is one of that name.
func (d *document) once(name, format string, args ...any) {
	if len(d.unknown) < maxUnknown && !slices.Contains(d.unknown, name) {
		d.unknown = append(d.unknown, strings.Clone(name))
		d.warn(format, args...)
	}
}

// begin begins a record, and ends the one before.
func (d *document) begin(r plugins.Record) error {
	err := d.flush()
	d.record, d.line, d.open, d.texts = r, d.reader.Line(), true, 0
	return err
}

// flush emits the record that has been read, if there is one.
func (d *document) flush() error {
	if !d.open {
		return nil
	}
	d.open = false
	if d.settle != nil {
		d.settle(d)
	}
	if address, ok := plugins.Address(d.record.IPAddress); ok {
		if d.seen[address] {
			d.say(fmt.Sprintf("line %d: %s has been there before; each <Asset> is brought in, and the last one wins", d.line, address))
		} else if len(d.seen) < maxSeen {
			d.seen[address] = true
		}
	}
	d.failed = d.emit(d.record)
	return d.failed
}

// damaged ends a file that cannot be read on. A record counts if it is complete. The error may name an element of which only
// the file knows: it might be a part of a password with a < in it, so only the one around it is named.
func (d *document) damaged(err error) error {
	path := d.reader.Path()
	known := len(path)
	for known > 1 && !d.isKnown(path[1:known]) {
		known--
	}
	if known <= len([]string{root, d.within}) {
		if failed := d.flush(); failed != nil {
			return failed
		}
	}
	if known == len(path) || known == 0 {
		return err
	}
	hidden, named := "<"+path[len(path)-1]+">", "an element in <"+path[known-1]+">"
	return errors.New(strings.ReplaceAll(err.Error(), hidden, named))
}

func (d *document) isKnown(path []string) bool {
	joined := strings.Join(path, "/")
	return d.holders[joined] != nil || d.values[joined] != nil
}

// warn warns of something in the line that is being read.
func (d *document) warn(format string, args ...any) {
	d.say(fmt.Sprintf("line %d: %s", d.reader.Line(), fmt.Sprintf(format, args...)))
}
