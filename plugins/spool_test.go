package plugins

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
)

// TestSpool changes the working directory, as muster does for an importer.
func TestSpool(t *testing.T) {
	t.Chdir(t.TempDir())
	s, err := NewFile("", iotest.OneByteReader(strings.NewReader("content")), nil).Spool(7)
	if err != nil {
		t.Fatal(err)
	}
	end := make([]byte, 4)
	if n, err := s.ReadAt(end, 3); n != 4 || err != nil || string(end) != "tent" || s.Size != 7 {
		t.Errorf("%q of %d bytes, %v", end[:n], s.Size, err)
	}
	if again, err := os.ReadFile(s.Name()); string(again) != "content" {
		t.Errorf("by its name it is %q, %v", again, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	broken := errors.New("the connection broke")
	for content, want := range map[io.Reader]error{
		strings.NewReader("content"): ErrTooLarge,
		iotest.ErrReader(broken):     broken,
	} {
		if _, err := NewFile("", content, nil).Spool(6); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
