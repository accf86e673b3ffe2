package store

import (
	"context"
	"math"
	"sync"
	"time"
)

// ruleWork is what KeepRules has to do.
type ruleWork struct {
	queued  bell // there are rules to process
	refresh bell // there are marked assets to look at

	mu          sync.Mutex
	first, last int // the ids between which they lie: marks that were taken away are slow to step over
}

// noAsset is behind all ids.
const noAsset = math.MaxInt

// newRuleWork is the work of a store that was just opened: whatever an earlier process left may be anywhere.
func newRuleWork() *ruleWork {
	return &ruleWork{queued: make(bell, 1), refresh: make(bell, 1), last: noAsset - 1}
}

// marked notes that an asset was marked.
func (w *ruleWork) marked(assetID int) {
	w.put(assetID, assetID)
	w.refresh.ring()
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

// bell is rung by whoever leaves work, and heard by whoever does it.
type bell chan struct{}

func (b bell) ring() {
	select {
	case b <- struct{}{}:
	default: // it rings already
	}
}

// How KeepRules and KeepSwept wait: a moment after the bell, so that changes which come together are looked at together, and in any
// case not longer than a try that failed can wait.
const (
	afterTheBell   = 20 * time.Millisecond
	withoutTheBell = 5 * time.Second
)

// KeepRules keeps the members of all Smart Rules up to date, and processes those that are queued, until ctx ends.
func KeepRules(ctx context.Context, db *DB) {
	var both sync.WaitGroup
	both.Go(func() { db.keep(ctx, "smart rules", db.rules.refresh, RefreshRules) })
	both.Go(func() { db.keep(ctx, "smart rules", db.rules.queued, ProcessQueuedRules) })
	both.Wait()
}

// KeepSwept clears away what deleted records left, soon after each deletion, until ctx ends. It begins with what an earlier
// process did not come to.
func KeepSwept(ctx context.Context, db *DB) { db.keep(ctx, "sweep", db.sweeps, Sweep) }

// keep does some work whenever the bell rings, and tells the log of what fails.
func (db *DB) keep(ctx context.Context, name string, rung bell, work func(context.Context, *DB) error) {
	for ctx.Err() == nil {
		if err := work(ctx, db); err != nil && ctx.Err() == nil {
			db.log.ErrorContext(ctx, name, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(withoutTheBell):
		case <-rung:
			time.Sleep(afterTheBell)
		}
	}
}
