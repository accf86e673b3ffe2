package reports

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/image/tiff"

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

func manyRows(n int) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for i := range n {
			if !yield([]string{fmt.Sprint(i + 1), fmt.Sprintf("srv%05d", i+1), "192.0.2.1", "in rack"}, nil) {
				return
			}
		}
	}
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

// office converts a file with LibreOffice and returns what came out.
func office(t *testing.T, name, to, extension string) string {
	t.Helper()
	dir := t.TempDir()
	reader(t, "soffice", "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--convert-to", to, "--outdir", dir, name)
	out, err := os.ReadFile(filepath.Join(dir, "report"+extension))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
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

func TestDOCX(t *testing.T) {
	t.Parallel()
	out := office(t, file(t, store.FormatDOCX, awkwardTable()), "txt:Text (encoded):UTF8", ".txt")
	flat := strings.ReplaceAll(out, "\r\n", "\n")
	for _, want := range []string{"Assets", "Nightly & <new>, for rosa · 2024-12-06 17:59 UTC", "Asset ID"} {
		if !strings.Contains(flat, want) {
			t.Errorf("%q is not there", want)
		}
	}
	for _, a := range awkward {
		if want := strings.TrimSpace(a.clean); !strings.Contains(flat, want) {
			t.Errorf("%s: %q is not there", a.name, want)
		}
	}
}

func TestDOCXHasPages(t *testing.T) {
	t.Parallel()
	table := tableOf()
	table.Rows = manyRows(200)
	name := file(t, store.FormatDOCX, table)
	dir := t.TempDir()
	pdf := filepath.Join(dir, "report.pdf")
	if err := os.WriteFile(pdf, []byte(office(t, name, "pdf", ".pdf")), 0o600); err != nil {
		t.Fatal(err)
	}
	pages := strings.Split(strings.TrimSuffix(reader(t, "pdftotext", "-layout", pdf, "-"), "\f"), "\f")
	mustBePaged(t, pages, 200)
}

// mustBePaged finds every row, and on each page the names of the columns and its number.
func mustBePaged(t *testing.T, pages []string, rows int) {
	t.Helper()
	for i, p := range pages {
		if number := fmt.Sprintf("Page %d of %d", i+1, len(pages)); !strings.Contains(p, number) || !strings.Contains(p, "Asset ID") {
			t.Errorf("on page %d there is no %q, or no Asset ID:\n%s", i+1, number, p)
		}
	}
	for n := range rows {
		if name := fmt.Sprintf("srv%05d", n+1); !strings.Contains(strings.Join(pages, ""), name) {
			t.Fatalf("%s is missing", name)
		}
	}
}

func TestPDF(t *testing.T) {
	t.Parallel()
	name := file(t, store.FormatPDF, awkwardTable())
	if out := reader(t, "qpdf", "--check", name); !strings.Contains(out, "No syntax or stream encoding errors") {
		t.Errorf("qpdf: %s", out)
	}
	out := reader(t, "pdftotext", "-layout", name, "-")
	for _, want := range []string{
		"Assets", "Nightly & <new>, for rosa · 2024-12-06 17:59 UTC", "Asset ID", "=HYPERLINK", "@SUM(A1)", "{nb}", "_x0041_", "two", "Ünïcödé Ελληνικά", "Кириллица",
		"<w:p>&amp;]]></w:t>", "a�b�c�[31md�e", "caf�", "□□ □", "0123456789", "…", "Page 1 of 1", "□ stands for a character",
		fmt.Sprintf("row%d", len(awkward)),
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not there in\n%s", want, out)
		}
	}
}

func TestPDFHasPages(t *testing.T) {
	t.Parallel()
	table := tableOf()
	table.Rows = manyRows(2000)
	name := file(t, store.FormatPDF, table)
	if out := reader(t, "qpdf", "--check", name); !strings.Contains(out, "No syntax or stream encoding errors") {
		t.Errorf("qpdf: %s", out)
	}
	pages := strings.Split(strings.TrimSuffix(reader(t, "pdftotext", "-layout", name, "-"), "\f"), "\f")
	mustBePaged(t, pages, 2000)
}

func TestTIFF(t *testing.T) {
	t.Parallel()
	table := tableOf()
	table.Rows = manyRows(200)
	name := file(t, store.FormatTIFF, table)
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	first, err := tiff.Decode(bytes.NewReader(b))
	if err != nil || first.Bounds() != image.Rect(0, 0, rasterWidth, rasterHeight) {
		t.Fatalf("the first page: %v", err)
	}
	info := reader(t, "tiffinfo", "-D", name)
	for n := range 5 {
		if want := fmt.Sprintf("Page Number: %d-5", n); !strings.Contains(info, want) {
			t.Errorf("tiffinfo does not say %q:\n%s", want, info)
		}
	}
	for _, want := range []string{"Image Width: 3504 Image Length: 2479", "Resolution: 300, 300 pixels/inch", "AdobeDeflate", "DocumentName: Assets", "DateTime: 2024:12:06 17:59:40"} {
		if strings.Count(info, want) != 5 {
			t.Errorf("tiffinfo does not say %q of 5 pages:\n%s", want, info)
		}
	}
	pdf := filepath.Join(t.TempDir(), "pages.pdf")
	info += reader(t, "tiff2pdf", "-o", pdf, name) // which decodes every page
	if strings.Contains(info, "Warning") || strings.Contains(info, "rror") {
		t.Errorf("tiffinfo complains:\n%s", info)
	}
}

// TestTIFFCanBeRead has the pages read by a machine that knows nothing but what they look like.
func TestTIFFCanBeRead(t *testing.T) {
	t.Parallel()
	table := tableOf()
	table.Rows = manyRows(60)
	out := reader(t, "tesseract", file(t, store.FormatTIFF, table), "-", "--psm", "6")
	found := 0
	for n := range 60 {
		if strings.Contains(out, fmt.Sprintf("\n%d srv", n+1)) {
			found++
		}
	}
	if found < 58 || !strings.Contains(out, "Page 2 of 2") || !strings.Contains(out, "Nightly") { // it may misread a letter
		t.Errorf("%d of 60 rows can be read:\n%s", found, out)
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

// full is a writer that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, os.ErrClosed }

// A sheet that is too large for memory lies in the folder that was named, and is gone when it is written.
func TestALargeWorkbookLeavesNothing(t *testing.T) {
	t.Parallel()
	table, scratch := tableOf(), t.TempDir()
	table.Rows = func(yield func([]string, error) bool) {
		for range 600 {
			if !yield([]string{"1", strings.Repeat("d", maxCell+1000), "", ""}, nil) {
				return
			}
		}
		if files, err := os.ReadDir(scratch); err != nil || len(files) != 1 {
			t.Errorf("while it is written there are %v, %v", files, err)
		}
	}
	var b bytes.Buffer
	if err := Write(&b, store.FormatXLSX, table, Scratch{Folder: scratch}); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(scratch); err != nil || len(files) != 0 {
		t.Errorf("left are %v, %v", files, err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	if cell, err := f.GetCellValue("Report", "B601"); err != nil || len([]rune(cell)) != maxCell || !strings.HasSuffix(cell, "…") {
		t.Errorf("%d characters, %v", len([]rune(cell)), err)
	}
}

// A sheet in the making grows no further than there is room, and leaves nothing.
func TestALargeWorkbookSparesTheDisk(t *testing.T) {
	t.Parallel()
	folder, left := t.TempDir(), 20<<20
	room := func(bytes int) error {
		if left -= bytes; left < 0 {
			return store.ErrNoSpace
		}
		return nil
	}
	table, rows := tableOf(), 0
	table.Rows = func(yield func([]string, error) bool) {
		for rows = range 1000 {
			if !yield([]string{"1", strings.Repeat("d", maxCell), "", ""}, nil) {
				return
			}
		}
	}
	if err := Write(io.Discard, store.FormatXLSX, table, Scratch{folder, room}); !errors.Is(err, store.ErrNoSpace) {
		t.Errorf("without room: %v, want ErrNoSpace", err)
	}
	if rows < 16<<20/maxCell || rows > 20<<20/maxCell {
		t.Errorf("%d rows were taken, and there was room for %d", rows, 20<<20/maxCell)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 0 {
		t.Errorf("left are %v, %v", files, err)
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

func TestTooManyRowsAreCounted(t *testing.T) {
	t.Parallel()
	var got [][]string
	for row, err := range limited(manyRows(12), 10) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row)
	}
	if len(got) != 11 || got[9][1] != "srv00010" || got[10][0] != "… 2 more rows are left out: a file of this format has at most 10." || len(got[10]) != 4 {
		t.Errorf("%q", got)
	}
}
