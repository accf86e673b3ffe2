package reports

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/musterhq/muster/store"
)

var made = time.Date(2024, 12, 6, 17, 59, 40, 0, time.UTC)

// tableOf is a table of the given rows.
func tableOf(rows ...[]string) Table {
	t := Table{Title: "Assets", Note: "Nightly & <new>, for rosa", Made: made, Rows: func(yield func([]string, error) bool) {
		for _, row := range rows {
			if !yield(slices.Clone(row), nil) {
				return
			}
		}
	}}
	for i := range 4 {
		t.Columns = append(t.Columns, Column{[]string{"Asset ID", "Asset", "Address", "Description"}[i], []float64{1, 3, 2, 4}[i]})
	}
	return t
}

// awkward are cells that break careless writers, and what a reader should find of them.
var awkward = []struct{ name, cell, clean string }{
	{"empty", "", ""},
	{"a formula", "=HYPERLINK(\"http://evil\",\"x\")", "=HYPERLINK(\"http://evil\",\"x\")"},
	{"another", "+1+cmd|' /C calc'!A0", "+1+cmd|' /C calc'!A0"},
	{"minus", "-2+3", "-2+3"},
	{"at", "@SUM(A1)", "@SUM(A1)"},
	{"full width", "＝1+1", "＝1+1"},
	{"a leading tab", "\t=1+1", "\t=1+1"},
	{"a leading return", "\r=1+1", "\n=1+1"},
	{"lines", "one\r\ntwo\nthree", "one\ntwo\nthree"},
	{"quotes and separators", `a "b", 'c'; d`, `a "b", 'c'; d`},
	{"markup", `<w:p>&amp;]]></w:t>`, `<w:p>&amp;]]></w:t>`},
	{"what a workbook escapes", "_x0041_", "_x0041_"},
	{"what a page counts with", "{nb}", "{nb}"},
	{"blanks around", "  x  ", "  x  "},
	{"from right to left", "שלום \u202eevil\u202c مرحبا", "שלום \u202eevil\u202c مرحبا"},
	{"other letters", "Ünïcödé Ελληνικά Кириллица", "Ünïcödé Ελληνικά Кириллица"},
	{"Chinese and emoji", "資産 👩\u200d👩\u200d👧 𝔘", "資産 👩\u200d👩\u200d👧 𝔘"},
	{"the edges of planes", "\U00010000\U0010ffff\ufffe", "\U00010000\U0010ffff\ufffd"},
	{"controls", "a\x00b\x07c\x1b[31md\u0085e", "a\ufffdb\ufffdc\ufffd[31md\ufffde"},
	{"no UTF-8", "caf\xe9", "caf\ufffd"},
	{"long", strings.Repeat("0123456789", 1000), strings.Repeat("0123456789", 1000)},
}

func awkwardTable() Table {
	var rows [][]string
	for i, a := range awkward {
		rows = append(rows, []string{fmt.Sprint(i + 1), a.cell, a.name, "row" + fmt.Sprint(i+1)})
	}
	return tableOf(rows...)
}

// file writes a table into a file of the test.
func file(t *testing.T, format string, table Table) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, format, table, Scratch{}); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	f, _ := store.FormatByName(format)
	name := filepath.Join(t.TempDir(), "report"+f.Extension)
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// reader runs a program that reads a file, and skips the test without it.
func reader(t *testing.T, program string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed: the file is not opened with a real reader", program)
	}
	var out, complaints bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", program, err, out.Bytes(), complaints.Bytes())
	}
	return out.String() + complaints.String()
}

func TestCSV(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(file(t, store.FormatCSV, awkwardTable()))
	if err != nil {
		t.Fatal(err)
	}
	plain, marked := strings.CutPrefix(string(text), byteOrderMark)
	if !marked {
		t.Error("no byte order mark")
	}
	rows, err := csv.NewReader(strings.NewReader(plain)).ReadAll()
	if err != nil || len(rows) != len(awkward)+1 || rows[0][1] != "Asset" {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, a := range awkward {
		want := a.clean
		if strings.IndexAny(want, "=+-@\t\n＝") == 0 {
			want = "'" + want
		}
		if got := rows[i+1][1]; got != want {
			t.Errorf("%s: %q, want %q", a.name, got, want)
		}
	}
}

// TestNoFormulaInASpreadsheet opens the CSV as people do, and looks for a cell that was computed.
func TestNoFormulaInASpreadsheet(t *testing.T) {
	t.Parallel()
	rows := [][]string{}
	for _, begin := range []string{"=", "+", "-", "@", "\t=", "\r=", "\n=", "＝", "\u00a0=", " ="} {
		rows = append(rows, []string{"1", begin + "1234*2", "x", "y"})
	}
	name := file(t, store.FormatCSV, tableOf(rows...))
	if out := office(t, name, "xhtml", ".xhtml"); strings.Contains(out, "2468") || !strings.Contains(out, "1234*2") {
		t.Errorf("a cell was computed:\n%s", out)
	}
}

func TestXLSX(t *testing.T) {
	t.Parallel()
	name := file(t, store.FormatXLSX, awkwardTable())
	f, err := excelize.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.GetRows("Report")
	if err != nil || len(rows) != len(awkward)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, a := range awkward {
		if got := rows[i+1][1]; got != a.clean {
			t.Errorf("%s: %q, want %q", a.name, got, a.clean)
		}
	}
	// Text, in quotes, formulas shown as such: UTF-8, every cell as text.
	out := office(t, name, `csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1`, "-Report.csv")
	got, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(out, byteOrderMark))).ReadAll()
	if err != nil || len(got) != len(awkward)+1 {
		t.Fatalf("LibreOffice reads %d rows, %v", len(got), err)
	}
	for i, a := range awkward {
		if got := strings.ReplaceAll(got[i+1][1], "\r\n", "\n"); got != a.clean {
			t.Errorf("LibreOffice, %s: %q, want %q", a.name, got, a.clean)
		}
	}
}

func TestEveryFormatOfEveryTable(t *testing.T) {
	t.Parallel()
	long := tableOf()
	long.Rows = manyRows(2000)
	for _, f := range store.Formats() {
		for name, table := range map[string]Table{"an empty table": tableOf(), "awkward cells": awkwardTable(), "2,000 rows": long} {
			var b bytes.Buffer
			if err := Write(&b, f.Name, table, Scratch{}); err != nil || b.Len() == 0 {
				t.Errorf("%s as %s: %v, %d bytes", name, f.Name, err, b.Len())
			}
		}
		broken := tableOf()
		broken.Rows = func(yield func([]string, error) bool) {
			if yield([]string{"1", "a", "b", "c"}, nil) {
				yield(nil, os.ErrDeadlineExceeded)
			}
		}
		if err := Write(&bytes.Buffer{}, f.Name, broken, Scratch{}); err == nil {
			t.Errorf("%s: a report that breaks off is whole", f.Name)
		}
		if err := Write(full{}, f.Name, long, Scratch{}); err == nil {
			t.Errorf("%s: what cannot be written is whole", f.Name)
		}
	}
	if err := Write(&bytes.Buffer{}, "HTML", tableOf(), Scratch{}); err == nil {
		t.Error("there is no such format")
	}
}

// FuzzCells finds no text that breaks a format, or that comes back as another.
func FuzzCells(f *testing.F) {
	for _, a := range awkward {
		f.Add(a.cell, a.name)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		files := map[string]*bytes.Buffer{}
		for _, format := range []string{store.FormatCSV, store.FormatXLSX, store.FormatPDF, store.FormatDOCX} {
			table := tableOf([]string{"1", a, b, ""})
			table.Title = a
			files[format] = &bytes.Buffer{}
			if err := Write(files[format], format, table, Scratch{}); err != nil {
				t.Fatalf("%s: %v", format, err)
			}
		}
		rows, err := csv.NewReader(files[store.FormatCSV]).ReadAll()
		if err != nil || strings.TrimPrefix(rows[1][1], "'") != strings.TrimPrefix(clean(a), "'") {
			t.Errorf("CSV: %q, want %q (%v)", rows, clean(a), err)
		}
		book, err := excelize.OpenReader(files[store.FormatXLSX])
		if err != nil {
			t.Fatal(err)
		}
		if got, err := book.GetCellValue("Report", "B2"); err != nil || got != cut(clean(a), maxCell) {
			t.Errorf("XLSX: %q, want %q (%v)", got, clean(a), err)
		}
		mustBeXML(t, files[store.FormatDOCX].Bytes())
	})
}

// mustBeXML reads the document of a DOCX.
func mustBeXML(t *testing.T, file []byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	document, err := z.Open("word/document.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer document.Close()
	for d := xml.NewDecoder(document); ; {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
