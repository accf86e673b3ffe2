package backup

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"github.com/musterhq/muster/store/kv"
)

// Read reads a backup to its end, checks it, and shows it to v on the way: what v was shown counts for nothing if the error is
// not nil, so whoever restores a backup reads it twice. It returns ErrNotBackup, ErrNewer, ErrDamaged, or the error of v.
func Read(r io.Reader, v Visitor) (about About, err error) {
	first := make([]byte, len(magic))
	switch _, err := io.ReadFull(r, first); {
	case err != nil && err != io.EOF && err != io.ErrUnexpectedEOF:
		return about, damaged(err)
	case err != nil, string(first) != magic:
		return about, ErrNotBackup
	}
	packed, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return about, damaged(err)
	}
	defer packed.Close()
	b := &reader{in: bufio.NewReaderSize(packed, 64<<10), sum: sha256.New(), visitor: v}
	text, err := b.blob(maxAbout)
	if err != nil {
		return about, err
	}
	if err := json.Unmarshal(text, &about); err != nil {
		return about, damaged(err)
	}
	if about.Format > Format {
		return about, fmt.Errorf("%w (form %d, this one knows %d)", ErrNewer, about.Format, Format)
	}
	for {
		ended, err := b.piece()
		if err != nil {
			return about, errors.Join(err, b.endFile())
		}
		if ended {
			return about, nil
		}
	}
}

type reader struct {
	in      *bufio.Reader
	sum     hash.Hash
	visitor Visitor

	pairs, files uint64
	last         []byte   // key, so that their order is checked
	file         FileSink // that is being written, nil outside of one and for one that is passed over
	inFile       bool
}

func damaged(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it is cut off", ErrDamaged)
	}
	return fmt.Errorf("%w: %v", ErrDamaged, err)
}

// piece reads one piece and reports whether it was the end.
func (b *reader) piece() (ended bool, err error) {
	kind, err := b.ReadByte()
	if err != nil {
		return false, damaged(err)
	}
	if kind != 'C' {
		if err := b.endFile(); err != nil {
			return false, err
		}
	}
	switch kind {
	case 'P':
		return false, b.pair()
	case 'F':
		return false, b.beginFile()
	case 'C':
		return false, b.chunk()
	case 'E':
		return true, b.end()
	}
	return false, fmt.Errorf("%w: a piece of the unknown kind %q", ErrDamaged, kind)
}

func (b *reader) pair() error {
	key, err := b.blob(kv.MaxKey)
	if err != nil {
		return err
	}
	value, err := b.blob(kv.MaxValue)
	if err != nil {
		return err
	}
	if b.pairs > 0 && bytes.Compare(key, b.last) <= 0 || len(key) == 0 {
		return fmt.Errorf("%w: its keys are not in order", ErrDamaged)
	}
	b.last = key
	b.pairs++
	if b.visitor.Pair == nil {
		return nil
	}
	return b.visitor.Pair(kv.Pair{Key: key, Value: value})
}

func (b *reader) beginFile() error {
	name, err := b.blob(maxName)
	if err != nil {
		return err
	}
	if plain := string(name); !filepath.IsLocal(plain) || filepath.Base(plain) != plain || plain == "." {
		return fmt.Errorf("%w: a file with a name that is none", ErrDamaged)
	}
	b.files++
	b.inFile = true
	if b.visitor.File != nil {
		b.file, err = b.visitor.File(string(name))
	}
	return err
}

func (b *reader) chunk() error {
	content, err := b.blob(maxChunk)
	if err != nil {
		return err
	}
	if !b.inFile {
		return fmt.Errorf("%w: content of no file", ErrDamaged)
	}
	if b.file != nil {
		_, err = b.file.Write(content)
	}
	return err
}

func (b *reader) endFile() error {
	file := b.file
	b.file, b.inFile = nil, false
	if file == nil {
		return nil
	}
	return file.Close()
}

// end checks the counts and the hash, and that nothing follows.
func (b *reader) end() error {
	pairs, err := b.number()
	if err != nil {
		return err
	}
	files, err := b.number()
	if err != nil {
		return err
	}
	want, got := b.sum.Sum(nil), make([]byte, sha256.Size)
	if _, err := io.ReadFull(b.in, got); err != nil {
		return damaged(err)
	}
	if pairs != b.pairs || files != b.files || !bytes.Equal(want, got) {
		return fmt.Errorf("%w: its end does not fit what it holds", ErrDamaged)
	}
	if _, err := b.in.ReadByte(); err != io.EOF {
		return fmt.Errorf("%w: something follows its end", ErrDamaged)
	}
	return nil
}

// ReadByte reads a byte that counts for the hash.
func (b *reader) ReadByte() (byte, error) {
	c, err := b.in.ReadByte()
	if err == nil {
		b.sum.Write([]byte{c})
	}
	return c, err
}

func (b *reader) number() (uint64, error) {
	n, err := binary.ReadUvarint(b)
	if err != nil {
		return 0, damaged(err)
	}
	return n, nil
}

// blob reads a length and as many bytes, which are the caller's.
func (b *reader) blob(limit int) ([]byte, error) {
	n, err := b.number()
	if err != nil {
		return nil, err
	}
	if n > uint64(limit) {
		return nil, fmt.Errorf("%w: a part of %d bytes where at most %d can be", ErrDamaged, n, limit)
	}
	p := make([]byte, n)
	if _, err := io.ReadFull(b.in, p); err != nil {
		return nil, damaged(err)
	}
	b.sum.Write(p)
	return p, nil
}
