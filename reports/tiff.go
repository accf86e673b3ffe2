package reports

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
)

// writeTIFF writes the pages of a table as the pages of a TIFF 6.0 file: black and white, compressed with Deflate. A page
// is written as soon as it is drawn, so the file is never held whole.
func writeTIFF(w io.Writer, t Table) error {
	pages, err := lay(t)
	if err != nil {
		return err
	}
	draw, err := newRaster()
	if err != nil {
		return err
	}
	defer draw.close()
	f := &tiffWriter{w: w, date: t.Made.UTC().Format("2006:01:02 15:04:05"), title: ascii(t.Title)}
	f.write([]byte("II*\x00"), uint32(8)) // little-endian; the first directory follows
	f.at = 8
	for i, p := range pages {
		if err := f.page(i, len(pages), draw.page(p)); err != nil {
			return err
		}
	}
	return f.err
}

// ascii is a text as a field of a TIFF can hold it.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// tiffWriter writes pages one behind the other, each as its directory and what that points at. It remembers the first error.
type tiffWriter struct {
	w           io.Writer
	at          uint32 // how much is written
	date, title string
	err         error
}

func (f *tiffWriter) write(values ...any) {
	for _, v := range values {
		if f.err == nil {
			f.err = binary.Write(f.w, binary.LittleEndian, v)
		}
	}
}

// The types of a field, and the tags that are used, in the order that a directory must have.
const (
	tiffASCII, tiffShort, tiffLong, tiffRational = 2, 3, 4, 5

	tiffSubfile, tiffWidth, tiffLength, tiffBits, tiffCompression, tiffPhotometric, tiffName = 254, 256, 257, 258, 259, 262, 269
	tiffStrips, tiffSamples, tiffRows, tiffBytes, tiffXRes, tiffYRes, tiffUnit, tiffPage     = 273, 277, 278, 279, 282, 283, 296, 297
	tiffDate                                                                                 = 306
)

// stripRows is how many rows of pixels are compressed at a time, so that a reader needs little memory (TIFF 6.0, "Strips").
const stripRows = 256

// strips compresses the pixels of a page. What is packed is of even length.
func strips(bits []byte) (packed []byte, sizes []uint32, err error) {
	var b bytes.Buffer
	for strip := range slices.Chunk(bits, stripRows*rasterStride) {
		before := b.Len()
		z := zlib.NewWriter(&b)
		if _, err := z.Write(strip); err != nil {
			return nil, nil, err
		}
		if err := z.Close(); err != nil {
			return nil, nil, err
		}
		sizes = append(sizes, uint32(b.Len()-before))
	}
	if b.Len()%2 == 1 {
		b.WriteByte(0)
	}
	return b.Bytes(), sizes, nil
}

// fields is how many fields a directory has.
const fields = 16

// directory says where what belongs to a page lies: behind its fields, in this order, what does not fit them, and the strips.
type directory struct {
	resolution, date, sizesAt, offsetsAt, title uint32
	offsets                                     []uint32 // of the strips
	end                                         uint32
}

func (f *tiffWriter) plan(sizes []uint32, title []byte) (d directory) {
	count := uint32(len(sizes))
	d.resolution = f.at + 2 + 12*fields + 4
	d.date = d.resolution + 8
	d.sizesAt = d.date + 20
	d.offsetsAt = d.sizesAt + 4*count
	d.title = d.offsetsAt + 4*count
	d.end = d.title + uint32(len(title))
	d.end += d.end % 2
	for _, size := range sizes {
		d.offsets = append(d.offsets, d.end)
		d.end += size
	}
	d.end += d.end % 2 // where the next directory may begin
	return d
}

// page writes one page of black and white pixels, eight in a byte.
func (f *tiffWriter) page(n, of int, bits []byte) error {
	packed, sizes, err := strips(bits)
	if err != nil {
		return err
	}
	title := append([]byte(f.title), 0)
	d, count := f.plan(sizes, title), uint32(len(sizes))
	f.write(uint16(fields))
	for _, field := range [fields]struct {
		tag, kind    uint16
		count, value uint32
	}{
		{tiffSubfile, tiffLong, 1, 2}, // a page of several
		{tiffWidth, tiffLong, 1, rasterWidth},
		{tiffLength, tiffLong, 1, rasterHeight},
		{tiffBits, tiffShort, 1, 1},
		{tiffCompression, tiffShort, 1, 8}, // Deflate
		{tiffPhotometric, tiffShort, 1, 0}, // 0 is white
		{tiffName, tiffASCII, uint32(len(title)), d.title},
		{tiffStrips, tiffLong, count, d.offsetsAt},
		{tiffSamples, tiffShort, 1, 1},
		{tiffRows, tiffLong, 1, stripRows},
		{tiffBytes, tiffLong, count, d.sizesAt},
		{tiffXRes, tiffRational, 1, d.resolution},
		{tiffYRes, tiffRational, 1, d.resolution},
		{tiffUnit, tiffShort, 1, 2}, // inches
		{tiffPage, tiffShort, 2, uint32(of)<<16 | uint32(n)},
		{tiffDate, tiffASCII, 20, d.date},
	} {
		f.write(field.tag, field.kind, field.count, field.value)
	}
	next := d.end
	if n+1 == of {
		next = 0
	}
	f.write(next, uint32(rasterDPI), uint32(1), append([]byte(f.date), 0), sizes, d.offsets, title)
	if len(title)%2 == 1 {
		f.write(byte(0))
	}
	f.write(packed)
	f.at = d.end
	if f.err != nil {
		return fmt.Errorf("write page %d: %w", n+1, f.err)
	}
	return nil
}
