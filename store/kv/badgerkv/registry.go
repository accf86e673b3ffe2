package badgerkv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"

	"github.com/dgraph-io/badger/v4"
)

// readRegistry reads the keys that the files are encrypted with.
func (x *examination) readRegistry(key []byte) (err error) {
	name := x.path(badger.KeyRegistryFileName)
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return nil // if anything needs its keys, that will be found missing
	}
	if err := checkRegistry(name); err != nil {
		return err
	}
	x.registry, err = badger.OpenKeyRegistry(badger.KeyRegistryOptions{Dir: x.dir, ReadOnly: true, EncryptionKey: key})
	switch {
	case errors.Is(err, badger.ErrEncryptionKeyMismatch):
		return fmt.Errorf("%s: %w (or %s is damaged)", x.dir, ErrWrongKey, badger.KeyRegistryFileName)
	case err != nil:
		return damaged(name, "%v", err)
	}
	return nil
}

// checkRegistry verifies the checksums of the keys: 16 bytes IV and 12 of a known text, then for each key its length and
// CRC-32C (4 bytes each) and itself. Badger would believe any length.
func checkRegistry(name string) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	const head, lengths = 16 + 12, 8
	if len(content) < head {
		return damaged(name, "it is cut off")
	}
	for rest := content[head:]; len(rest) > 0; {
		if len(rest) < lengths {
			return damaged(name, "it is cut off")
		}
		size, sum := binary.BigEndian.Uint32(rest), binary.BigEndian.Uint32(rest[4:])
		rest = rest[lengths:]
		if uint64(size) > uint64(len(rest)) || crc32.Checksum(rest[:size], castagnoli) != sum {
			return damaged(name, "a checksum is wrong")
		}
		rest = rest[size:]
	}
	return nil
}

// key returns the bytes of a data key, nil for none.
func (x *examination) key(id uint64) ([]byte, error) {
	if id == 0 {
		return nil, nil
	}
	if x.registry == nil {
		return nil, fmt.Errorf("%s is not there", badger.KeyRegistryFileName)
	}
	key, err := x.registry.DataKey(id)
	if err != nil {
		return nil, fmt.Errorf("%s has no key of that number", badger.KeyRegistryFileName)
	}
	return key.Data, nil
}

// vector returns the initialization vector that came into the world with a data key and lies in the open beside it: it names the key
// and tells nothing of it.
func (x *examination) vector(id uint64) []byte {
	if id == 0 {
		return nil
	}
	key, err := x.registry.DataKey(id)
	if err != nil {
		return nil // key has said so
	}
	return key.Iv
}
