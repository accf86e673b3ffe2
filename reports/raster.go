package reports

import (
	"errors"
	"image"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// The size of a page as pixels.
const (
	rasterDPI    = 300
	rasterWidth  = 3504 // 841 points, in whole bytes
	rasterHeight = 2479 // 595 points
	rasterStride = (rasterWidth + 7) / 8
)

// raster draws pages in black and white. It remembers how each letter looks, since drawing its outline is what costs.
type raster struct {
	faces   map[weight]font.Face
	widths  [2]*typeface            // as the pages were laid out with: regular, bold
	letters map[letter]*image.Alpha // with the origin at 0, 0
	bits    []byte
}

type weight struct {
	size float64
	bold bool
}

type letter struct {
	weight
	r rune
}

func newRaster() (*raster, error) {
	parsed, err := fonts()
	if err != nil {
		return nil, err
	}
	widths, err := typefaces()
	d := &raster{widths: widths, faces: map[weight]font.Face{}, letters: map[letter]*image.Alpha{}, bits: make([]byte, rasterStride*rasterHeight)}
	for _, size := range []float64{textSize, titleSize} {
		for i, bold := range []bool{false, true} {
			if err != nil {
				return nil, err
			}
			d.faces[weight{size, bold}], err = opentype.NewFace(parsed[i], &opentype.FaceOptions{Size: size, DPI: rasterDPI, Hinting: font.HintingNone})
		}
	}
	return d, err
}

func (d *raster) close() error {
	var failed error
	for _, face := range d.faces {
		failed = errors.Join(failed, face.Close())
	}
	return failed
}

// pixels is a length of a page in pixels.
func pixels(points float64) int { return int(math.Round(points * rasterDPI / 72)) }

// page draws a page. The bits are valid until the next one.
func (d *raster) page(p *page) []byte {
	clear(d.bits)
	for _, y := range p.rules {
		for x := pixels(margin); x < pixels(pageWidth-margin); x += 3 {
			d.set(x, pixels(y)) // dots, that a rule is not taken for text
		}
	}
	for _, t := range p.texts {
		face := d.widths[0]
		if t.bold {
			face = d.widths[1]
		}
		x := t.x
		for _, r := range t.s {
			d.draw(letter{weight{t.size, t.bold}, r}, pixels(x), pixels(t.y))
			x += face.width(r) * t.size
		}
	}
	return d.bits
}

// draw draws a letter with its origin at a pixel.
func (d *raster) draw(l letter, x, y int) {
	mask := d.letters[l]
	if mask == nil {
		mask = d.outline(l)
		d.letters[l] = mask
	}
	for my := mask.Rect.Min.Y; my < mask.Rect.Max.Y; my++ {
		for mx := mask.Rect.Min.X; mx < mask.Rect.Max.X; mx++ {
			if mask.Pix[mask.PixOffset(mx, my)] >= 128 {
				d.set(x+mx, y+my)
			}
		}
	}
}

// outline fills the outline of a letter.
func (d *raster) outline(l letter) *image.Alpha {
	bounds, mask, from, _, ok := d.faces[l.weight].Glyph(fixed.Point26_6{}, l.r)
	filled := image.NewAlpha(bounds)
	if !ok {
		return filled
	}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			_, _, _, a := mask.At(x-bounds.Min.X+from.X, y-bounds.Min.Y+from.Y).RGBA()
			filled.Pix[filled.PixOffset(x, y)] = byte(a >> 8)
		}
	}
	return filled
}

// set makes a pixel black.
func (d *raster) set(x, y int) {
	if x >= 0 && x < rasterWidth && y >= 0 && y < rasterHeight {
		d.bits[y*rasterStride+x/8] |= 0x80 >> (x % 8)
	}
}
