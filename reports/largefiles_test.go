package reports

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/musterhq/muster/store"
)

func manyRows(n int) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for i := range n {
			if !yield([]string{fmt.Sprint(i + 1), fmt.Sprintf("srv%05d", i+1), "192.0.2.1", "in rack"}, nil) {
				return
			}
		}
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
	f, err := excelize.OpenReader(&b, excelize.Options{TmpDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // which removes the sheet that the reader has put into a file
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
