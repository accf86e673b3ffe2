package columns_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"

	"github.com/musterhq/muster/plugins"
)

func TestEncodings(t *testing.T) {
	t.Parallel()
	const content = "IP Address,OS\r\n192.0.2.1,Größe “16 €”\r\n192.0.2.2,\"a\r\nb\"\r\n"
	want := []plugins.Record{{IPAddress: "192.0.2.1", OperatingSystem: "Größe “16 €”"}, {IPAddress: "192.0.2.2", OperatingSystem: "a b"}}
	windows, err := charmap.Windows1252.NewEncoder().String(content)
	if err != nil {
		t.Fatal(err)
	}
	for name, encoded := range map[string]string{
		"UTF-8":                       content,
		"UTF-8 with a mark":           "\ufeff" + content,
		"Windows-1252":                windows,
		"UTF-16LE with a mark":        inUTF16(binary.LittleEndian, "\ufeff"+content),
		"UTF-16BE with a mark":        inUTF16(binary.BigEndian, "\ufeff"+content),
		"UTF-16LE":                    inUTF16(binary.LittleEndian, content),
		"UTF-16BE":                    inUTF16(binary.BigEndian, content),
		"carriage returns only":       strings.ReplaceAll(content, "\n", ""),
		"line feeds only":             strings.ReplaceAll(content, "\r", ""),
		"two carriage returns":        strings.ReplaceAll(content, "\r", "\r\r"),
		"some of it in another table": strings.Replace(content, "ö", "\xf6", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hosts, _, failure := read(t, inventory, iotest.HalfReader(strings.NewReader(encoded)))
			if diff := cmp.Diff(want, hosts); diff != "" || failure != "" {
				t.Errorf("error %q\n%s", failure, diff)
			}
		})
	}
}

func inUTF16(order binary.AppendByteOrder, text string) string {
	var encoded []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		encoded = order.AppendUint16(encoded, unit)
	}
	return string(encoded)
}

func TestWhatIsNotCSV(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"PK\x03\x04\x00\x00":                "a zip archive: unpack it and import the files in it",
		"\x1f\x8b\x08\x00":                  "a gzip archive: unpack it and import the files in it",
		"%PDF-1.4\n":                        "a PDF document",
		"<?xml version=\"1.0\"?><scanJob/>": "XML with the root scanJob: import it as RETINARTD",
		inUTF16(binary.LittleEndian, "\ufeff<?xml?>\r\n<scanJob>"): "XML with the root scanJob: import it as RETINARTD",
		"<!DOCTYPE html><title>":                                   "an HTML page",
	} {
		if hosts, _, failure := read(t, inventory, strings.NewReader(content)); failure != "the file is not CSV: it looks like "+want || hosts != nil {
			t.Errorf("%.20q: %q", content, failure)
		}
	}
}
