package runner

import (
	"iter"
	"sync/atomic"

	"github.com/musterhq/muster/store"
)

// counts are of the hosts that all imports have brought in since the runner was made. A host that an interrupted import
// brings in again counts again.
type counts struct{ created, updated, unchanged, skipped, filtered atomic.Int64 }

// add adds what came of a batch.
func (c *counts) add(of store.ImportCounts) {
	if of.Read == 0 {
		return // Names that have moved: a host that they change was counted as unchanged, and these counts never go down.
	}
	c.created.Add(int64(of.Created))
	c.updated.Add(int64(of.Updated))
	c.unchanged.Add(int64(of.Unchanged))
	c.skipped.Add(int64(of.Skipped))
	c.filtered.Add(int64(of.Filtered))
}

// Counts yields how many hosts importers have found since the runner was made, by what became of them.
func (r *Runner) Counts() iter.Seq2[string, int64] {
	return func(yield func(string, int64) bool) {
		_ = yield("created", r.counts.created.Load()) && yield("updated", r.counts.updated.Load()) && yield("unchanged", r.counts.unchanged.Load()) &&
			yield("skipped", r.counts.skipped.Load()) && yield("filtered", r.counts.filtered.Load())
	}
}
