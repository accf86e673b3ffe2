package reports

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// A DOCX is a zip of XML files (ECMA-376, "Office Open XML"). These are all that a document of one table needs beside
// the table.
var docxParts = []struct{ name, content string }{
	{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>` +
		`<Override PartName="/word/footer.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"/></Types>`},
	{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`},
	{"word/_rels/document.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/footer" Target="footer.xml"/></Relationships>`},
	{"word/footer.xml", `<w:ftr ` + wordSpaces + `><w:p><w:pPr><w:jc w:val="center"/></w:pPr><w:r><w:t xml:space="preserve">Page </w:t></w:r>` +
		`<w:fldSimple w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple><w:r><w:t xml:space="preserve"> of </w:t></w:r>` +
		`<w:fldSimple w:instr=" NUMPAGES "><w:r><w:t>1</w:t></w:r></w:fldSimple></w:p></w:ftr>`},
}

const (
	wordSpaces = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" ` +
		`xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`

	// The page is A4, turned, in twentieths of a point.
	docxPage   = `<w:sectPr><w:footerReference w:type="default" r:id="rId1"/><w:pgSz w:w="16838" w:h="11906" w:orient="landscape"/><w:pgMar w:top="720" w:right="720" w:bottom="720" w:left="720" w:header="360" w:footer="360" w:gutter="0"/></w:sectPr>`
	docxWidth  = 16838 - 2*720
	docxBorder = `w:val="single" w:sz="4" w:space="0" w:color="A0A0A0"/>`
)

// writeDOCX writes a document of one table, whose first row is on every page. It has no fields but the page numbers.
func writeDOCX(w io.Writer, t Table) error {
	z := zip.NewWriter(w)
	for _, part := range docxParts {
		file, err := z.Create(part.name)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(file, xml.Header+part.content); err != nil {
			return err
		}
	}
	file, err := z.Create("word/document.xml")
	if err != nil {
		return err
	}
	d := &docxWriter{bufio.NewWriter(file)}
	if err := d.document(t); err != nil {
		return err
	}
	if err := d.Flush(); err != nil {
		return err
	}
	return z.Close()
}

// docxWriter writes the document. Its buffer remembers the first error, which Flush returns.
type docxWriter struct{ *bufio.Writer }

func (d *docxWriter) document(t Table) error {
	fmt.Fprintf(d, `%s<w:document %s><w:body>`, xml.Header, wordSpaces)
	d.paragraph(t.Title, 28, true)
	d.paragraph(strings.TrimPrefix(t.Note+" · "+stamp(t.Made), " · "), 16, false)
	d.WriteString(`<w:tbl><w:tblPr><w:tblBorders>`)
	for _, side := range []string{"top", "left", "bottom", "right", "insideH", "insideV"} {
		d.WriteString(`<w:` + side + ` ` + docxBorder)
	}
	d.WriteString(`</w:tblBorders><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>`)
	names, widths := make([]string, len(t.Columns)), divide(t.Columns, docxWidth)
	for i, c := range t.Columns {
		names[i] = c.Name
		fmt.Fprintf(d, `<w:gridCol w:w="%.0f"/>`, widths[i])
	}
	d.WriteString(`</w:tblGrid>`)
	d.row(names, widths, true)
	for row, err := range t.Rows {
		if err != nil {
			return err
		}
		d.row(row, widths, false)
	}
	_, err := d.WriteString(`</w:tbl><w:p/>` + docxPage + `</w:body></w:document>`)
	return err
}

func (d *docxWriter) row(cells []string, widths []float64, head bool) {
	d.WriteString(`<w:tr><w:trPr><w:cantSplit w:val="false"/>`)
	if head {
		d.WriteString(`<w:tblHeader/>`)
	}
	d.WriteString(`</w:trPr>`)
	for i, cell := range cells {
		fmt.Fprintf(d, `<w:tc><w:tcPr><w:tcW w:w="%.0f" w:type="dxa"/></w:tcPr>`, widths[i])
		d.paragraph(cell, 14, head)
		d.WriteString(`</w:tc>`)
	}
	d.WriteString(`</w:tr>`)
}

// paragraph writes a text in a size of half points, with its lines and tabs.
func (d *docxWriter) paragraph(s string, size int, bold bool) {
	weight := ""
	if bold {
		weight = "<w:b/>"
	}
	fmt.Fprintf(d, `<w:p><w:r><w:rPr>%[1]s<w:sz w:val="%[2]d"/><w:szCs w:val="%[2]d"/></w:rPr>`, weight, size)
	for i, line := range strings.Split(s, "\n") {
		if i > 0 {
			d.WriteString(`<w:br/>`)
		}
		for i, piece := range strings.Split(line, "\t") {
			if i > 0 {
				d.WriteString(`<w:tab/>`)
			}
			d.WriteString(`<w:t xml:space="preserve">`)
			xml.EscapeText(d, []byte(piece))
			d.WriteString(`</w:t>`)
		}
	}
	d.WriteString(`</w:r></w:p>`)
}

// divide shares a width between columns.
func divide(columns []Column, width float64) []float64 {
	sum := 0.0
	for _, c := range columns {
		sum += c.Width
	}
	shares := make([]float64, len(columns))
	for i, c := range columns {
		shares[i] = width * c.Width / sum
	}
	return shares
}
