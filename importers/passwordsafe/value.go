package passwordsafe

import (
	"encoding/xml"
	"fmt"
	"math"
	"strings"

	"github.com/musterhq/muster/plugins"
)

// maxValue is how many bytes are held of a value: more than any member may have, so that it is seen to have too many.
const maxValue = 32 << 10

// value reads the element that begins into a member. A value that is none leaves the member as it is, with a warning that
// repeats nothing of it.
func (d *document) value(member any) error {
	name := d.reader.Path()[d.reader.Depth()]
	text, ok, err := d.text()
	if err != nil || !ok {
		return err
	}
	switch member := member.(type) {
	case *string:
		*member = text
	case *plugins.Password:
		if strings.TrimSpace(text) != "" { // an indented end of an empty element is no password
			*member = plugins.NewPassword(text)
		}
	case *int:
		if text = strings.TrimSpace(text); text == "" {
			break
		}
		n, ok := plugins.Number(text)
		if !ok || n < math.MinInt32 || n > math.MaxInt32 {
			d.warn("<%s>: a whole number from -2147483648 to 2147483647 is expected", name)
			break
		}
		*member = int(n)
	case **bool:
		switch strings.ToLower(strings.TrimSpace(text)) {
		case "":
		case "true", "1":
			*member = new(true)
		case "false", "0":
			*member = new(false)
		default:
			d.warn("<%s>: true or false is expected", name)
		}
	}
	return nil
}

// text reads the element that begins and returns its text, or false if there are other elements in it: one who forgets
// that < is written &lt; may have meant them to be text.
func (d *document) text() (text string, ok bool, err error) {
	name := d.reader.Path()[d.reader.Depth()]
	var l leaf
	if err := d.reader.Decode(&l); err != nil {
		return "", false, err
	}
	if l.nested {
		d.warn("<%s> has elements in it and is passed over; in a text, < is written &lt;", name)
		return "", false, nil
	}
	text = l.text.String()
	if d.texts += len(text); d.texts > maxTexts {
		if d.record.FunctionalAccount == nil {
			d.record.Skip = fmt.Sprintf("what there is on it takes more than %d KiB", plugins.MaxHostDetails>>10)
		}
		return "", false, nil
	}
	return text, true, nil
}

// leaf is the text of an element.
type leaf struct {
	text   strings.Builder
	nested bool
}

// UnmarshalXML implements xml.Unmarshaler.
func (l *leaf) UnmarshalXML(d *xml.Decoder, _ xml.StartElement) error {
	for {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.CharData:
			l.text.Write(token[:min(len(token), maxValue-l.text.Len())])
		case xml.StartElement:
			l.nested = true
			if err := d.Skip(); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}
