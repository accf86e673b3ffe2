package reports

import (
	"fmt"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// Pages are set in the Go fonts, which are free and small. They have the Latin, Greek and Cyrillic letters of European
// languages and common signs; anything else (Arabic, Hebrew, Chinese, emoji, …) is shown as missing.
const missing = '□'

// typeface is one weight of the fonts. It remembers the widths that it has looked up, so it is for one file at a time.
type typeface struct {
	font   *sfnt.Font
	buffer sfnt.Buffer
	widths map[rune]float64 // of an em; 0: missing
}

var fonts = sync.OnceValues(func() (fonts [2]*sfnt.Font, err error) {
	for i, ttf := range [2][]byte{goregular.TTF, gobold.TTF} {
		if fonts[i], err = sfnt.Parse(ttf); err != nil {
			return fonts, fmt.Errorf("the font of pages: %w", err)
		}
	}
	return fonts, nil
})

// typefaces returns the regular and the bold one.
func typefaces() (faces [2]*typeface, err error) {
	parsed, err := fonts()
	for i := range faces {
		faces[i] = &typeface{font: parsed[i], widths: map[rune]float64{}}
	}
	return faces, err
}

// width returns the width of a character in ems, 0 if the font lacks it.
func (f *typeface) width(r rune) float64 {
	w, known := f.widths[r]
	if known {
		return w
	}
	if glyph, err := f.font.GlyphIndex(&f.buffer, r); err == nil && glyph != 0 {
		const em = 1000
		if advance, err := f.font.GlyphAdvance(&f.buffer, glyph, fixed.I(em), font.HintingNone); err == nil {
			w = float64(advance) / 64 / em
		}
	}
	f.widths[r] = w
	return w
}

// shown replaces what the font lacks, and reports whether there was anything. A tab is four blanks.
func (f *typeface) shown(s string) (shown string, lacks bool) {
	s = strings.ReplaceAll(s, "\t", "    ")
	return strings.Map(func(r rune) rune {
		if r == '\n' || f.width(r) > 0 {
			return r
		}
		lacks = true
		return missing
	}, s), lacks
}

// maxLines is how many lines a cell of a page has at most; the rest is cut, so that a row always fits a page.
const maxLines = 12

// wrap breaks a text into lines of at most so many ems: after a blank if one is near, else anywhere.
func (f *typeface) wrap(s string, ems float64) (lines []string) {
	for line := range strings.SplitSeq(s, "\n") {
		for {
			head, rest := f.fit(line, ems)
			if len(lines) == maxLines {
				lines[maxLines-1] += "…"
				return lines
			}
			lines = append(lines, strings.TrimRight(head, " "))
			if rest == "" {
				break
			}
			line = rest
		}
	}
	return lines
}

// fit cuts a line where it is full. At least one character fits.
func (f *typeface) fit(line string, ems float64) (head, rest string) {
	width, blank := 0.0, 0
	for i, r := range line {
		if width += f.width(r); width > ems && i > 0 {
			if blank > i/2 {
				i = blank
			}
			return line[:i], line[i:]
		}
		if r == ' ' {
			blank = i + 1
		}
	}
	return line, ""
}
