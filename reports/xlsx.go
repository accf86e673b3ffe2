package reports

import (
	"errors"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// maxCell is how many characters a cell of a workbook has at most; beyond 32767 a spreadsheet calls the file damaged.
const maxCell = 32_000

// writeXLSX writes a workbook of one sheet. All cells are text, so that none is a formula. The title and the date are in
// its properties and, with the page numbers, on its printed pages. Above 16 MiB the sheet goes to a file in scratch, which grows
// with the rows; so each is asked room for.
func writeXLSX(w io.Writer, t Table, scratch Scratch) (err error) {
	f := excelize.NewFile(excelize.Options{TmpDir: scratch.Folder})
	defer func() { err = errors.Join(err, f.Close()) }()
	const sheet = "Report"
	if err := errors.Join(
		f.SetSheetName("Sheet1", sheet),
		f.SetDocProps(&excelize.DocProperties{Title: t.Title, Description: t.Note, Creator: "muster", Created: t.Made.UTC().Format("2006-01-02T15:04:05Z")}),
		f.SetHeaderFooter(sheet, &excelize.HeaderFooterOptions{
			OddHeader: "&L" + strings.ReplaceAll(cut(t.Title, 100), "&", "&&") + "&R" + stamp(t.Made), OddFooter: "&CPage &P of &N",
		}),
		f.SetPageLayout(sheet, &excelize.PageLayoutOptions{Orientation: ptr("landscape"), Size: ptr(paperA4)}),
	); err != nil {
		return err
	}
	rows, err := f.NewStreamWriter(sheet)
	if err != nil {
		return err
	}
	if err := begin(f, rows, t.Columns); err != nil {
		return err
	}
	n := 1
	for row, err := range t.Rows {
		if err != nil {
			return err
		}
		if err := scratch.room(row); err != nil {
			return err
		}
		cells := make([]any, len(row))
		for i := range row {
			cells[i] = cut(row[i], maxCell)
		}
		n++
		at, err := excelize.CoordinatesToCellName(1, n)
		if err != nil {
			return err
		}
		if err := rows.SetRow(at, cells); err != nil {
			return err
		}
	}
	if err := rows.Flush(); err != nil {
		return err
	}
	_, err = f.WriteTo(w)
	return err
}

// paperA4 is the number of A4 in a workbook.
const paperA4 = 9

// begin writes the names of the columns, which stay in sight and are printed on every page.
func begin(f *excelize.File, rows *excelize.StreamWriter, columns []Column) error {
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	names := make([]any, len(columns))
	for i, c := range columns {
		names[i] = excelize.Cell{StyleID: bold, Value: c.Name}
		if err := rows.SetColWidth(i+1, i+1, 4+8*c.Width); err != nil {
			return err
		}
	}
	if err := rows.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	return rows.SetRow("A1", names)
}

func ptr[T any](v T) *T { return &v }
