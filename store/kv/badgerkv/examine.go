package badgerkv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dgraph-io/badger/v4"
)

// ErrDamaged is returned by Open for a store in which something that was acknowledged cannot be read any more. The error
// names the file.
var ErrDamaged = errors.New("damaged")

// fault is an ErrDamaged.
type fault struct{ file, wrong string }

func damaged(file, format string, args ...any) error {
	return fault{file, fmt.Sprintf(format, args...)}
}

func (f fault) Error() string { return fmt.Sprintf("%s: %v: %s", f.file, ErrDamaged, f.wrong) }
func (f fault) Unwrap() error { return ErrDamaged }

// examination looks at the files of a store before Badger does, which treats damage in ways we cannot live with: it goes on
// without a table whose checksum is wrong, and without all that follows a damaged place in a log or in the list of
// tables, deleting tables that the list no longer has; and some damage makes it panic in goroutines of its own.
type examination struct {
	dir        string
	registry   *badger.KeyRegistry
	mark       *marked // nil: a new store, or one from before there were marks
	acceptLoss bool
	log        logger

	listed map[uint64]badger.TableManifest
	known  tableSums // of tables that were verified before
	sums   tableSums // of the listed ones that are right
	tables uint64    // the last commit that they hold
	logs   []*wal    // in their order
}

// examine returns an error unless the store can be opened without losing anything, or there is none yet; and what its mark says
// and its tables are. With AcceptLoss it passes what is merely short of the mark.
func examine(o Options) (*marked, tableSums, error) {
	x := &examination{dir: o.Dir, acceptLoss: o.AcceptLoss, log: newLogger(o.Logger)}
	fresh, err := x.fresh()
	if fresh || err != nil {
		return nil, nil, err
	}
	if x.mark, err = readMark(o.Dir); err != nil && !o.AcceptLoss {
		return nil, nil, err
	}
	if x.known, err = readSums(o.Dir); err != nil {
		x.log.Warningf("all tables are verified anew: %v", err)
	}
	for _, step := range []func() error{
		func() error { return x.readRegistry(o.Key) }, x.readList, x.readTables, x.readLogs, x.complete, x.tidy, x.remember,
	} {
		if err := step(); err != nil {
			return nil, nil, err
		}
	}
	return x.mark, x.sums, nil
}

func (x *examination) path(name string) string { return filepath.Join(x.dir, name) }

// files returns the names of all files that end so.
func (x *examination) files(suffix string) ([]string, error) {
	entries, err := os.ReadDir(x.dir)
	var names []string
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), suffix) {
			names = append(names, entry.Name())
		}
	}
	return names, err
}

// fresh reports whether there is no store yet. Badger writes its list of tables first, so without it there is nothing else.
func (x *examination) fresh() (bool, error) {
	_, err := os.Stat(x.path(badger.ManifestFilename))
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	for _, suffix := range []string{".sst", memSuffix, badger.KeyRegistryFileName, markName} {
		names, err := x.files(suffix)
		if err != nil {
			return false, err
		}
		if len(names) > 0 {
			return false, damaged(x.path(badger.ManifestFilename), "it is not there, but %s is", names[0])
		}
	}
	return true, nil
}

// readList reads which tables there are. Badger may have been cut off while it added a line; so what is left decides.
func (x *examination) readList() error {
	name := x.path(badger.ManifestFilename)
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	manifest, _, err := badger.ReplayManifestFile(f, 0, badger.DefaultOptions(x.dir).WithLogger(nil))
	if err != nil {
		return damaged(name, "%v", err)
	}
	x.listed = manifest.Tables
	return nil
}

// readLogs reads the logs of what is not in tables yet.
func (x *examination) readLogs() error {
	names, err := x.files(memSuffix)
	if err != nil {
		return err
	}
	for _, name := range names {
		number, err := strconv.Atoi(strings.TrimSuffix(name, memSuffix))
		if err != nil {
			continue // Badger says what it thinks of it
		}
		w, err := readLog(x.path(name), number, x.key)
		if err != nil {
			return err
		}
		x.logs = append(x.logs, w)
	}
	slices.SortFunc(x.logs, func(a, b *wal) int { return a.number - b.number })
	return nil
}

// complete checks that every commit up to the mark is there: in the tables or, without a gap, in the logs that follow.
func (x *examination) complete() error {
	if x.mark == nil || x.acceptLoss {
		return nil
	}
	reached, ended := x.tables, x.path(badger.ManifestFilename)
	for _, w := range x.logs {
		if w.first > max(reached+1, x.mark.since) {
			return lost(x.suspect(ended), reached, w.first-1)
		}
		if w.last >= reached {
			reached, ended = w.last, w.ending()
		}
	}
	if reached < x.mark.number {
		return lost(x.suspect(ended), reached, x.mark.number)
	}
	return nil
}

func lost(file string, reached, last uint64) error {
	return damaged(file, "it ends with commit %d, but those up to %d were acknowledged", reached, last)
}

// suspect returns the log that does not hold what it should, if there is one, rather than the file that holds the last commit.
func (x *examination) suspect(ended string) string {
	for _, w := range x.logs {
		if w.torn {
			return w.ending()
		}
	}
	for _, w := range x.logs {
		if w.last == 0 && w.size > 0 {
			return w.name
		}
	}
	return ended
}

// tidy removes the logs that Badger had emptied and was about to remove when it was interrupted: it cannot open them.
func (x *examination) tidy() error {
	for _, w := range x.logs {
		if w.size == 0 {
			if err := os.Remove(w.name); err != nil {
				return err
			}
		}
	}
	return nil
}
