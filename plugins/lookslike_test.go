package plugins

import (
	"strings"
	"testing"
)

func TestLooksLike(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]string{
		"":                                  "",
		"Plugin ID,CVE,CVSS,Risk,Host\n":    "",
		"\ufeffPlugin ID;Host\n":            "",
		"BMC Host,IP Address\n":             "", // a bitmap begins with BM
		"Host\n\x01\x02 a service's banner": "",
		"PK\x03\x04\x14\x00":                "a zip archive",
		"\x1f\x8b\x08\x00":                  "a gzip archive",
		"%PDF-1.7\n":                        "a PDF document",
		"\n<!DOCTYPE html>\n<html>":         "an HTML page",
		"<HTML><BODY>":                      "an HTML page",
		"<?xml version=\"1.0\"?>\n<!-- x -->\n<NessusClientData_v2>":        "XML with the root NessusClientData_v2",
		"\ufeff \n<scanJob a=\"b\">":                                        "XML with the root scanJob",
		"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><SCAN value=\"1\">": "XML with the root SCAN",
		"<?xml version=\"1.0\"?>\n<!-- " + strings.Repeat("x", 5000):        "XML",
		"<" + strings.Repeat("x", 5000) + ">":                               "XML with the root " + strings.Repeat("x", 128),
		`{"vulnerabilities": []}`:                                           "JSON",
		"[{\"ip\": 1}]":                                                     "JSON",
		"\x00\x01\x00\x00Standard Jet DB\x00":                               "a Microsoft Access database",
		"SQLite format 3\x00":                                               "an SQLite database",
		"\x7fELF\x02\x01\x01\x00":                                           "binary data",
		"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":                                  "an old Microsoft Office document",
	} {
		if got := LooksLike([]byte(head)); got != want {
			t.Errorf("LooksLike(%.40q) is %q, want %q", head, got, want)
		}
	}
}

func FuzzLooksLike(f *testing.F) {
	for _, head := range []string{"<a", "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;", "PK\x03\x04", "\xff\xfe<\x00a\x00"} {
		f.Add([]byte(head))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		if kind := LooksLike(head); kind != oneLine(kind) || len(kind) > 1000 {
			t.Errorf("%q", kind)
		}
	})
}
