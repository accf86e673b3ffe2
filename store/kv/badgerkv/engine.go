package badgerkv

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/musterhq/muster/store/kv"
)

// tries is how often an Update runs before it gives up.
const tries = 10

// ErrFailed is returned by every Update after one whose commit failed for a reason of the disk's. What became of it only a
// new start can tell, so nothing is written on top of it; what was committed before can still be read.
var ErrFailed = errors.New("a write failed, and none is made until the next start")

// Engine is a kv.Engine over a Badger database. Besides what exceeds the limits it refuses an empty key and, in
// Set, Delete and Add, keys that begin with "!badger!" or are commitKey.
//
// Badger leaves the numbering of commits to the engine, which has four uses for that. Commits that wait for the disk at the
// same time become one (see committer), which adds up what they add to sums (see batch). Each has the number after the one before
// it, so that a gap tells a loss (see examine). And a snapshot is taken of the last commit that is durable, without waiting for the one that is being synced.
type Engine struct {
	db      *badger.DB
	mark    *commitMarker
	room    func(bytes int) error // nil: there is always room
	unlock  func() error          // nil in memory
	close   func() error
	closed  func() error // what is left to do once Badger is closed, before unlock; nil in memory
	seed    maphash.Seed // of the fingerprints of keys
	commits committer
	memory  *valueCache

	mu      sync.Mutex
	closing bool           // nothing begins once it is set
	running sync.WaitGroup // counts each View and Update; raised under mu only
	last    uint64         // the number of the last durable commit
	views   snapshots      // the snapshots of running Views
	updates snapshots      // and those of the tries of running Updates
	failed  error          // ErrFailed with its cause
}

var _ kv.Engine = (*Engine)(nil)

func newEngine(db *badger.DB) *Engine {
	e := &Engine{db: db, seed: maphash.MakeSeed(), last: db.MaxVersion(), memory: newMemory(db.MaxVersion())}
	e.commits = committer{engine: e, conflicts: conflictIndex{newest: map[uint64]uint64{}}}
	db.SetDiscardTs(e.last)
	endPool := withoutPool(db)
	e.close = sync.OnceValue(func() error {
		e.mu.Lock()
		e.closing = true
		e.mu.Unlock()
		e.running.Wait()
		if e.hasRoom(0) != nil {
			// Badger would write a table, and find no room for its pages. All that it would hold is in the log, for the
			// next start; the lock stays until the end of the process.
			return e.mark.close()
		}
		err := errors.Join(e.db.Close(), e.mark.close())
		endPool()
		if e.closed != nil && err == nil {
			err = e.closed()
		}
		if e.unlock != nil {
			err = errors.Join(err, e.unlock())
		}
		return err
	})
	return e
}

// marks reports whether the store has ever been marked.
func (e *Engine) marks() (bool, error) {
	tx := e.db.NewTransactionAt(e.last, false)
	defer tx.Discard()
	_, err := tx.Get(commitKey)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Close is kv.Engine's; on a full disk it leaves the files as the death of the process would. From its call on nothing begins, not even an Update inside a running one, or Close would wait
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

// pin takes a snapshot of the last durable commit, which stays readable until release.
func (e *Engine) pin(in *snapshots) uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	in.hold(e.last)
	return e.last
}

func (e *Engine) release(in *snapshots, snapshot uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	in.release(snapshot)
}

// View is kv.Engine's.
func (e *Engine) View(ctx context.Context, fn func(kv.Reader) error) error {
	if err := e.begin(); err != nil {
		return err
	}
	defer e.running.Done()
	if err := ctx.Err(); err != nil {
		return err
	}
	snapshot := e.pin(&e.views)
	defer e.release(&e.views, snapshot)
	r := newReader(ctx, e, snapshot, false)
	defer r.end()
	return fn(r)
}

// Update is kv.Engine's. It protects more than it has to: keys that a scan came across count as read.
func (e *Engine) Update(ctx context.Context, fn func(kv.Txn) error) error {
	if err := e.begin(); err != nil {
		return err
	}
	defer e.running.Done()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := e.hasRoom(0); err != nil {
		return err
	}
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
	snapshot := e.pin(&e.updates)
	defer e.release(&e.updates, snapshot)
	t := newTxn(ctx, e, snapshot)
	defer t.end()
	if err := fn(t); err != nil {
		return false, err
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	t.retire()
	if err := t.mixed(); err != nil || t.size() == 0 {
		return false, err
	}
	return e.commits.commit(t)
}

// hasRoom returns why so much may not be written now, nil if it may.
func (e *Engine) hasRoom(bytes int) error {
	if e.room == nil {
		return nil
	}
	return e.room(bytes)
}

// fail stops all writing for good.
func (e *Engine) fail(cause error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failed == nil {
		e.failed = fmt.Errorf("%w: %w", ErrFailed, cause)
	}
	return e.failed
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
