package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// errTaken stops an import that is no longer this worker's.
var errTaken = errors.New("the import was canceled, or another worker has taken it")

// running is one import while it runs.
type running struct {
	*Runner
	job    *store.Job
	file   string
	filter *store.ImportFilter
	about  *store.Import // as it was when it began
	read   atomic.Int64  // bytes of the file

	batch  batch
	spare  []part             // of an earlier batch, empty
	writes []*write           // under way, the oldest first
	next   int                // the writer whose turn it is
	told   int                // of the bytes read, those that a write has told of
	host   store.Outcome      // of the host whose first parts are in the store, if there are more
	total  store.ImportCounts // of what is in the store

	room      int              // the writes of a batch
	names     names            // who is to have which name
	unchanged map[int]struct{} // the assets of hosts that were counted as unchanged

	warnings   []string // of the importer
	functional int      // functional accounts that it has found
}

func (r *Runner) newRunning(job *store.Job) *running {
	return &running{Runner: r, job: job, room: batchWrites, unchanged: map[int]struct{}{}}
}

// run runs one import from its beginning: counts start again, and hosts that an interrupted run has brought in are
// found unchanged. The error is only what is no matter of the import itself.
func (r *Runner) run(ctx context.Context, job *store.Job) error {
	i := r.newRunning(job)
	if err := i.begin(ctx); err != nil {
		return err
	}
	work, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer r.stoppable(job.Subject, cancel)()
	go i.keepLease(work, cancel)
	failed := i.permitted(work)
	if failed == nil {
		failed = i.feed(work)
	}
	switch {
	case errors.Is(context.Cause(work), errTaken), errors.Is(failed, errTaken):
		return errTaken
	case errors.Is(failed, store.ErrNoSpace) && ctx.Err() == nil:
		// Its importer has a time limit, so it does not wait with it; the queue does, until this can be written.
		return store.Change(ctx, r.DB, store.System("imports"), func(tx *store.Tx) error { return store.ReturnImport(tx, job) })
	case ctx.Err() != nil:
		// The server stops; the next one goes on. ctx is over, so this write has a moment of its own.
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return store.Change(last, r.DB, store.System("imports"), func(tx *store.Tx) error { return store.ReturnImport(tx, job) })
	}
	return i.end(ctx, failed)
}

func (i *running) begin(ctx context.Context) (err error) {
	i.about, err = store.Update(ctx, i.DB, store.System("imports"), func(tx *store.Tx) (*store.Import, error) {
		if err := i.holds(tx); err != nil {
			return nil, err
		}
		im, file, err := store.BeginImport(tx, i.job)
		i.file = file
		return im, err
	})
	return err
}

// permitted returns an error if whoever posted the import may not import any more, or not with its Filter. Each batch asks again for
// the former; of an address group counts what it has when the import starts.
func (i *running) permitted(ctx context.Context) (err error) {
	i.filter, err = store.View(ctx, i.DB, store.System("imports"), func(tx *store.Tx) (*store.ImportFilter, error) {
		poster, err := store.PosterOf(tx, i.about)
		if err != nil {
			return nil, err
		}
		return store.ImportFilterOf(tx.As(poster.Actor), i.about.Filter)
	})
	return err
}

func (i *running) keepLease(ctx context.Context, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := store.Change(ctx, i.DB, store.System("imports"), func(tx *store.Tx) error { return record.Extend(tx, i.job, lease) })
		if errors.Is(err, store.ErrBusy) || errors.Is(err, store.ErrNotFound) {
			cancel(errTaken)
		}
	}
}

// holds returns errTaken if the import is no longer this worker's.
func (i *running) holds(tx *store.Tx) error {
	err := record.Holds(tx, i.job)
	if errors.Is(err, store.ErrBusy) || errors.Is(err, store.ErrNotFound) {
		return errTaken
	}
	return err
}

// feed sends the file through its importer; the error is why the import failed.
func (i *running) feed(ctx context.Context) error {
	f, err := os.Open(filepath.Join(i.Folder, i.file))
	if err != nil {
		return errors.New("the spooled file is gone")
	}
	defer f.Close()
	began := time.Now()
	failed := false
	report, err := i.Host.Import(ctx, i.about.ImportType, string(i.about.FileName), counted{f, &i.read}, func(record plugins.Record) error {
		err := i.take(ctx, record)
		failed = err != nil
		return err
	})
	i.warnings = report.Warnings
	if report.WarningsDropped > 0 {
		i.warnings = append(i.warnings, fmt.Sprintf("and %d more warnings", report.WarningsDropped))
	}
	if more := i.functional - plugins.MaxFunctionalAccounts; more > 0 {
		i.warnings = append(i.warnings, fmt.Sprintf("a file has at most %d functional accounts: %d more are left out", plugins.MaxFunctionalAccounts, more))
	}
	if failed { // a batch could not be stored: err says so, and it is not tried again
		_ = i.settleAll()
	} else {
		err = errors.Join(err, i.finish(ctx))
	}
	i.Log.Info("import ended", "import", i.about.ImportID, "type", i.about.ImportType, "process", report.PID, "hosts", i.total.Read,
		"took", time.Since(began).Round(time.Millisecond), "failed", err != nil)
	return err
}

type counted struct {
	io.Reader
	n *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// end writes what became of the import and removes its file.
func (i *running) end(ctx context.Context, failed error) error {
	file, err := store.Update(ctx, i.DB, store.System("imports"), func(tx *store.Tx) (string, error) {
		if err := i.holds(tx); err != nil {
			return "", err
		}
		ended, err := store.ImportByID(tx, i.about.ImportID)
		if err != nil {
			return "", err
		}
		ended.State, ended.BytesRead = store.ImportDone, int(i.read.Load())
		if failed != nil {
			ended.State, ended.Error = store.ImportFailed, store.Text(plugins.Sentence(failed.Error()))
		}
		ended.Warnings = allWarnings(i.warnings, ended.Warnings)
		return store.EndImport(tx, ended, i.job)
	})
	if err == nil {
		i.Discard(file)
	}
	return err
}

// allWarnings are those of the importer and then those of the batches, as far as so many are kept.
func allWarnings(importer, batches []string) []string {
	all := append([]string{}, importer...)
	for _, text := range batches {
		if !slices.Contains(importer, text) {
			all = append(all, text)
		}
	}
	if len(all) > store.MaxWarnings {
		all = append(all[:store.MaxWarnings-1], "and more")
	}
	return all
}
