package badgerkv

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strconv"
)

// memSuffix is that of Badger's logs, each of which belongs to one memtable.
const memSuffix = ".mem"

// The layout of a log in Badger 4: 8 bytes number of the data key, 12 bytes that begin every IV, then entries of
//
//	meta (1) | user meta (1) | key length, value length, expiry (varints) | key, value (AES-CTR) | CRC-32C of all that (4)
//
// A transaction is entries with metaTxn and one with metaFin, whose value is its number in decimal. What follows the last is zero, unless
// a crash interrupted the next.
const (
	walHeader   = 20
	entryHeader = 22 // at most
	metaTxn     = 1 << 6
	metaFin     = 1 << 7
	maxLogKey   = 1 << 16
	maxLogValue = 1 << 20
)

// wal is what a log was found to hold.
type wal struct {
	name        string
	number      int
	size        int64
	first, last uint64 // the numbers of its first and last whole commit; 0: it has none
	end         int64  // where the last whole commit ends
	torn        bool   // and is followed by something: half a commit, or damage
}

// ending names the log and the place.
func (w *wal) ending() string { return fmt.Sprintf("%s, byte %d", w.name, w.end) }

// readLog walks through the commits of a log as Badger does when it opens a store.
func readLog(name string, number int, key func(uint64) ([]byte, error)) (*wal, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	w := &wal{name: name, number: number, size: info.Size(), end: walHeader}
	if w.size < walHeader {
		return w, nil // a crash left it before its first commit, or after the last was in a table
	}
	r := &walReader{in: bufio.NewReaderSize(f, 256<<10)}
	if err := r.readHeader(key); err != nil {
		return nil, damaged(name, "%v", err)
	}
	for {
		e, err := r.next()
		if err != nil && err != io.EOF && err != errEntry {
			return nil, damaged(name, "at byte %d: %v", r.at, err)
		}
		if err != nil {
			w.torn = err == errEntry || r.at > w.end
			return w, nil
		}
		if e.meta&metaFin == 0 {
			continue
		}
		commit, err := strconv.ParseUint(string(e.value), 10, 64)
		if err != nil {
			w.torn = true // the bytes are right and their key is not
			return w, nil
		}
		if w.first == 0 {
			w.first = commit
		}
		w.last, w.end = commit, r.at
	}
}

// errEntry ends a log at something that is neither an entry nor nothing.
var errEntry = errors.New("not an entry")

type walReader struct {
	in    *bufio.Reader
	at    int64
	block cipher.Block // nil: not encrypted
	iv    [aes.BlockSize]byte
	body  bytes.Buffer
}

func (r *walReader) readHeader(key func(uint64) ([]byte, error)) error {
	var header [walHeader]byte
	if _, err := io.ReadFull(r.in, header[:]); err != nil {
		return err
	}
	r.at = walHeader
	copy(r.iv[:], header[8:])
	secret, err := key(binary.BigEndian.Uint64(header[:8]))
	if secret == nil || err != nil {
		return err
	}
	r.block, err = aes.NewCipher(secret)
	return err
}

// walEntry is an entry of which only that of a commit's end is decrypted.
type walEntry struct {
	meta  byte
	value []byte
}

// next returns the next entry: io.EOF for the end, errEntry for what is none.
func (r *walReader) next() (walEntry, error) {
	head, err := r.in.Peek(entryHeader)
	if err != nil && err != io.EOF {
		return walEntry{}, err
	}
	if len(bytes.Trim(head, "\x00")) == 0 {
		return walEntry{}, io.EOF
	}
	if len(head) < 2 {
		return walEntry{}, errEntry
	}
	at := 2
	var sizes [3]uint64
	for i := range sizes {
		v, n := binary.Uvarint(head[at:])
		if n <= 0 {
			return walEntry{}, errEntry
		}
		sizes[i], at = v, at+n
	}
	keySize, valueSize := sizes[0], sizes[1]
	if keySize == 0 || keySize > maxLogKey || valueSize > maxLogValue {
		return walEntry{}, errEntry
	}
	meta := head[0]
	r.body.Reset()
	size := int64(at) + int64(keySize) + int64(valueSize) + 4
	if n, err := io.CopyN(&r.body, r.in, size); err != nil {
		if err == io.EOF && n < size {
			return walEntry{}, errEntry // cut off
		}
		return walEntry{}, err
	}
	all := r.body.Bytes()
	body := all[:size-4]
	if crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(all[size-4:]) {
		return walEntry{}, errEntry
	}
	e := walEntry{meta: meta}
	if meta&metaFin != 0 {
		e.value = r.decrypt(body[at:])[keySize:]
	}
	r.at += size
	return e, nil
}

// decrypt works in place on the key and value of the entry that begins at r.at.
func (r *walReader) decrypt(text []byte) []byte {
	if r.block != nil {
		iv := r.iv
		binary.BigEndian.PutUint32(iv[12:], uint32(r.at))
		cipher.NewCTR(r.block, iv[:]).XORKeyStream(text, text)
	}
	return text
}
