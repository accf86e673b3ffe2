package badgerkv

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// sumsName is the file beside the store that remembers which tables were verified, by a checksum of all their bytes. Tables do not change
// once they are written, so a start compares that one, which is ten times as quick as decrypting each block to verify its own: it
// finds the same damage, since all that was verified then has to be the same now.
//
// The file saves time and nothing else. A table that is not in it, or differs from what it says, is verified; and so are all if it is not whole.
//
//	8 bytes "tables.1" | for each table, 8 bytes each: number, size, last commit; 4 bytes CRC-32C | 4 bytes CRC-32C of all before
const sumsName = "TABLES"

const (
	sumsMagic = "tables.1"
	sumSize   = 8 + 8 + 8 + 4
)

// tableSum is what is remembered of a table.
type tableSum struct {
	size int64
	last uint64 // the number of its last commit
	sum  uint32 // CRC-32C of what sumTable is given and of the file
}

// same reports whether two tables have the same bytes.
func (s tableSum) same(as tableSum) bool { return s.size == as.size && s.sum == as.sum }

// tableSums are sums by the number of the table.
type tableSums map[uint64]tableSum

// readSums returns what is remembered: nothing, with an error if there should be something.
func readSums(dir string) (tableSums, error) {
	name := filepath.Join(dir, sumsName)
	content, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	sums := parseSums(content)
	if sums == nil {
		err = damaged(name, "it is not whole")
	}
	return sums, err
}

// parseSums returns nil for what encode has not made.
func parseSums(content []byte) tableSums {
	end := len(content) - 4
	if end < len(sumsMagic) || string(content[:len(sumsMagic)]) != sumsMagic || (end-len(sumsMagic))%sumSize != 0 ||
		binary.BigEndian.Uint32(content[end:]) != crc32.Checksum(content[:end], castagnoli) {
		return nil
	}
	sums := tableSums{}
	for b := range slices.Chunk(content[len(sumsMagic):end], sumSize) {
		sums[binary.BigEndian.Uint64(b)] = tableSum{
			size: int64(binary.BigEndian.Uint64(b[8:])), last: binary.BigEndian.Uint64(b[16:]), sum: binary.BigEndian.Uint32(b[24:]),
		}
	}
	return sums
}

func (t tableSums) encode() []byte {
	b := append(make([]byte, 0, len(sumsMagic)+len(t)*sumSize+4), sumsMagic...)
	for _, id := range slices.Sorted(maps.Keys(t)) {
		b = binary.BigEndian.AppendUint64(b, id)
		b = binary.BigEndian.AppendUint64(b, uint64(t[id].size))
		b = binary.BigEndian.AppendUint64(b, t[id].last)
		b = binary.BigEndian.AppendUint32(b, t[id].sum)
	}
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// sumChunk is how much of a table is read at a time: little enough to be still in the processor's cache when it is summed. Mapped into
// memory, tables are read no quicker: a page fault costs what the copy does.
const sumChunk = 128 << 10

// sumTable reads a file, chunk by chunk. The sum is also that of the initialization vector of the key that the table is encrypted with, without which it
// says nothing.
func sumTable(name string, vector, chunk []byte) (tableSum, error) {
	f, err := os.Open(name)
	if err != nil {
		return tableSum{}, err
	}
	defer f.Close()
	s := tableSum{sum: crc32.Checksum(vector, castagnoli)}
	for {
		n, err := f.Read(chunk)
		s.size, s.sum = s.size+int64(n), crc32.Update(s.sum, castagnoli, chunk[:n])
		if err == io.EOF {
			return s, nil
		}
		if err != nil {
			return tableSum{}, err
		}
	}
}

// remember writes down what the tables are unless that is known. Without the file, all that is lost is the time of the next start.
func (x *examination) remember() error {
	if maps.Equal(x.sums, x.known) {
		return nil
	}
	if err := replaceFile(x.dir, sumsName, x.sums.encode()); err != nil {
		x.log.Warningf("the next start verifies all tables: %v", err)
	}
	return nil
}

// lastVerifying bounds for how long the tables that a process has written put off its end.
const lastVerifying = time.Second

// rememberTables verifies the tables of a store that was closed, and is still locked, unless they were right when it was opened, and
// remembers as many as it comes to in time. Its error is ErrDamaged.
func rememberTables(o Options, opened tableSums) error {
	x := &examination{dir: o.Dir, log: newLogger(o.Logger)}
	if err := errors.Join(x.readRegistry(o.Key), x.readList()); err != nil {
		return err
	}
	right := tableSums{}
	for id := range x.listed {
		if s, ok := opened[id]; ok { // Badger gives no number twice between opening and closing
			right[id] = s
			delete(x.listed, id)
		}
	}
	until := time.Now().Add(lastVerifying)
	failed, err := x.checkTables(func() bool { return time.Now().After(until) })
	if err != nil || len(failed) > 0 {
		return errors.Join(append(failed, err)...)
	}
	maps.Copy(x.sums, right)
	if x.known, err = readSums(o.Dir); err != nil {
		x.known = nil
	}
	return x.remember()
}
