package reports

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
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
	f := &tiffWriter{w: w, date: t.Made.UTC().Format("2006:01:02 15:04:05"), title: t.Title}
	f.write([]byte("II*\x00"), uint32(8)) // little-endian; the first directory follows
	f.at = 8
	for i, p := range pages {
		if err := f.page(i, len(pages), draw.page(p)); err != nil {
			return err
		}
	}
	return f.err
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

// strips compresses the pixels of a page.
func strips(bits []byte) (packed bytes.Buffer, sizes []uint32, err error) {
	for strip := range slices.Chunk(bits, stripRows*rasterStride) {
		before := packed.Len()
		z := zlib.NewWriter(&packed)
		if _, err := z.Write(strip); err != nil {
			return packed, nil, err
		}
		if err := z.Close(); err != nil {
			return packed, nil, err
		}
		sizes = append(sizes, uint32(packed.Len()-before))
	}
	if packed.Len()%2 == 1 {
		packed.WriteByte(0) // the next directory begins at an even offset
	}
	return packed, sizes, nil
}

// page writes one page of black and white pixels, eight in a byte.
func (f *tiffWriter) page(n, of int, bits []byte) error {
	packed, sizes, err := strips(bits)
	if err != nil {
		return err
	}
	title := append([]byte(f.title), 0)
	titleBytes := uint32(len(title))
	if len(title)%2 == 1 {
		title = append(title, 0) // which is not counted
	}
	// Behind the directory lie, in this order, what does not fit its fields, and the strips.
	const fields = 16
	resolution := f.at + 2 + 12*fields + 4
	date := resolution + 8
	sizesAt := date + 20
	count := uint32(len(sizes))
	offsetsAt := sizesAt + 4*count
	name := offsetsAt + 4*count
	next := name + uint32(len(title))
	offsets := make([]uint32, count)
	for i, size := range sizes {
		offsets[i] = next
		next += size
	}
	next += next % 2
	f.write(uint16(fields))
	for _, d := range [fields]struct {
		tag, kind    uint16
		count, value uint32
	}{
		{tiffSubfile, tiffLong, 1, 2}, // a page of several
		{tiffWidth, tiffLong, 1, rasterWidth},
		{tiffLength, tiffLong, 1, rasterHeight},
		{tiffBits, tiffShort, 1, 1},
		{tiffCompression, tiffShort, 1, 8}, // Deflate
		{tiffPhotometric, tiffShort, 1, 0}, // 0 is white
		{tiffName, tiffASCII, titleBytes, name},
		{tiffStrips, tiffLong, count, offsetsAt},
		{tiffSamples, tiffShort, 1, 1},
		{tiffRows, tiffLong, 1, stripRows},
		{tiffBytes, tiffLong, count, sizesAt},
		{tiffXRes, tiffRational, 1, resolution},
		{tiffYRes, tiffRational, 1, resolution},
		{tiffUnit, tiffShort, 1, 2}, // inches
		{tiffPage, tiffShort, 2, uint32(of)<<16 | uint32(n)},
		{tiffDate, tiffASCII, 20, date},
	} {
		f.write(d.tag, d.kind, d.count, d.value)
	}
	following := next
	if n+1 == of {
		following = 0
	}
	f.write(following, uint32(rasterDPI), uint32(1), append([]byte(f.date), 0), sizes, offsets, title, packed.Bytes())
	f.at = next
	if f.err != nil {
		return fmt.Errorf("write page %d: %w", n+1, f.err)
	}
	return nil
}
