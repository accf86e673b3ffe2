package retina

import (
	"encoding/binary"
	"errors"
	"io"
)

// maxSchema is how many bytes the definitions of all tables may have. SQLite reads them all before anything else, and needs
// several times as many bytes for them.
const maxSchema = 4 << 20

var errSchema = errors.New("the SQLite database has more than 4 MiB of definitions")

// checkSchema adds up the sizes of the definitions, which are the rows of the table that begins on the first page. What is
// wrong with the file beside that, SQLite will find out.
func checkSchema(file io.ReaderAt) error {
	var header [100]byte
	if _, err := file.ReadAt(header[:], 0); err != nil {
		return nil
	}
	size := int64(binary.BigEndian.Uint16(header[16:]))
	if size == 1 {
		size = 64 << 10
	}
	if size < 512 {
		return nil
	}
	const longest = 9 // bytes of a number, which may be cut off by the end of the page
	page, bytes := make([]byte, size+longest), int64(0)
	for numbers := []uint32{1}; len(numbers) > 0; {
		number := numbers[0]
		numbers = numbers[1:]
		if _, err := file.ReadAt(page[:size], (int64(number)-1)*size); err != nil {
			continue
		}
		definitions, children := tree(page, number, int(size))
		numbers = append(numbers, children...)
		bytes += definitions + 64 // even pages without a row come to an end
		if bytes > maxSchema || len(numbers) > maxSchema/64 {
			return errSchema
		}
	}
	return nil
}

// tree returns how many bytes the rows on a page of a table's tree have, those that continue elsewhere in full, and the
// pages that the page leads to.
func tree(page []byte, number uint32, size int) (bytes int64, children []uint32) {
	const inner, leaf = 5, 13
	head := page[:size]
	if number == 1 {
		head = page[100:size]
	}
	count := int(binary.BigEndian.Uint16(head[3:]))
	pointers := head[8:]
	if head[0] == inner {
		children, pointers = append(children, binary.BigEndian.Uint32(head[8:])), head[12:]
	} else if head[0] != leaf {
		return 0, nil
	}
	for i := range min(count, len(pointers)/2) {
		cell := page[min(int(binary.BigEndian.Uint16(pointers[2*i:])), size):]
		if head[0] == inner {
			children = append(children, binary.BigEndian.Uint32(cell))
		} else {
			bytes += varint(cell)
		}
	}
	return bytes, children
}

// varint returns a number of SQLite, seven bits a byte, the highest first. Those beyond any file are cut.
func varint(b []byte) (n int64) {
	for _, c := range b[:9] {
		n = min(n<<7|int64(c&0x7f), 1<<40)
		if c < 0x80 {
			break
		}
	}
	return n
}
