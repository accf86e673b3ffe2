package runner

import (
	"context"
	"sync"

	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// write is one batch on its way into the store.
//
// While it waits for the disk, the next one does its work, and the importer is listened to all the time. The work of two is not done at
// once, unless they come upon the same host and one has to run again: so ids are given in the order of the file.
type write struct {
	batch
	writer int           // whose tally it adds to
	read   int           // bytes of the file since the write before
	host   store.Outcome // of the host that the write before has begun

	worked chan struct{} // closed once its work was done for the first time
	over   chan struct{} // closed once it is in the store, or never will be
	came   *progress
	err    error
}

// flush hands what was gathered to a transaction of its own, once there is a writer for it. The error is that of an earlier one,
// after which nothing more is written.
func (i *running) flush(ctx context.Context) error {
	if len(i.batch.parts) == 0 {
		return nil
	}
	for len(i.writes) == store.ImportWriters || i.splits() {
		if err := i.settle(); err != nil {
			return err
		}
	}
	if n := len(i.writes); n > 0 {
		<-i.writes[n-1].worked
	}
	read := int(i.read.Load())
	w := &write{batch: i.batch, writer: i.next, read: read - i.told, host: i.host, worked: make(chan struct{}), over: make(chan struct{})}
	i.writes, i.next, i.told, i.host = append(i.writes, w), (i.next+1)%store.ImportWriters, read, store.Unchanged
	i.batch, i.spare = batch{parts: i.spare}, nil
	go func() {
		defer close(w.over)
		worked := sync.OnceFunc(func() { close(w.worked) })
		defer worked()
		w.came, w.err = i.write(ctx, w, worked)
	}()
	return nil
}

// splits reports whether the last host of the last write goes on in the next one, which needs to know what came of it.
func (i *running) splits() bool {
	if len(i.writes) == 0 {
		return false
	}
	last := i.writes[len(i.writes)-1]
	return last.parts[len(last.parts)-1].more
}

// write brings a batch into the store together with the progress that it is.
func (i *running) write(ctx context.Context, w *write, worked func()) (*progress, error) {
	return store.Update(record.Impatient(ctx), i.DB, store.System("imports"), func(tx *store.Tx) (*progress, error) {
		defer worked()
		if err := i.holds(tx); err != nil {
			return nil, err
		}
		im, err := store.Imports.Get(tx, i.about.ImportID)
		if err != nil {
			return nil, err
		}
		poster, err := store.PosterOf(tx, im)
		if err != nil {
			return nil, err
		}
		p := &progress{poster: poster, ImportCounts: store.ImportCounts{BytesRead: w.read}, workgroup: im.WorkgroupID, warnings: im.Warnings, host: w.host}
		for _, part := range w.parts {
			if err := i.upsert(tx.As(poster.Actor), p, part); err != nil {
				return nil, err
			}
		}
		if len(p.warnings) > len(im.Warnings) {
			im.Warnings = p.warnings
			if err := store.Imports.Put(tx, im); err != nil {
				return nil, err
			}
		}
		return p, store.Tally(tx, im.ImportID, w.writer, p.ImportCounts)
	})
}

// settle waits for the oldest write and counts what came of it.
func (i *running) settle() error {
	w := i.writes[0]
	i.writes = i.writes[1:]
	<-w.over
	clear(w.parts) // passwords are not kept for longer than it takes
	i.spare = w.parts[:0]
	if w.err != nil {
		return w.err
	}
	i.host = w.came.host
	i.total.Add(w.came.ImportCounts)
	i.counts.add(w.came.ImportCounts)
	i.learn(w.came)
	return nil
}

// settleAll waits for what is being written and returns the first error.
func (i *running) settleAll() (first error) {
	for len(i.writes) > 0 {
		if err := i.settle(); first == nil {
			first = err
		}
	}
	return first
}
