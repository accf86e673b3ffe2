package plugins

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// signatures tell the kinds of files that net/http does not know, or not always, and that people do upload.
var signatures = []struct {
	offset int
	magic  string
	kind   string
}{
	{0, "SQLite format 3\x00", "an SQLite database"},
	{4, "Standard Jet DB\x00", "a Microsoft Access database"},
	{4, "Standard ACE DB\x00", "a Microsoft Access database"},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office document"},
	{0, "PK\x03\x04", "a zip archive"},
	{0, "PK\x05\x06", "a zip archive"}, // an empty one
	{0, "PK\x07\x08", "a zip archive"}, // in several files
	{0, "\x1f\x8b", "a gzip archive"},
	{0, "\x1f\x9d", "a compress archive"},
	{0, "7z\xbc\xaf\x27\x1c", "a 7z archive"},
	{0, "Rar!\x1a\x07", "a RAR archive"},
	{0, "BZh", "a bzip2 archive"},
	{0, "\xfd7zXZ\x00", "an xz archive"},
	{0, "\x28\xb5\x2f\xfd", "a zstd archive"},
	{0, "\x04\x22\x4d\x18", "an lz4 archive"},
	{0, "LZIP\x01", "an lzip archive"},
	{0, "MSCF\x00\x00\x00\x00", "a cabinet archive"},
	{2, "-lh5-", "an LHA archive"},
	{0, "!<arch>\n", "an ar archive"},
	{257, "ustar", "a tar archive"},
}

// LooksLike tells from the first bytes of a file (a few KiB are best) what it is, in words that follow "it looks like":
// "a zip archive", "XML with the root NexposeReport". It returns nothing for other text, such as CSV. What an archive holds is of no
// interest: without compression it can be read, and is no file to import.
func LooksLike(head []byte) string {
	for _, s := range signatures {
		if len(head) > s.offset && bytes.HasPrefix(head[s.offset:], []byte(s.magic)) {
			return s.kind
		}
	}
	kind, _, _ := strings.Cut(http.DetectContentType(head), ";")
	switch text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n"); {
	case holdsArchive(head):
		return "a zip archive"
	case isTar(head):
		return "a tar archive"
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

// IsArchive reports whether a file that LooksLike something is one to unpack.
func IsArchive(looksLike string) bool { return strings.HasSuffix(looksLike, " archive") }

// holdsArchive reports whether a file of a zip archive begins somewhere in the head, behind a program that unpacks it, perhaps.
func holdsArchive(head []byte) bool {
	for {
		i := bytes.Index(head, []byte("PK\x03\x04"))
		if i < 0 {
			return false
		}
		if head = head[i+4:]; bytes.IndexByte(head[:min(len(head), 26)], 0) >= 0 {
			return true
		}
	}
}

// isTar reports whether the head begins with the entry of an old tar archive, which has no magic but a checksum.
func isTar(head []byte) bool {
	const block, at, length = 512, 148, 8
	if len(head) < block || head[0] == 0 {
		return false
	}
	sum := length * int(' ')
	for i, c := range head[:block] {
		if i < at || i >= at+length {
			sum += int(c)
		}
	}
	want, err := strconv.ParseUint(strings.Trim(string(head[at:at+length]), " \x00"), 8, 32)
	return err == nil && uint64(sum) == want
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
