package text

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

// TestASCIIRun has every byte in every place of a word and behind it.
func TestASCIIRun(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		for at := range 20 {
			src := bytes.Repeat([]byte{' ', '~'}, 10)
			src[at] = byte(c)
			want := len(src)
			if c >= utf8.RuneSelf || c < ' ' && c != '\n' && c != '\t' {
				want = at
			}
			if got := asciiRun(src); got != want {
				t.Errorf("byte %#x at %d: %d, want %d", c, at, got, want)
			}
		}
	}
}
