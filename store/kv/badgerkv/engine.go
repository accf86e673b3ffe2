package badgerkv

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/musterhq/muster/store/kv"
)

// tries is how often an Update runs before it gives up.
const tries = 10

// Engine is a kv.Engine over a Badger database. Besides what exceeds the limits it refuses an empty key and, in
// Set and Delete, keys that begin with "!badger!".
type Engine struct {
	db    *badger.DB
	close func() error

	mu      sync.Mutex
	closing bool           // Guarded by mu; nothing begins once it is set.
	running sync.WaitGroup // Counts each View and Update; raised under mu only.
}

var _ kv.Engine = (*Engine)(nil)

func newEngine(db *badger.DB) *Engine {
	e := &Engine{db: db}
	e.close = sync.OnceValue(func() error {
		e.mu.Lock()
		e.closing = true
		e.mu.Unlock()
		e.running.Wait()
		return e.db.Close()
	})
	return e
}

// Close is kv.Engine's. From its call on nothing begins, not even an Update inside a running one, or Close would wait
// for what waits for Close. A transaction must not call it. A second call waits for the first and returns its error.
func (e *Engine) Close() error { return e.close() }

// begin admits a transaction unless the engine is closing; the caller owes running.Done.
func (e *Engine) begin() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closing {
		return kv.ErrClosed
	}
	e.running.Add(1)
	return nil
}

// View is kv.Engine's. Before fn it waits for the commits that are being synced at that moment.
func (e *Engine) View(ctx context.Context, fn func(kv.Reader) error) error {
	if err := e.begin(); err != nil {
		return err
	}
	defer e.running.Done()
	if err := ctx.Err(); err != nil {
		return err
	}
	r := newReader(ctx, e.db, false)
	defer r.end()
	return fn(r)
}

// Update is kv.Engine's. It protects more than it has to: Badger counts the keys that a scan came across as read.
func (e *Engine) Update(ctx context.Context, fn func(kv.Txn) error) error {
	if err := e.begin(); err != nil {
		return err
	}
	defer e.running.Done()
	for try := range tries {
		if err := pause(ctx, try); err != nil {
			return err
		}
		if conflict, err := e.try(ctx, fn); !conflict {
			return err
		}
	}
	return kv.ErrBusy
}

// try runs fn once and commits. A conflict is not told by an error, so that none of fn's can be mistaken for it.
func (e *Engine) try(ctx context.Context, fn func(kv.Txn) error) (conflict bool, err error) {
	t := &txn{newReader(ctx, e.db, true)}
	defer t.end()
	if err := fn(t); err != nil {
		return false, err
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	switch err := t.commit(); {
	case errors.Is(err, badger.ErrConflict):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("commit: %w", err)
	}
	return false, nil
}

// pause comes before every try: none before the first, about 1 ms before the second, then twice as long each time,
// half a second in all. Rivals part because up to two thirds of a pause are chance.
func pause(ctx context.Context, try int) error {
	if try == 0 {
		return ctx.Err()
	}
	wait := time.Millisecond << (try - 1)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait/2 + rand.N(wait)):
		return nil
	}
}
