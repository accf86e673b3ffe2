package reports

import (
	"bytes"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"github.com/musterhq/muster/store"
)

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
