package plugins

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// signatures tell the kinds that net/http does not know and that people do upload.
var signatures = []struct {
	offset int
	magic  string
	kind   string
}{
	{0, "SQLite format 3\x00", "an SQLite database"},
	{4, "Standard Jet DB\x00", "a Microsoft Access database"},
	{4, "Standard ACE DB\x00", "a Microsoft Access database"},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office document"},
	{0, "7z\xbc\xaf\x27\x1c", "a 7z archive"},
	{0, "BZh", "a bzip2 archive"},
	{0, "\xfd7zXZ\x00", "an xz archive"},
}

// LooksLike tells from the first bytes of a file (a few KiB are best) what it is, in words that follow "it looks like":
// "a zip archive", "XML with the root NexposeReport". It returns nothing for other text, such as CSV.
func LooksLike(head []byte) string {
	for _, s := range signatures {
		if len(head) > s.offset && bytes.HasPrefix(head[s.offset:], []byte(s.magic)) {
			return s.kind
		}
	}
	kind, _, _ := strings.Cut(http.DetectContentType(head), ";")
	switch text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n"); {
	case kind == "application/zip":
		return "a zip archive"
	case kind == "application/x-gzip":
		return "a gzip archive"
	case kind == "application/x-rar-compressed":
		return "a RAR archive"
	case kind == "application/pdf":
		return "a PDF document"
	case bytes.HasPrefix(text, []byte("<")):
		return markup(text, kind)
	case bytes.HasPrefix(text, []byte("{")), bytes.HasPrefix(text, []byte("[{")):
		return "JSON"
	case bytes.IndexByte(head, 0) >= 0:
		return "binary data"
	}
	return ""
}

// markup tells HTML from XML, which is named by its root element.
func markup(head []byte, kind string) string {
	decoder := xml.NewDecoder(bytes.NewReader(head))
	decoder.Strict = false
	decoder.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	for {
		token, err := decoder.RawToken()
		if err != nil {
			break
		}
		if root, ok := token.(xml.StartElement); ok && !strings.EqualFold(root.Name.Local, "html") {
			if kind == "text/html" {
				break
			}
			return fmt.Sprintf("XML with the root %s", plain(root.Name.Local, maxName))
		}
	}
	if kind == "text/html" {
		return "an HTML page"
	}
	return "XML"
}
