package badgerkv

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/dgraph-io/badger/v4"
	flatbuffers "github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/ristretto/v2"
	"github.com/dgraph-io/ristretto/v2/z"
)

// indexCache is where Badger's reader keeps the index of a table that is encrypted.
type indexCache = ristretto.Cache[uint64, *flatbuffers.TableIndex]

// verifiers is how many tables are verified at the same time. Each is in memory as a whole, decrypted.
const verifiers = 2

// readTables reads every table once and makes sure that it is as it was written.
func (x *examination) readTables() error {
	failed, err := x.checkTables(nil)
	if len(failed) > 0 {
		return failed[0]
	}
	for _, s := range x.sums {
		x.tables = max(x.tables, s.last)
	}
	return err
}

// checkTables reads all tables and returns what is wrong with each, in the order of their names. When enough says so, it begins no more of
// them; nil never does. It is asked by several at a time.
func (x *examination) checkTables(enough func() bool) (failed []error, err error) {
	indexes, err := ristretto.NewCache(&ristretto.Config[uint64, *flatbuffers.TableIndex]{NumCounters: 1000, MaxCost: 64 * mib, BufferItems: 64})
	if err != nil {
		return nil, err
	}
	defer indexes.Close()
	var (
		mu        sync.Mutex
		work      sync.WaitGroup
		tables    = make(chan uint64, len(x.listed)) // all of them at once: nobody waits for the next
		verifying = make(chan struct{}, verifiers)
	)
	for id := range x.listed {
		tables <- id
	}
	close(tables)
	x.sums = tableSums{}
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() {
			chunk := make([]byte, sumChunk)
			for id := range tables {
				if enough != nil && enough() {
					return
				}
				s, err := x.checkTable(id, x.listed[id], chunk, indexes, verifying)
				mu.Lock()
				if err != nil {
					failed = append(failed, err)
				} else {
					x.sums[id] = s
				}
				mu.Unlock()
			}
		})
	}
	work.Wait()
	slices.SortFunc(failed, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return failed, nil
}

// checkTable compares a table with what is known of it or, if nothing is or it differs, verifies it.
//
// The sum is taken first. What is damaged between the two is then found by the verification, and what is damaged later by the next comparison;
// the other way round a sum could be that of a damaged table.
func (x *examination) checkTable(id uint64, listed badger.TableManifest, chunk []byte, indexes *indexCache, verifying chan struct{}) (tableSum, error) {
	name := table.NewFilename(id, x.dir)
	if _, err := x.key(listed.KeyID); err != nil {
		return tableSum{}, damaged(x.path(badger.KeyRegistryFileName), "%s: %v", filepath.Base(name), err)
	}
	s, unread := sumTable(name, x.vector(listed.KeyID), chunk)
	if known, ok := x.known[id]; ok && unread == nil && known.same(s) {
		return known, nil
	}
	verifying <- struct{}{}
	defer func() { <-verifying }()
	last, err := x.verifyTable(id, listed, indexes)
	if err == nil && unread != nil {
		err = damaged(name, "%v", unread)
	}
	s.last = last
	return s, err
}

// verifyTable verifies the checksums of all parts of a table and returns the number of its last commit. Damage may make Badger's reader
// panic, and a disk that cannot be read, the memory that it is mapped to.
func (x *examination) verifyTable(id uint64, listed badger.TableManifest, indexes *indexCache) (last uint64, err error) {
	name := table.NewFilename(id, x.dir)
	debug.SetPanicOnFault(true)
	defer func() {
		if p := recover(); p != nil {
			err = damaged(name, "it cannot be read as a table")
		}
	}()
	o := table.Options{ChkMode: options.OnBlockRead, Compression: listed.Compression, BlockSize: 4096, IndexCache: indexes}
	if listed.KeyID != 0 {
		o.DataKey, _ = x.registry.DataKey(listed.KeyID)
	}
	file, err := z.OpenMmapFile(name, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, damaged(x.path(badger.ManifestFilename), "it lists %s, which is not there", filepath.Base(name))
	}
	if err != nil {
		return 0, damaged(name, "%v", err)
	}
	t, err := table.OpenTable(file, o)
	if err != nil {
		return 0, damaged(name, "%v", err)
	}
	defer t.Close(-1)
	indexes.Wait() // until it has the index, which would be decrypted for each block otherwise
	defer indexes.Del(id)
	if err := t.VerifyChecksum(); err != nil {
		return 0, damaged(name, "%v", err)
	}
	return t.MaxVersion(), nil
}
