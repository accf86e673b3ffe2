package runner

import (
	"context"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/store"
)

// RunRecords runs the next import of the queue on records instead of a file, in batches of about so many writes. All that is left
// out is the process of an importer. An error leaves the import as a killed server leaves it.
func (r *Runner) RunRecords(ctx context.Context, records []plugins.Record, writes int) error {
	job, err := store.Update(ctx, r.DB, store.System("imports"), func(tx *store.Tx) (*store.Job, error) {
		return store.TakeImport(tx, r.name, lease, r.turn)
	})
	if err != nil {
		return err
	}
	i := r.newRunning(job)
	i.room = writes
	if err := i.begin(ctx); err != nil {
		return err
	}
	for _, record := range records {
		if err := i.take(ctx, record.Normalized()); err != nil {
			_ = i.settleAll()
			return err
		}
	}
	if err := i.finish(ctx); err != nil {
		_ = i.settleAll()
		return err
	}
	return i.end(ctx, nil)
}
