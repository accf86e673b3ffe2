package backup

import (
	"context"

	"github.com/musterhq/muster/store/kv"
)

// Loader writes the pairs of a backup into an engine, in batches.
type Loader struct {
	ctx    context.Context
	engine kv.Engine
	batch  []kv.Pair
	bytes  int
}

// NewLoader returns a loader into an engine, which should be empty.
func NewLoader(ctx context.Context, engine kv.Engine) *Loader {
	return &Loader{ctx: ctx, engine: engine}
}

// Add takes in a pair, whose slices are the loader's from then on.
func (l *Loader) Add(p kv.Pair) error {
	l.batch = append(l.batch, p)
	l.bytes += len(p.Key) + len(p.Value)
	if len(l.batch) < kv.MaxWrites && l.bytes < kv.MaxBytes {
		return nil
	}
	return l.Flush()
}

// Flush writes what was taken in last.
func (l *Loader) Flush() error {
	batch := l.batch
	l.batch, l.bytes = nil, 0
	if len(batch) == 0 {
		return nil
	}
	return l.engine.Update(l.ctx, func(tx kv.Txn) error {
		for _, p := range batch {
			if err := tx.Set(p.Key, p.Value); err != nil {
				return err
			}
		}
		return nil
	})
}
