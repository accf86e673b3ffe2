package reports

import (
	"io"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
)

// writePDF draws the pages of a table. The letters that are used are embedded with it.
func writePDF(w io.Writer, t Table) error {
	pages, err := lay(t)
	if err != nil {
		return err
	}
	const family = "Go"
	f := fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: pageWidth, Ht: pageHeight}})
	f.AddUTF8FontFromBytes(family, "", goregular.TTF)
	f.AddUTF8FontFromBytes(family, "B", gobold.TTF)
	f.SetTitle(t.Title, true)
	f.SetCreator("muster", true)
	f.SetCreationDate(t.Made.UTC())
	f.SetModificationDate(t.Made.UTC())
	f.SetAutoPageBreak(false, 0)
	f.SetDrawColor(160, 160, 160)
	f.SetLineWidth(0.3)
	for _, p := range pages {
		f.AddPage()
		for _, y := range p.rules {
			f.Line(margin, y, pageWidth-margin, y)
		}
		for _, s := range p.texts {
			style := ""
			if s.bold {
				style = "B"
			}
			f.SetFont(family, style, s.size)
			f.Text(s.x, s.y, s.s)
		}
	}
	return f.Output(w)
}
