package store

import (
	"context"
	"math"
	"sync"

	"github.com/musterhq/muster/store/record"
)

// ruleWork is what KeepRules has to do.
type ruleWork struct {
	queued  record.Signal // there are rules to process
	refresh record.Signal // there are marked assets to look at

	mu          sync.Mutex
	first, last int // the ids between which they lie: marks that were taken away are slow to step over
}

// noAsset is behind all ids.
const noAsset = math.MaxInt

// newRuleWork is the work of a store that was just opened: whatever an earlier process left may be anywhere.
func newRuleWork() *ruleWork {
	return &ruleWork{queued: make(record.Signal, 1), refresh: make(record.Signal, 1), last: noAsset - 1}
}

// marked notes that an asset was marked.
func (w *ruleWork) marked(assetID int) {
	w.put(assetID, assetID)
	w.refresh.Notify()
}

// put notes that there are marks among some ids.
func (w *ruleWork) put(first, last int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.first, w.last = min(w.first, first), max(w.last, last)
}

// take returns the ids between which there are marks and leaves none.
func (w *ruleWork) take() (first, last int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	first, last = w.first, w.last
	w.first, w.last = noAsset, 0
	return first, last
}

// KeepRules keeps the members of all Smart Rules up to date, and processes those that are queued, until ctx ends.
func KeepRules(ctx context.Context, db *DB) {
	keep := func(signal record.Signal, work func(context.Context, *DB) error) func() {
		return func() {
			record.Keep(ctx, db.Log(), "smart rules", signal, func(ctx context.Context) error { return work(ctx, db) })
		}
	}
	var both sync.WaitGroup
	both.Go(keep(db.rules.refresh, RefreshRules))
	both.Go(keep(db.rules.queued, ProcessQueuedRules))
	both.Wait()
}
