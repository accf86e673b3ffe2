package elements

import (
	"bufio"
	"bytes"
	"encoding/xml"

	"github.com/musterhq/muster/plugins"
)

// First is the text of the first of several elements that says something; encoding/xml alone keeps the last.
type First string

// UnmarshalXML implements xml.Unmarshaler.
func (f *First) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	if *f != "" {
		return d.Skip()
	}
	var text string
	err := d.DecodeElement(&text, &start)
	*f = First(plugins.Text(text))
	return err
}

// Sniff returns the file as it was, and whether it begins like XML in any encoding that is read: for formats that come as
// XML and as CSV.
func Sniff(f plugins.File) (plugins.File, bool) {
	in := bufio.NewReader(f.Reader)
	head, _ := in.Peek(1 << 10) // an error comes again
	f.Reader = in
	return f, bytes.HasPrefix(bytes.TrimLeft(head, "\xef\xbb\xbf\xff\xfe\x00 \t\r\n"), []byte("<"))
}
