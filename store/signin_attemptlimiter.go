package store

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/musterhq/muster/authz"
)

// attemptLimiter bounds how many attempts to sign in are checked at once: for each account and each address, as many as
// failures are left. If all of them fail, the rest is not checked. If they succeed, the rest gets its turn.
type attemptLimiter struct {
	mu      sync.Mutex
	waiters map[string]*attempts // by what is counted; there while somebody is in it
}

// line are the tries for one account, or from one address.
type attempts struct {
	underway int
	waiting  []chan struct{} // the first is woken first
}

// gatePatience is how long a try waits for its turn.
const attemptPatience = 2 * time.Second

// enter waits until a try for a key may be checked, and reports whether it may: false means that the key is locked. left says how
// many failures the key has left. Whoever entered must leave. It returns authz.ErrTooMany after two seconds.
func (g *attemptLimiter) enter(ctx context.Context, key string, left func() (int, error)) (bool, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, attemptPatience, authz.ErrTooMany)
	defer cancel()
	for {
		turn, entered, err := g.tryEnter(key, left)
		if turn == nil {
			return entered, err
		}
		select {
		case <-turn:
		case <-ctx.Done():
			g.giveUp(key, turn)
			return false, context.Cause(ctx)
		}
	}
}

// tryEnter enters, or returns what is closed when it is time to try again.
func (g *attemptLimiter) tryEnter(key string, left func() (int, error)) (turn chan struct{}, entered bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, err := left()
	l := g.waiters[key]
	if l == nil {
		l = &attempts{}
	}
	switch {
	case err != nil, n == 0:
		l.wake(len(l.waiting)) // they will find the same
		g.tidy(key)
		return nil, false, err
	case l.underway < n:
		l.underway++
		g.waiters[key] = l
		return nil, true, nil
	}
	turn = make(chan struct{})
	l.waiting = append(l.waiting, turn)
	return turn, false, nil
}

// tidy takes away a line that nobody is in.
func (g *attemptLimiter) tidy(key string) {
	if l := g.waiters[key]; l != nil && l.underway == 0 && len(l.waiting) == 0 {
		delete(g.waiters, key)
	}
}

// leave ends a try, which must have counted its failure by now.
func (g *attemptLimiter) leave(key string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.waiters[key]
	l.underway--
	l.wake(1)
	g.tidy(key)
}

// giveUp takes a try out of its line. If it was its turn just now, it is the next one's.
func (g *attemptLimiter) giveUp(key string, turn chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.waiters[key]
	if l == nil {
		return
	}
	if i := slices.Index(l.waiting, turn); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	} else {
		l.wake(1)
	}
	g.tidy(key)
}

func (l *attempts) wake(n int) {
	for _, turn := range l.waiting[:min(n, len(l.waiting))] {
		close(turn)
	}
	l.waiting = l.waiting[min(n, len(l.waiting)):]
}

// responseTime knows how long a refusal takes for which a password was checked. Every other refusal waits until it has taken as long, so
// that the time tells nobody whether there is such a user, whether the key was right, or whether the account is locked.
type responseTime struct {
	measuring sync.Mutex
	mu        sync.Mutex
	took      []time.Duration // of the last refusals, a ring
	next      int
	noted     time.Time // when the last of them was
}

const (
	responsesKept     = 31 // refusals that the time is made of: many enough for one slow one not to matter
	responseAge       = time.Minute
	usualResponseTime = 50 * time.Millisecond // taken for the measure while the server is too busy to take it
)

// note is for a refusal after a check.
func (p *responseTime) note(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stale() {
		p.took, p.next = nil, 0 // the machine was another one then
	}
	p.noted = time.Now()
	if len(p.took) < responsesKept {
		p.took = append(p.took, d)
		return
	}
	p.took[p.next] = d
	p.next = (p.next + 1) % responsesKept
}

func (p *responseTime) stale() bool { return time.Since(p.noted) > responseAge }

// median is how long such a refusal takes at present, 0 if that is not known.
func (p *responseTime) median() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stale() {
		return 0
	}
	return slices.Sorted(slices.Values(p.took))[len(p.took)/2]
}

// await holds a refusal back that began at that moment. If no password was refused lately, it takes the measure by a check of its
// own, one for all who wait.
func (p *responseTime) await(ctx context.Context, hasher *authz.Hasher, began time.Time) {
	timer := time.NewTimer(p.measured(ctx, hasher) - time.Since(began))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (p *responseTime) measured(ctx context.Context, hasher *authz.Hasher) time.Duration {
	if d := p.median(); d != 0 {
		return d
	}
	p.measuring.Lock()
	defer p.measuring.Unlock()
	if d := p.median(); d != 0 {
		return d
	}
	start := time.Now()
	d := usualResponseTime
	if _, err := hasher.Check(ctx, hasher.Decoy(), ""); err == nil {
		d = time.Since(start)
	}
	p.note(d)
	return d
}
