package backup

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/musterhq/muster/store/kv"
)

// Writer writes a backup. Close ends it; without that it is a damaged one.
type Writer struct {
	packed *zstd.Encoder
	out    *bufio.Writer // into packed and sum
	sum    hash.Hash
	pairs  uint64
	files  uint64
}

// NewWriter begins a backup.
func NewWriter(w io.Writer, about About) (*Writer, error) {
	about.Format = Format
	text, err := json.Marshal(about)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(w, magic); err != nil {
		return nil, err
	}
	packed, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, err
	}
	b := &Writer{packed: packed, sum: sha256.New()}
	b.out = bufio.NewWriterSize(io.MultiWriter(packed, b.sum), 64<<10)
	return b, b.blob(text)
}

// Pair adds a pair of the store.
func (b *Writer) Pair(p kv.Pair) error {
	b.pairs++
	return errors.Join(b.out.WriteByte('P'), b.blob(p.Key), b.blob(p.Value))
}

// File adds a file with a plain name.
func (b *Writer) File(name string, content io.Reader) error {
	b.files++
	if err := errors.Join(b.out.WriteByte('F'), b.blob([]byte(name))); err != nil {
		return err
	}
	chunk := make([]byte, maxChunk)
	for {
		n, err := content.Read(chunk)
		if n > 0 {
			if err := errors.Join(b.out.WriteByte('C'), b.blob(chunk[:n])); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Close writes the end. It does not close what the backup is written to.
func (b *Writer) Close() error {
	if err := errors.Join(b.out.WriteByte('E'), b.number(b.pairs), b.number(b.files), b.out.Flush()); err != nil {
		return err
	}
	_, err := b.packed.Write(b.sum.Sum(nil))
	return errors.Join(err, b.packed.Close())
}

func (b *Writer) number(n uint64) error {
	_, err := b.out.Write(binary.AppendUvarint(b.out.AvailableBuffer(), n))
	return err
}

func (b *Writer) blob(p []byte) error {
	if err := b.number(uint64(len(p))); err != nil {
		return err
	}
	_, err := b.out.Write(p)
	return err
}
