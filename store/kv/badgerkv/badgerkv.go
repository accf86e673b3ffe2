// Package badgerkv keeps a store in a Badger database: one directory, one process, encrypted at rest.
package badgerkv

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/musterhq/muster/store/kv"
)

// KeySize is the length of a master key in bytes: AES-256.
const KeySize = 32

var (
	// ErrLocked is returned by Open for a directory that is open already, here or in another process.
	ErrLocked = errors.New("in use by another process")
	// ErrWrongKey is returned by Open for a directory that was written under another master key.
	ErrWrongKey = errors.New("the master key does not open this store")
)

// Options say where a store lies and how it is protected.
type Options struct {
	Dir        string                // Made when absent and always closed to other users; the files in it follow the umask.
	InMemory   bool                  // For tests: Dir is ignored and nothing outlives Close.
	Small      bool                  // For tests that open many stores: it costs less, but a transaction has room for a quarter only, 600 KiB.
	Key        []byte                // KeySize bytes, used as they are and copied; optional in memory only.
	AcceptLoss bool                  // Open a store whose logs do not hold all that was acknowledged, with what is left.
	NoSync     bool                  // For tests and benchmarks: a crash of the machine may lose acknowledged writes.
	Room       func(bytes int) error // Asked before Open and every commit whether so much may be written; its error is returned. nil: there is always room.
	Logger     *slog.Logger          // Hears Badger's warnings and errors and, at debug level, its progress; nil discards them.
}

func (o Options) check() error {
	if o.Dir == "" && !o.InMemory {
		return errors.New("a store on disk needs a directory")
	}
	if len(o.Key) != KeySize && !(o.InMemory && o.Key == nil) {
		return fmt.Errorf("a master key has %d bytes, not %d", KeySize, len(o.Key))
	}
	return nil
}

// Open opens the store in a directory or makes a new one there. Its own errors are that of Options.Room, ErrLocked, given within 100 ms,
// ErrWrongKey, and ErrDamaged, which names the file, for a store that does not hold all that was acknowledged.
//
// It reads every table once, to verify its checksums or that it is still as it was when they were, because Badger's iterators take a
// block that they cannot read for the end of the data, in scans and in compactions, and those would make it so.
func Open(o Options) (*Engine, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.InMemory {
		db, err := badger.OpenManaged(settings(o))
		if err != nil {
			return nil, err
		}
		e := newEngine(db)
		e.room = o.Room
		return e, nil
	}
	if err := makePrivate(o.Dir); err != nil {
		return nil, err
	}
	if o.Room != nil {
		if err := o.Room(0); err != nil {
			return nil, err // opening writes, too
		}
	}
	unlock, err := Lock(o.Dir)
	if err != nil {
		return nil, err
	}
	e, err := openLocked(o)
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	e.unlock = unlock
	return e, nil
}

// openLocked opens a store whose directory is ours.
func openLocked(o Options) (*Engine, error) {
	said, tables, err := examine(o)
	if err != nil {
		return nil, err
	}
	db, err := badger.OpenManaged(settings(o))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", o.Dir, err)
	}
	e := newEngine(db)
	e.room = o.Room
	o.Key = bytes.Clone(o.Key)
	e.closed = func() error { return rememberTables(o, tables) }
	if err := e.resume(o, said); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// resume compares what Badger has opened with the mark, and goes on marking.
func (e *Engine) resume(o Options, said *marked) (err error) {
	name := filepath.Join(o.Dir, markName)
	began, err := e.marks()
	switch {
	case err != nil:
		return err
	case o.AcceptLoss:
		said = nil
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	case said == nil && began:
		return damaged(name, "it is not there, but the store had one")
	case said != nil && e.last < said.number:
		return lost(o.Dir, e.last, said.number)
	}
	if said == nil {
		said = &marked{since: e.last + 1, number: e.last}
	}
	if e.mark, err = openMark(o.Dir, *said, func(cause error) { _ = e.fail(cause) }); err != nil {
		return err
	}
	return e.mark.set(e.last)
}

// lockTime is how long Lock waits for a directory. A lock outlives its Close in a child that this process has forked and that has not
// come to its exec.
const lockTime = 100 * time.Millisecond

// Lock takes a directory for this process, as Badger itself would, until what it returns is called. It returns ErrLocked, within
// 100 ms, for one that another process has taken.
func Lock(dir string) (unlock func() error, err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for until := time.Now().Add(lockTime); ; time.Sleep(lockTime / 50) {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(until) {
			break
		}
	}
	if err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = fmt.Errorf("%s: %w", dir, ErrLocked)
		}
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}

// makePrivate makes the directory, or takes it from others if it is there.
func makePrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.Chmod(dir, 0o700)
}

const (
	mib      = 1 << 20
	memtable = 16 * mib
	small    = 4 * mib
)

// LeastReserve is how much of the disk Options.Room should keep free at the least: what Badger may still write when nobody
// writes any more. It makes tables of the memtables that there are, and merges tables with what lies under them.
const LeastReserve = 10 * memtable

// settings suit a server with up to a million small records and little memory.
//
// A transaction must fit 15 % of a memtable: 2.4 MiB of keys and values in 26,000 writes. That is room for
// kv.MaxWrites records of 2 KiB with ten index keys each, or for four values of kv.MaxValue.
//
// A value below the threshold lies beside its key. The threshold is above kv.MaxValue, so the value log stays empty
// and needs no maintenance; it gets the smallest file that Badger allows.
//
// Tables are compressed, since records are alike: assets take two fifths of the disk, imports and their compactions a quarter less CPU, and a
// start has less to read. A search decrypts less and unpacks it in the same time; a long list takes a tenth more.
//
// Without a key (in memory) tables are as they are and nothing is cached. Otherwise readable blocks and indexes have to be: Badger panics
// without the two caches. Four MiB of blocks catch what is read over and over; more made neither scattered reads nor long scans faster and
// cost more than twice their size in memory. The index cache takes only what there is and has room for 30 million keys; if it were too
// small, most reads would decrypt an index first.
//
// Keys come in no order, so every compaction of the first level rewrites most of the next: it waits for ten tables, not five.
// A compaction builds many tables at once, each in memory both packed and unpacked: hence tables of 1 MiB on every level, where Badger would
// double their size from one to the next.
func settings(o Options) badger.Options {
	dir, size := o.Dir, int64(memtable)
	if o.InMemory {
		dir = ""
	}
	if o.Small {
		size = small
	}
	s := badger.DefaultOptions(dir).
		WithInMemory(o.InMemory).
		WithSyncWrites(!o.NoSync).
		WithDetectConflicts(false).
		WithNumVersionsToKeep(1).
		WithBypassLockGuard(true).                         // lock has it
		WithChecksumVerificationMode(options.OnBlockRead). // examine has read the tables
		WithMemTableSize(size).
		WithNumMemtables(2).
		WithBaseTableSize(1 * mib).
		WithNumLevelZeroTables(10).
		WithNumCompactors(2).
		WithValueThreshold(kv.MaxValue + 1).
		WithValueLogFileSize(1 * mib).
		WithCompression(options.None).
		WithBlockCacheSize(0).
		WithMetricsEnabled(false).
		WithLogger(newLogger(o.Logger))
	s.TableSizeMultiplier = 1 // there is no WithTableSizeMultiplier
	if o.Key != nil {
		s = s.WithEncryptionKey(bytes.Clone(o.Key)).
			WithCompression(options.Snappy).
			WithBlockCacheSize(4 * mib).
			WithIndexCacheSize(64 * mib)
	}
	return s
}

// Settings returns the options with which Open opens Badger, for measurements of Badger itself with the same ones.
func Settings(o Options) badger.Options { return settings(o) }
