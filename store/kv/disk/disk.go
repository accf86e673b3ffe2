//go:build unix

// Package disk keeps some of a file system free.
//
// The engine maps its files into memory: a page for which the file system finds no room when it is first written ends the process
// with SIGBUS, which nothing can catch. So writing has to stop while there is still room for what the engine does on its own
// afterwards, and for what other processes write meanwhile.
package disk

import (
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"syscall"

	"github.com/musterhq/muster/store/kv"
)

// Watch asks the file system before every write, which costs about a microsecond: what another process fills is seen at once.
type Watch struct {
	path    string
	reserve int64
	log     *slog.Logger
	full    atomic.Bool
}

// NewWatch watches the file system of a path, of which so many bytes are kept free. It tells the log when writing stops and
// when it goes on.
func NewWatch(path string, reserve int64, log *slog.Logger) *Watch {
	return &Watch{path: path, reserve: reserve, log: log}
}

// Free returns how many bytes may still be written to the file system of a path.
func Free(path string) (int64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", path, err)
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil
}

// Room returns kv.ErrNoSpace, with the figures, if the reserve would be touched by writing so many bytes.
func (w *Watch) Room(bytes int) error {
	free, err := Free(w.path)
	if err != nil {
		return err
	}
	if free-int64(bytes) >= w.reserve {
		if w.full.CompareAndSwap(true, false) {
			w.log.Warn("the disk has room again, writing goes on", "path", w.path, "free", free, "reserve", w.reserve)
		}
		return nil
	}
	if w.full.CompareAndSwap(false, true) {
		w.log.Warn("the disk is nearly full, nothing is written until it has room", "path", w.path, "free", free, "reserve", w.reserve)
	}
	const mib = 1 << 20
	return fmt.Errorf("%w: %d MiB are free, and %d MiB are kept free", kv.ErrNoSpace, free/mib, w.reserve/mib)
}

// Writer passes on to out what there is room for, and returns Room's error for what there is not.
func (w *Watch) Writer(out io.Writer) io.Writer { return watched{w, out} }

type watched struct {
	watch *Watch
	out   io.Writer
}

func (w watched) Write(p []byte) (int, error) {
	if err := w.watch.Room(len(p)); err != nil {
		return 0, err
	}
	return w.out.Write(p)
}

// Shared reports whether two paths lie on the same file system, so that what one takes the other lacks.
func Shared(a, b string) (bool, error) {
	var one, other syscall.Stat_t
	if err := syscall.Stat(a, &one); err != nil {
		return false, fmt.Errorf("the file system of %s: %w", a, err)
	}
	if err := syscall.Stat(b, &other); err != nil {
		return false, fmt.Errorf("the file system of %s: %w", b, err)
	}
	return one.Dev == other.Dev, nil
}
