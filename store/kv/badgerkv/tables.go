//go:build unix

package badgerkv

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/ristretto/v2"
	"github.com/dgraph-io/ristretto/v2/z"
)

// DamagedFile is a file of a store that cannot be read as it was written.
type DamagedFile struct {
	Name  string // within the directory
	Wrong string
}

// CheckTables reads every table of a store that nobody has open and compares its checksums, which Open does too, but ends the
// process over. It changes nothing. Its own errors are ErrLocked and ErrWrongKey.
func CheckTables(o Options) ([]DamagedFile, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	unlock, err := holdLock(o.Dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	keys, err := badger.OpenKeyRegistry(badger.KeyRegistryOptions{Dir: o.Dir, ReadOnly: true, EncryptionKey: o.Key})
	if errors.Is(err, badger.ErrEncryptionKeyMismatch) {
		return nil, fmt.Errorf("%s: %w", o.Dir, ErrWrongKey)
	}
	if err != nil {
		return []DamagedFile{{badger.KeyRegistryFileName, err.Error()}}, nil
	}
	defer keys.Close()
	manifest, err := readManifest(o)
	if err != nil {
		return []DamagedFile{{badger.ManifestFilename, err.Error()}}, nil
	}
	var damaged []DamagedFile
	for _, id := range slices.Sorted(maps.Keys(manifest.Tables)) {
		file := table.NewFilename(id, o.Dir)
		if err := checkTable(file, manifest.Tables[id], keys); err != nil {
			damaged = append(damaged, DamagedFile{filepath.Base(file), err.Error()})
		}
	}
	return damaged, nil
}

// holdLock takes the lock that Badger takes, without the file that it writes.
func holdLock(dir string) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", dir, ErrLocked), d.Close())
	}
	return func() { _ = d.Close() }, nil
}

// readManifest reads which tables there are.
func readManifest(o Options) (badger.Manifest, error) {
	f, err := os.Open(filepath.Join(o.Dir, badger.ManifestFilename))
	if err != nil {
		return badger.Manifest{}, err
	}
	defer f.Close()
	manifest, _, err := badger.ReplayManifestFile(f, 0, settings(o))
	return manifest, err
}

// checkTable reads one table. Badger panics over some of what may be wrong with it.
func checkTable(file string, about badger.TableManifest, keys *badger.KeyRegistry) (err error) {
	defer func() {
		if failed := recover(); failed != nil {
			err = errors.New("a block does not have its checksum")
		}
	}()
	key, err := keys.DataKey(about.KeyID)
	if err != nil {
		return err
	}
	// Badger wants a cache for the index of an encrypted table, however little it is used.
	indexes, err := ristretto.NewCache(&ristretto.Config[uint64, *fb.TableIndex]{NumCounters: 100, MaxCost: 16 * mib, BufferItems: 64})
	if err != nil {
		return err
	}
	defer indexes.Close()
	mapped, err := z.OpenMmapFile(file, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	t, err := table.OpenTable(mapped, table.Options{
		ReadOnly: true, ChkMode: options.OnTableAndBlockRead, Compression: about.Compression, DataKey: key, IndexCache: indexes,
	})
	if err != nil {
		return err
	}
	return t.Close(-1)
}
