package badgerkv

import "sync"

// What a group may hold, so that it fits a Badger transaction with room to spare. A larger transaction goes alone.
const (
	groupBytes  = 1 * mib
	groupWrites = 10_000
)

// committer makes durable what Updates have written. Badger syncs once for every transaction of its own, so those that wait
// become one: the first to come leads; what gathers while it waits for the disk is the next group, led by its own
// first. So a lone writer never waits for another goroutine, nobody waits for company, and each has its turn in order.
//
// Nothing else commits, and only one group at a time. So whether a member conflicts is known before anything is written: it does
// when a key that it has read was written by a commit after its snapshot, or by a member before it in its group.
type committer struct {
	engine    *Engine
	conflicts conflictIndex // The leader's.

	mu      sync.Mutex
	waiting []*request
	led     bool // somebody leads, or has been told to
}

// request is a transaction that waits to be committed.
type request struct {
	*txn
	done chan result // has room for one, so that a leader never waits for its members
}

// result is what becomes of a member.
type result struct {
	lead     bool // not settled: it is to lead the group that it is the first of
	conflict bool
	err      error
}

// commit returns once what the transaction wrote is durable, conflicts or fails.
func (c *committer) commit(t *txn) (conflict bool, err error) {
	m := &request{txn: t, done: make(chan result, 1)}
	c.mu.Lock()
	c.waiting = append(c.waiting, m)
	lead := !c.led
	c.led = true
	c.mu.Unlock()
	if lead {
		m.done <- result{lead: true}
	}
	v := <-m.done
	if v.lead {
		c.settle(c.take())
		c.pass()
		v = <-m.done
	}
	return v.conflict, v.err
}

// take takes the next group off the queue: what waits, in order, as far as it fits.
func (c *committer) take() []*request {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, bytes, writes := 0, 0, 0
	for _, m := range c.waiting {
		bytes += m.bytes
		writes += m.size()
		if n > 0 && (bytes > groupBytes || writes > groupWrites) {
			break
		}
		n++
	}
	group := c.waiting[:n:n]
	c.waiting = c.waiting[n:]
	return group
}

// pass hands the lead to the first of those that have gathered.
func (c *committer) pass() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		c.waiting, c.led = nil, false
		return
	}
	c.waiting[0].done <- result{lead: true}
}

// settle commits a group and tells each member what became of it.
func (c *committer) settle(group []*request) {
	bytes := 0
	for _, m := range group {
		bytes += m.bytes
	}
	number, err := c.next()
	if err == nil {
		err = c.engine.hasRoom(bytes)
	}
	if err != nil {
		tell(group, err)
		return
	}
	b := batch{engine: c.engine, number: number, alone: len(group) == 1}
	for _, m := range group {
		if v, admitted := c.admit(&b, m); !admitted {
			m.done <- v
		}
	}
	if len(b.members) > 0 {
		tell(b.members, c.write(&b))
	}
}

// admit takes a member into a batch, or returns what becomes of it instead.
func (c *committer) admit(b *batch, m *request) (v result, admitted bool) {
	if err := m.ctx.Err(); err != nil {
		return result{err: err}, false
	}
	if c.conflicts.conflicts(m.reads, m.snapshot) {
		return result{conflict: true}, false
	}
	if err := b.join(m); err != nil {
		return result{err: err}, false
	}
	c.conflicts.note(b.number, m.fingerprints())
	return result{}, true
}

func tell(members []*request, err error) {
	for _, m := range members {
		m.done <- result{err: err}
	}
}

// next returns the number of the next commit.
func (c *committer) next() (uint64, error) {
	c.engine.mu.Lock()
	defer c.engine.mu.Unlock()
	return c.engine.last + 1, c.engine.failed
}

// write makes a batch durable.
func (c *committer) write(b *batch) error {
	if err := b.commit(); err != nil {
		return c.engine.fail(err)
	}
	if err := c.engine.mark.set(b.number); err != nil {
		return c.engine.fail(err)
	}
	c.engine.memory.forget(b.number, b.members)
	c.publish(b.number)
	return nil
}

// publish lets new snapshots see a commit, and forgets what no running transaction can ask for.
func (c *committer) publish(number uint64) {
	e := c.engine
	e.mu.Lock()
	e.last = number
	updates := e.updates.oldest(number)
	oldest := e.views.oldest(updates)
	e.mu.Unlock()
	e.db.SetDiscardTs(oldest)
	c.conflicts.forget(updates)
}

// conflictIndex knows by which commit a key was last written, as far back as the oldest snapshot of a running Update. Keys are known
// by their fingerprints: two with the same one make a needless conflict at worst.
type conflictIndex struct {
	newest  map[uint64]uint64 // fingerprint → number of the commit
	commits []written         // in the order of their numbers; several have the number of their group
}

type written struct {
	number uint64
	keys   []uint64
}

func (l *conflictIndex) conflicts(reads []uint64, snapshot uint64) bool {
	if len(l.newest) == 0 {
		return false
	}
	for _, key := range reads {
		if l.newest[key] > snapshot {
			return true
		}
	}
	return false
}

func (l *conflictIndex) note(number uint64, keys []uint64) {
	for _, key := range keys {
		l.newest[key] = number
	}
	l.commits = append(l.commits, written{number, keys})
}

// forget drops the commits that every running Update has seen.
func (l *conflictIndex) forget(seen uint64) {
	n := 0
	for _, w := range l.commits {
		if w.number > seen {
			break
		}
		l.drop(w)
		n++
	}
	l.commits = l.commits[n:]
}

func (l *conflictIndex) drop(w written) {
	for _, key := range w.keys {
		if l.newest[key] == w.number {
			delete(l.newest, key)
		}
	}
}
