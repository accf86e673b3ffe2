package store

import (
	"context"
	"sync"
	"time"
)

// ruleWork wakes KeepRules when there is something to do.
type ruleWork struct{ marked, queued bell }

func newRuleWork() ruleWork { return ruleWork{marked: make(bell, 1), queued: make(bell, 1)} }

// bell is rung by whoever has left work, and heard by whoever does it. To ring one that rings already is to ring it once.
type bell chan struct{}

func (b bell) ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// ring rings a bell once the transaction is committed.
func (tx *Tx) ring(b bell) {
	if tx.rings != nil {
		*tx.rings = append(*tx.rings, b)
	}
}

// How KeepRules waits: a moment after the bell, so that changes which come together are looked at together, and in any
// case not longer than a try that failed can wait.
const (
	afterTheBell   = 20 * time.Millisecond
	withoutTheBell = 5 * time.Second
)

// KeepRules keeps the members of all Smart Rules up to date, and processes those that are queued, until ctx ends.
func KeepRules(ctx context.Context, db *DB) {
	var both sync.WaitGroup
	both.Go(func() { db.keep(ctx, db.rules.marked, RefreshRules) })
	both.Go(func() { db.keep(ctx, db.rules.queued, ProcessQueuedRules) })
	both.Wait()
}

func (db *DB) keep(ctx context.Context, rung bell, work func(context.Context, *DB) error) {
	for ctx.Err() == nil {
		if err := work(ctx, db); err != nil && ctx.Err() == nil {
			db.log.ErrorContext(ctx, "smart rules", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(withoutTheBell):
		case <-rung:
			time.Sleep(afterTheBell)
		}
	}
}
