// Package runner runs queued imports: a file through its importer, what that finds through the filter, and the hosts
// that remain into the assets of a Workgroup, in batches.
package runner

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/musterhq/muster/plugins/host"
	"github.com/musterhq/muster/store"
)

// lease is how long an import is the worker's without a word from it; it is extended three times as often.
const lease = 30 * time.Second

// pollEvery is how often the queue is looked at when nobody wakes the runner, for what was delayed.
const pollEvery = 5 * time.Second

// Options are what a Runner needs.
type Options struct {
	DB      *store.DB
	Host    *host.Host
	Folder  string       // for spooled files
	Workers int          // imports at the same time; 0: 2
	Log     *slog.Logger // nil: silent
}

// Runner takes imports from the queue and runs them.
type Runner struct {
	Options
	name string // by which it holds leases
	wake chan struct{}

	mu    sync.Mutex                      // guards what follows
	stops map[int]context.CancelCauseFunc // of the imports that run here
	turns map[int]int                     // by user, when their last import was taken
	taken int

	counts counts
}

// New makes the folder, gives imports that an earlier process held back to the queue, and removes files that no
// import names.
func New(ctx context.Context, o Options) (*Runner, error) {
	if o.Workers == 0 {
		o.Workers = 2
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Runner{Options: o, name: uuid.NewString(), wake: make(chan struct{}, o.Workers), stops: map[int]context.CancelCauseFunc{}, turns: map[int]int{}}
	if err := os.MkdirAll(o.Folder, 0o700); err != nil {
		return nil, err
	}
	named, err := store.Update(ctx, o.DB, store.System("imports"), store.ReclaimImports)
	if err != nil {
		return nil, fmt.Errorf("take over the queue of imports: %w", err)
	}
	entries, err := os.ReadDir(o.Folder)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if !named[entry.Name()] {
			r.Discard(entry.Name())
		}
	}
	return r, nil
}

// Wake tells one worker to look at the queue now. It never waits.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run runs imports until ctx ends; those that are running then go back to the queue.
func (r *Runner) Run(ctx context.Context) {
	var workers sync.WaitGroup
	for range r.Workers {
		workers.Go(func() { r.work(ctx) })
	}
	workers.Wait()
}

func (r *Runner) work(ctx context.Context) {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		for r.one(ctx) {
		}
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		case <-r.wake:
		}
	}
}

// one runs the import that waits longest and reports whether there was one.
func (r *Runner) one(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	job, err := store.Update(ctx, r.DB, store.System("imports"), func(tx *store.Tx) (*store.Job, error) {
		return store.TakeImport(tx, r.name, lease, r.turn)
	})
	if err != nil {
		if ctx.Err() == nil {
			r.Log.Error("take an import from the queue", "error", err)
		}
		return false
	}
	if job == nil {
		return false
	}
	r.took(job)
	switch err := r.run(ctx, job); {
	case errors.Is(err, errTaken):
		r.Log.Info("import given up", "import", job.Subject, "reason", err)
	case err != nil:
		r.Log.Error("import", "import", job.Subject, "error", err)
	}
	return true
}

// turn tells when the last import of a user was taken here.
func (r *Runner) turn(userID int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.turns[userID]
}

func (r *Runner) took(job *store.Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken++
	r.turns[job.UserID] = r.taken
}

// Stop ends the process of an import that was canceled, if it runs here.
func (r *Runner) Stop(importID int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if stop := r.stops[importID]; stop != nil {
		stop(errTaken)
	}
}

// stoppable lets Stop end an import until the function that it returns is called.
func (r *Runner) stoppable(importID int, stop context.CancelCauseFunc) (over func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stops[importID] = stop
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.stops, importID)
	}
}

// Spool keeps what fill writes, at most limit bytes, in a file of its own, synced, and returns its name and size. On any
// error, ErrNoSpace among them, nothing is kept.
func (r *Runner) Spool(limit int64, tooLarge error, fill func(io.Writer) error) (file string, size int, err error) {
	name := uuid.NewString()
	f, err := os.OpenFile(filepath.Join(r.Folder, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", 0, err
	}
	s := &spool{file: f, left: limit, tooLarge: tooLarge, room: r.DB.Room}
	w := bufio.NewWriterSize(s, spoolBuffer) // decoders write a few hundred bytes at a time
	if err = fill(w); err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = r.syncFolder()
	}
	if err != nil {
		r.Discard(name)
		return "", 0, err
	}
	return name, int(limit - s.left), nil
}

// syncFolder makes the name of a new file durable.
func (r *Runner) syncFolder() error {
	d, err := os.Open(r.Folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

const spoolBuffer = 64 << 10

// spool is a file that content is written to, with a limit.
type spool struct {
	file     *os.File
	left     int64
	tooLarge error
	room     func(bytes int) error
}

func (s *spool) Write(p []byte) (int, error) {
	if int64(len(p)) > s.left {
		return 0, s.tooLarge
	}
	if err := s.room(len(p)); err != nil {
		return 0, err
	}
	n, err := s.file.Write(p)
	s.left -= int64(n)
	return n, err
}

// Discard removes a spooled file.
func (r *Runner) Discard(file string) {
	if err := os.Remove(filepath.Join(r.Folder, filepath.Base(file))); err != nil && !errors.Is(err, os.ErrNotExist) {
		r.Log.Error("remove a spooled file", "error", err)
	}
}
