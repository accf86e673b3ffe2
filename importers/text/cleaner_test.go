package text

import (
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/transform"
)

// TestWindows1252AtLength reads texts in which each byte becomes two, so that the buffers of the cleaner fill up at every place.
func TestWindows1252AtLength(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 1023, 1024, 2047, 2048, 2049, 3000, 4095, 4096, 4097, 32 << 10, 64<<10 - 1, 64 << 10, 200_000} {
		f, err := Open(strings.NewReader("a" + strings.Repeat("\xe9", n) + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		f.Allow(1 << 30)
		if got, err := io.ReadAll(f); err != nil || string(got) != "a"+strings.Repeat("é", n)+"\n" {
			t.Errorf("%d in a row: %d bytes, %v", n, len(got), err)
		}
	}
}

// TestCleanerInShortBuffers transforms into buffers of every size: what does not fit is asked for again, and nothing is lost.
func TestCleanerInShortBuffers(t *testing.T) {
	t.Parallel()
	const src, want = "ab\xe9€\r\n\x00\x80\U0001f600\ufeffc\r", "abé€\n €\U0001f600c\n"
	for size := 4; size <= len(want)+1; size++ {
		var got []byte
		rest := []byte(src)
		for rounds := 0; len(rest) > 0 && rounds < 100; rounds++ {
			dst := make([]byte, size)
			nDst, nSrc, err := cleaner{}.Transform(dst, rest, true)
			if err != nil && !errors.Is(err, transform.ErrShortDst) {
				t.Fatalf("%d bytes: %v", size, err)
			}
			got, rest = append(got, dst[:nDst]...), rest[nSrc:]
		}
		if string(got) != want {
			t.Errorf("in pieces of %d bytes: %q, want %q", size, got, want)
		}
	}
	if nDst, nSrc, err := (cleaner{}).Transform(make([]byte, 1), []byte("\xe9"), true); nDst != 0 || nSrc != 0 || err != transform.ErrShortDst {
		t.Errorf("a character that does not fit: %d, %d, %v", nDst, nSrc, err)
	}
}

// TestMarkAgainstDeclaration reads XML with a byte order mark that contradicts what the declaration says: the mark is right.
func TestMarkAgainstDeclaration(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"UTF-8, declared as Latin 2":   "\ufeff<?xml version='1.0' encoding='ISO-8859-2'?>é",
		"UTF-8, declared as UTF-16":    "\ufeff<?xml version='1.0' encoding='UTF-16'?>é",
		"UTF-8, declared as Shift JIS": "\ufeff<?xml version='1.0' encoding='Shift_JIS'?>é",
	} {
		f, err := Open(strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		f.Allow(1 << 20)
		if got, err := io.ReadAll(f); err != nil || string(got) != strings.TrimPrefix(content, "\ufeff") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
