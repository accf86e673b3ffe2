package retina

import (
	"encoding/binary"
	"errors"
	"io"
)

var (
	errSchema = errors.New("the SQLite database has more than 4 MiB of definitions")
	errTrees  = errors.New("the SQLite database is damaged: rows or tables share their pages with others")
)

// maxSchema is how many bytes the definitions of all tables may have. SQLite reads them before anything else, and needs
// several times as many bytes for them.
const maxSchema = 4 << 20

// trees looks at the trees of pages in which a database of SQLite keeps its tables, before SQLite does: that follows whatever
// is written there, and the trees of a hostile file have no end. Each page and each byte is one tree's, so that there are
// only so many. What else is wrong with the file, SQLite finds out.
type trees struct {
	file     io.ReaderAt
	pageSize int
	pages    int64 // that may still be met
	bytes    int64 // that the rows on the remaining pages can have
}

// schemaPage is where the tree of the definitions begins.
const schemaPage = 1

// treesOf returns the trees of a file of size bytes, and an error if the one with the definitions is too large.
func treesOf(file io.ReaderAt, size int64) (*trees, error) {
	var header [100]byte
	if _, err := file.ReadAt(header[:], 0); err != nil && err != io.EOF {
		return nil, err
	}
	t := &trees{file: file, pageSize: int(binary.BigEndian.Uint16(header[16:])), bytes: size}
	if t.pageSize == 1 {
		t.pageSize = 64 << 10
	}
	t.pageSize = max(t.pageSize, 512)
	t.pages = size/int64(t.pageSize) + 1
	schema := *t
	if err := schema.meet(schemaPage); err != nil || size-schema.bytes > maxSchema {
		return nil, errSchema
	}
	return t, nil
}

// meet goes through the tree that begins on a page. Each tree is to be met once.
func (t *trees) meet(root uint32) error {
	const longest = 9 // bytes of a number, which the end of the page may cut off
	page := make([]byte, t.pageSize+longest)
	for numbers := []uint32{root}; len(numbers) > 0; {
		last := len(numbers) - 1
		number := numbers[last]
		numbers = numbers[:last]
		if t.pages--; t.pages < 0 {
			return errTrees
		}
		if _, err := t.file.ReadAt(page[:t.pageSize], (int64(number)-1)*int64(t.pageSize)); err != nil {
			continue // SQLite will not be able to read it either
		}
		bytes, children := rowsOn(page, number, t.pageSize)
		numbers = append(numbers, children...)
		if t.bytes -= bytes; t.bytes < 0 || int64(len(numbers)) > t.pages {
			return errTrees
		}
	}
	return nil
}

// rowsOn returns how many bytes the rows on a page have, those that continue elsewhere in full, and the pages below it.
func rowsOn(page []byte, number uint32, size int) (bytes int64, children []uint32) {
	const (
		innerIndex, innerTable = 2, 5 // a table without row ids is an index
		leafIndex, leafTable   = 10, 13
	)
	head := page[:size]
	if number == schemaPage {
		head = page[100:size]
	}
	kind, pointers := head[0], head[8:]
	isInner := kind == innerIndex || kind == innerTable
	if isInner {
		children, pointers = append(children, binary.BigEndian.Uint32(head[8:])), head[12:]
	} else if kind != leafIndex && kind != leafTable {
		return 0, nil
	}
	count := int(binary.BigEndian.Uint16(head[3:]))
	for i := range min(count, len(pointers)/2) {
		cell := page[min(int(binary.BigEndian.Uint16(pointers[2*i:])), size):]
		if isInner {
			children = append(children, binary.BigEndian.Uint32(cell))
			cell = cell[4:]
		}
		if kind != innerTable {
			bytes += varint(cell)
		}
	}
	return bytes, children
}

// varint returns a number of SQLite, seven bits a byte, the highest first. Those beyond any file are cut.
func varint(b []byte) (n int64) {
	for _, c := range b[:min(9, len(b))] {
		n = min(n<<7|int64(c&0x7f), 1<<40)
		if c < 0x80 {
			break
		}
	}
	return n
}
