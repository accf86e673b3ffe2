package elements

import (
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
